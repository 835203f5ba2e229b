"""Who gets how much: connections over the workers of a Node program that knows of no cluster."""

import contextlib
import statistics

from common.figures import Figures
from common.load import complete
from common.markdown import Bars, head, multiple, row
from common.servers import Clustered, node_command, node_version
from common.tiers import ALL, TIER_1, TIER_2, TIER_3, available

CONNECTIONS = 20000
CLIENTS = 64
WORKERS = 8

# Most connections of a worker by the fewest of one.
MEDIANS = {TIER_1: 1.05, TIER_2: 1.005, TIER_3: 1.20}
WORST = {TIER_1: 1.10}
# Of another tier at least, and at most: requests per second, p99.
RATES = {TIER_1: (TIER_2, 0.95), TIER_3: (TIER_1, 0.85)}
DELAYS = {TIER_1: (TIER_2, 1.15)}


def measure(setting, command, tiers, rounds):
    """The loads of each tier, in turns."""
    found = {tier: [] for tier in tiers}
    with contextlib.ExitStack() as stack:
        clusters = [stack.enter_context(Clustered(setting, WORKERS, tier, command)) for tier in tiers]
        for cluster in clusters:
            complete(setting, cluster.port, requests=CONNECTIONS // 10, clients=CLIENTS)
        for turn in range(rounds):
            for i in range(len(clusters)):
                cluster = clusters[(i + turn) % len(clusters)]
                found[cluster.tier].append(
                    complete(setting, cluster.port, requests=CONNECTIONS, clients=CLIENTS))
    return found


def ratio(mine, others, figure):
    return statistics.median(figure(one) / figure(other) for one, other in zip(mine, others))


def p99(load):
    return load.percentile(99)


def bars(tier, found):
    """What the tier has to keep, as text."""
    uneven = [load.unevenness(WORKERS) for load in found[tier]]
    texts = []
    if tier in MEDIANS:
        texts.append("max/min " + Bars.check(f"shares of {tier.name}", statistics.median(uneven), MEDIANS[tier],
                                             form="{:.3f}"))
    if tier in WORST:
        texts.append("worst " + Bars.check(f"worst share of {tier.name}", max(uneven), WORST[tier]))
    for what, limits, figure, at_most in (("requests/s", RATES, lambda load: load.rate, False),
                                          ("p99", DELAYS, p99, True)):
        other, limit = limits.get(tier, (None, None))
        if other in found:
            value = ratio(found[tier], found[other], figure)
            texts.append(f"{what} {value:.2f} of {other.short}'s " +
                         Bars.check(f"{what} of {tier.name}", value, limit, at_most=at_most))
    return "; ".join(texts)


def show(setting):
    rounds = 5 * setting.rounds
    command = node_command(setting)
    title = f"{CONNECTIONS:,} connections, {CLIENTS} at a time, {WORKERS} workers of Node's http server"
    if command is None:
        head(title, "")
        row("Node is not installed")
        return
    head(f"{title} {node_version(command[0])} (medians of {rounds} rounds in turns)", "", "max/min", "worst round",
         "requests/s", "p50, ms", "p99, ms", "bar")
    tiers = available()
    found = measure(setting, command, tiers, rounds)
    for tier in ALL:
        if tier not in found:
            row(tier.name, *["–"] * 5, "not to be had here")
            continue
        loads = found[tier]
        uneven = [load.unevenness(WORKERS) for load in loads]
        row(tier.name, multiple(statistics.median(uneven), "{:.3f}"), multiple(max(uneven), "{:.3f}"),
            f"{statistics.median(load.rate for load in loads):.0f}",
            *[f"{statistics.median(load.percentile(percent) for load in loads):.1f}" for percent in (50, 99)],
            bars(tier, found))
    Figures.add("shares", f"{title}: most of a worker by the fewest of one", "max/min",
                [(tier.name, [load.unevenness(WORKERS) for load in found[tier]], MEDIANS.get(tier))
                 for tier in tiers])
    Figures.add("shares", "Answers", "per second",
                [(tier.name, [load.rate for load in found[tier]], None) for tier in tiers])
    Figures.add("shares", "99 of 100 answered within", "ms",
                [(tier.name, [p99(load) for load in found[tier]], None) for tier in tiers])
