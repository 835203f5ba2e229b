"""Whether the launcher sleeps when nothing is to be done."""

import contextlib
import time

from common.figures import Figures
from common.load import complete, load
from common.markdown import Bars, head, row
from common.processes import family, stopped, until, wake_ups
from common.servers import Clustered, queues
from common.tiers import ALL, RANDOM, SHARED, available

WORKERS = 4
SECONDS = 5
SETTLED = 4  # what still comes of the start is over


def queued(cluster):
    return sum(queues(cluster.port))


def asleep(clusters):
    """The wake-ups of each launcher with its helper, meanwhile."""
    pids = [family(cluster.pid) for cluster in clusters]
    time.sleep(SETTLED)
    before = [wake_ups(of_one) for of_one in pids]
    time.sleep(SECONDS)
    return [wake_ups(of_one) - earlier for of_one, earlier in zip(pids, before)]


def show(setting):
    head(f"Wake-ups of the launcher in {SECONDS} s with {WORKERS} workers", "", "after traffic",
         "while a stopped worker holds a queue", "its queue", "bar")
    tiers = available((*ALL, RANDOM))
    with contextlib.ExitStack() as stack:
        clusters = [stack.enter_context(Clustered(setting, WORKERS, tier, [setting.programs["Server"]]))
                    for tier in tiers]
        for cluster in clusters:
            complete(setting, cluster.port, requests=2000, clients=8)
        quiet = asleep(clusters)

        for cluster in clusters:
            stack.enter_context(stopped([cluster.workers[0]]))
            load(setting, cluster.port, requests=200, clients=8, patience=0.2, quota=True)
        # The shared queue is emptied by the others.
        until(lambda: all(queued(cluster) > 0 for cluster in clusters if cluster.tier is not SHARED), "a queue")
        queues = [queued(cluster) for cluster in clusters]
        holding = asleep(clusters)

    for tier in (*ALL, RANDOM):
        if tier not in tiers:
            row(tier.name, "–", "–", "–", "not to be had here")
            continue
        i = tiers.index(tier)
        row(tier.name, quiet[i], holding[i], queues[i],
            Bars.check(f"wake-ups, {tier.name}", max(quiet[i], holding[i]), 0, form="{:.0f}"))
    Figures.add("idle", f"Wake-ups of the launcher in {SECONDS} s after traffic", "number",
                [(tier.name, quiet[i], 0) for i, tier in enumerate(tiers)])
    Figures.add("idle", f"Wake-ups in {SECONDS} s while a stopped worker holds a queue", "number",
                [(tier.name, holding[i], 0) for i, tier in enumerate(tiers)])
