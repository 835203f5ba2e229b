"""What others feel of a worker that does not come to its connections: one in a loop, and some slow requests."""

import contextlib
import os
import signal
import statistics

from common.figures import Figures
from common.load import complete, load
from common.markdown import Bars, head, row
from common.servers import NODE_SERVER, Clustered, node_command
from common.tiers import ALL, TIER_1, TIER_3, available

WORKERS = 4
RATE = 400

LOOP = 2  # seconds
BUSY_SERVER = f"""
process.on('SIGUSR2', () => {{
    for (const end = Date.now() + {LOOP * 1000}; Date.now() < end;);
}});
{NODE_SERVER}"""
LOOP_BARS = {TIER_1: 50, TIER_3: 100}  # ms, p99 of the others

SLOW = 5  # of a hundred requests sleep for 50 ms
SLOW_REQUESTS = 2000
SLOW_BARS = {TIER_1: 10}  # ms, p90 of the others


def in_loop(setting, command, tier):
    """Lost requests, and p99 of what the other workers have answered, during the loop of one."""
    with Clustered(setting, WORKERS, tier, command) as cluster:
        complete(setting, cluster.port, requests=1000, clients=8)  # so that Node has compiled all
        busy = cluster.workers[0]
        os.kill(busy, signal.SIGUSR2)
        found = load(setting, cluster.port, requests=LOOP * RATE, rate=RATE, patience=5)
    return found.lost, found.percentile(99, lambda answer: answer.worker != str(busy))


def show_loop(setting):
    rounds = 3 * setting.rounds
    head(f"One of {WORKERS} workers of Node's http server in a loop for {LOOP} s, {RATE} requests a second (of "
         f"{rounds} runs)", "", "lost, worst", "p99 of the others' answers, ms", "worst, ms", "bar")
    command = node_command(setting, "busy.js", BUSY_SERVER)
    if command is None:
        row("Node is not installed", "", "", "", "")
        return
    found = {tier: [] for tier in available()}
    for _ in range(rounds):
        for tier, runs in found.items():
            runs.append(in_loop(setting, command, tier))
    for tier in ALL:
        if tier not in found:
            row(tier.name, "–", "–", "–", "not to be had here")
            continue
        lost, times = zip(*found[tier])
        median = statistics.median(times)
        bar = ""
        if tier in LOOP_BARS:
            bar = "; ".join((Bars.check(f"lost in a loop, {tier.name}", max(lost), 0, form="{:.0f}"),
                             Bars.check(f"p99 in a loop, {tier.name}", median, LOOP_BARS[tier], form="{:.0f} ms")))
        row(tier.name, max(lost), f"{median:.1f}", f"{max(times):.1f}", bar)
    Figures.add("busy", f"1 of {WORKERS} workers in a loop: 99 of 100 answers of the others within", "ms",
                [(tier.name, [time for _, time in runs], LOOP_BARS.get(tier)) for tier, runs in found.items()])


def show_slow(setting):
    rounds = 3 * setting.rounds
    head(f"{SLOW} % of the requests sleep for 50 ms in {WORKERS} servers that handle one at a time, {RATE} requests "
         f"a second (the others' times, medians of {rounds} rounds in turns)", "", "p50, ms", "p90, ms", "p99, ms", "bar")
    found = {tier: [] for tier in available()}
    with contextlib.ExitStack() as stack:
        clusters = [stack.enter_context(Clustered(setting, WORKERS, tier, [setting.programs["Serial"]]))
                    for tier in found]
        for _ in range(rounds):
            for cluster in clusters:
                one = complete(setting, cluster.port, requests=SLOW_REQUESTS, rate=RATE, slow=SLOW)
                found[cluster.tier].append(
                    [one.percentile(percent, lambda answer: not answer.slow) for percent in (50, 90, 99)])
    for tier in ALL:
        if tier not in found:
            row(tier.name, "–", "–", "–", "not to be had here")
            continue
        times = [statistics.median(values) for values in zip(*found[tier])]
        bar = ""
        if tier in SLOW_BARS:
            bar = "p90 " + Bars.check(f"p90 beside slow requests, {tier.name}", times[1], SLOW_BARS[tier],
                                      form="{:.0f} ms")
        row(tier.name, *[f"{time:.1f}" for time in times], bar)
    Figures.add("busy", f"{SLOW} % slow requests: 90 of 100 others answered within", "ms",
                [(tier.name, [values[1] for values in rows], SLOW_BARS.get(tier)) for tier, rows in found.items()])


def show(setting):
    show_loop(setting)
    show_slow(setting)
