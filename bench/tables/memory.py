"""Memory of the launcher, of its peers, and of the primaries that Node programs have."""

import os
import pathlib
import shutil
import subprocess

from common.markdown import Bars, head, row, say
from common.processes import Cluster, Running, children, memory, name_of, until
from common.servers import NODE_PRIMARY, answers, free_port, node_version


def show(setting):
    head("Memory of the launcher with 4 workers", "", "RSS, MiB", "PSS, MiB", "bar")
    sleep = [shutil.which("sleep"), "1000"]

    def line(name, pid, limit=None):
        rss, pss = memory(pid)
        bar = Bars.check("memory", rss, limit, form="{:.0f} MiB") if limit else ""
        row(name, f"{rss:.1f}", f"{pss:.1f}", bar)

    with Cluster(setting.binary, ["-n", "4", "-p", "127.0.0.1:0"], sleep) as cluster:
        cluster.wait("up")
        line("`clusterize -n 4 -p …`", cluster.pid, 3)
        helpers = [pid for pid in children(cluster.pid) if name_of(pid) != "sleep"]
        for pid in helpers:
            line(f"its helper `{name_of(pid)}`", pid)

    for name, argv in (("`tini -s` (1 program)", ["tini", "-s", "--", *sleep]),
                       ("`dumb-init` (1 program)", ["dumb-init", *sleep])):
        if shutil.which(argv[0]) is None:
            row(name, "not installed", "", "")
            continue
        with Running(argv) as other:
            until(lambda: any(name_of(pid) == "sleep" for pid in children(other.pid)), argv[0])
            line(name, other.pid)

    node = shutil.which("node")
    if node is None:
        row("Node's cluster module", "not installed", "", "")
        return
    script = setting.directory / "primary.js"
    script.write_text(NODE_PRIMARY)
    port = free_port()
    # Workers that are still starting when their primary ends say so at length.
    with Running([node, script, 4, port], stderr=subprocess.DEVNULL) as other:
        until(lambda: len(children(other.pid)) == 4, "four workers of Node")
        until(lambda: answers(port), "an answer of Node's workers")
        line(f"Node {node_version(node)}, primary of its cluster module", other.pid)

    if setting.pm2:
        show_pm2(setting.directory, node, line)


def show_pm2(directory, node, line):
    say("installing PM2 into a temporary directory")
    subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix",
                    str(directory / "pm2"), "pm2"], check=True, stdout=subprocess.DEVNULL)
    command = directory / "pm2/node_modules/.bin/pm2"
    script = directory / "worker.js"
    script.write_text("require('http').createServer((q, r) => r.end('ok')).listen(+process.env.PORT)")
    port = free_port()
    environment = {**os.environ, "PM2_HOME": str(directory / "pm2-home"), "PORT": str(port)}

    def call(*words):
        return subprocess.run([node, command, *words], env=environment, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    try:
        call("start", script, "-i", "4")
        until(lambda: answers(port), "an answer of PM2's workers")
        line(f"PM2 {call('--version').split()[-1]}, its daemon",
             int((directory / "pm2-home/pm2.pid").read_text()))
    finally:
        call("kill")
