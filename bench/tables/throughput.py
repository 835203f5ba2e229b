"""Requests per second, bare and under clusterize."""

import contextlib
import statistics

from common.figures import Figures
from common.load import complete
from common.markdown import Bars, head, row
from common.servers import Bare, Clustered, NodeCluster, node_command, node_version
from common.tiers import RANDOM, SHARED, TIER_1, TIER_3, available

CLIENTS = 32


def compare(setting, arrangements, rounds, requests):
    """Requests per second of each, in turns; the first is what the others are compared with."""
    with contextlib.ExitStack() as stack:
        ports = [stack.enter_context(arrangement).port for arrangement in arrangements]
        for port in ports:
            complete(setting, port, requests=requests // 10, clients=CLIENTS)
        rates = [[] for _ in ports]
        for turn in range(rounds):
            for i in range(len(ports)):
                which = (i + turn) % len(ports)
                rates[which].append(complete(
                    setting, ports[which], requests=requests, clients=CLIENTS, seconds=2).rate)
    return [(statistics.median(of_one),
             statistics.median(mine / first for mine, first in zip(of_one, rates[0])))
            for of_one in rates]


def show(setting):
    rounds = 15 * setting.rounds
    head(f"Requests per second, a connection each, 32 at a time (medians of {rounds} rounds in "
         "turns)", "", "2 workers", "ratio", "4 workers", "ratio", "bar")
    tiers = available((TIER_1, TIER_3, RANDOM, SHARED))
    server = [setting.programs["Server"]]
    names = ["a server that calls `SO_REUSEPORT` itself, bare",
             *[f"the same under clusterize, {tier.name}" for tier in tiers]]
    results = [compare(setting, [Bare(server, workers),
                                 *[Clustered(setting, workers, tier, server) for tier in tiers]], rounds, 10000)
               for workers in (2, 4)]
    for i, name in enumerate(names):
        cells = [cell for of_n in results for cell in (f"{of_n[i][0]:.0f}", f"{of_n[i][1]:.2f}")]
        bar = ""
        if i > 0 and tiers[i - 1] is not SHARED:
            bar = Bars.check(f"throughput, {tiers[i - 1].name}", min(of_n[i][1] for of_n in results), 0.97,
                             at_most=False)
        row(name, *cells, bar)
    for workers, of_n in zip((2, 4), results):
        Figures.add("throughput", f"A connection per request, {workers} workers of Server.cxx, of the bare ones'",
                    "ratio", [("bare", 1, None),
                              *[(tier.name, ratio, 0.97 if tier is not SHARED else None)
                                for tier, (_, ratio) in zip(tiers, of_n[1:])]], at_least=True)

    node = node_command(setting)
    if node is None:
        row("Node", "not installed", "", "", "", "")
        return
    names = [f"Node {node_version(node[0])} http server under its cluster module",
             f"the same under clusterize, {tiers[0].name}"]
    results = [compare(setting, [NodeCluster(setting, workers), Clustered(setting, workers, tiers[0], node)],
                       max(rounds // 3, 3), 4000)
               for workers in (2, 4)]
    for i, name in enumerate(names):
        row(name, *[cell for of_n in results
                    for cell in (f"{of_n[i][0]:.0f}", f"{of_n[i][1]:.2f}")], "")
