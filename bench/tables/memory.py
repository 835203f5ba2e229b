"""Memory of the launcher, of its peers, and of the primaries that Node programs have."""

import shutil

from common.figures import Figures
from common.markdown import Bars, head, row
from common.peers import Pm2
from common.processes import Cluster, Running, children, family, memory, name_of, until
from common.servers import NodeCluster, node_version


def show(setting):
    head("Memory of the launcher with 4 workers", "", "RSS, MiB", "PSS, MiB", "bar")
    sleep = [shutil.which("sleep"), "1000"]
    figures = []

    def line(name, pid, limit=None):
        rss, pss = memory(pid)
        bar = Bars.check("memory", rss, limit, form="{:.0f} MiB") if limit else ""
        row(name, f"{rss:.1f}", f"{pss:.1f}", bar)
        figures.append((name, rss, limit))

    with Cluster(setting.binary, ["-n", "4", "-p", "127.0.0.1:0"], sleep) as cluster:
        cluster.wait("up")
        line("`clusterize -n 4 -p …`", cluster.pid, 3)
        for pid in family(cluster.pid)[1:]:
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
    else:
        with NodeCluster(setting, 4) as other:
            line(f"Node {node_version(node)}, primary of its cluster module", other.pid)

    if setting.pm2 and node is not None:
        pm2 = Pm2(setting, 4)
        with pm2:
            line(f"PM2 {pm2.version()}, its daemon", pm2.pid)
    Figures.add("memory", "The launcher and its peers with 4 workers, resident", "MiB", figures)
