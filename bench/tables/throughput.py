"""Requests per second, bare and under clusterize."""

import contextlib
import shutil
import statistics
import subprocess
import sys

from common.markdown import Bars, head, row
from common.servers import NODE_PRIMARY, NODE_SERVER, Bare, Clustered, NodeCluster, node_version


def rate(load, port, requests, seconds):
    output = subprocess.run([str(load), str(port), str(requests), "32", str(seconds)],
                            stdout=subprocess.PIPE, check=True).stdout.decode().split()
    if output[1] != "0":
        sys.exit(f"bench/run: {output[1]} requests failed")
    return float(output[0])


def compare(load, arrangements, rounds, requests, seconds):
    """Requests per second of each, in turns; the first is what the others are compared with."""
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(arrangement).port for arrangement in arrangements]
        for port in ports:
            rate(load, port, requests // 10, seconds)
        rates = [[] for _ in ports]
        for turn in range(rounds):
            for i in range(len(ports)):
                which = (i + turn) % len(ports)
                rates[which].append(rate(load, ports[which], requests, seconds))
    return [(statistics.median(of_one),
             statistics.median(mine / first for mine, first in zip(of_one, rates[0])))
            for of_one in rates]


def show(setting):
    rounds = 15 * setting.rounds
    head(f"Requests per second, a connection each, 32 at a time (medians of {rounds} rounds in "
         "turns)", "", "2 workers", "ratio", "4 workers", "ratio", "bar")
    server = setting.programs["Server"]
    names = ["a server that calls `SO_REUSEPORT` itself, bare",
             "the same under clusterize, `--balance random`",
             "the same under clusterize, `--balance none`"]
    results = [compare(setting.programs["Load"],
                       [Bare(server, workers), Clustered(setting.binary, workers, "random", [server]),
                        Clustered(setting.binary, workers, "none", [server])], rounds, 10000, 2)
               for workers in (2, 4)]
    for i, name in enumerate(names):
        cells = [cell for of_n in results for cell in (f"{of_n[i][0]:.0f}", f"{of_n[i][1]:.2f}")]
        bar = ""
        if i == 1:
            bar = Bars.check("throughput", min(of_n[i][1] for of_n in results), 0.97, at_most=False)
        row(name, *cells, bar)

    node = shutil.which("node")
    if node is None:
        row("Node", "not installed", "", "", "", "")
        return
    primary, worker = setting.directory / "primary.js", setting.directory / "server.js"
    primary.write_text(NODE_PRIMARY)
    worker.write_text(NODE_SERVER)
    names = [f"Node {node_version(node)} http server under its cluster module",
             "the same under clusterize, `--balance random`"]
    results = [compare(setting.programs["Load"],
                       [NodeCluster(node, primary, workers),
                        Clustered(setting.binary, workers, "random", [node, worker])],
                       max(rounds // 3, 3), 4000, 2)
               for workers in (2, 4)]
    for i, name in enumerate(names):
        row(name, *[cell for of_n in results
                    for cell in (f"{of_n[i][0]:.0f}", f"{of_n[i][1]:.2f}")], "")
