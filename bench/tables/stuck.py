"""What is lost while workers are stopped: requests that are not answered within a second."""

import statistics
from dataclasses import dataclass, field

from common.figures import Figures
from common.load import load
from common.markdown import Bars, head, row
from common.processes import stopped
from common.servers import Clustered, node_command, node_version
from common.tiers import ALL, TIER_1, TIER_3, available

PATIENCE = 1


@dataclass(frozen=True)
class Case:
    text: str
    workers: int
    stopped: int
    load: dict
    bars: dict = field(default_factory=dict)


# Each of the clients makes its own part: one that has waited in vain goes on afterwards.
FEW = {"requests": 400, "clients": 8, "quota": True}
MANY = {"requests": 3000, "clients": 64, "quota": True}

CASES = (
    Case("400 from 8 clients, 1 of 4 stopped", 4, 1, FEW, {TIER_1: 4, TIER_3: 8}),
    Case("400 from 8 clients, 1 of 2 stopped", 2, 1, FEW, {TIER_1: 6, TIER_3: 8}),
    Case("400 from 8 clients, 2 of 4 stopped", 4, 2, FEW, {TIER_1: 10}),
    Case("1,500 at 1,000/s, 1 of 4 stopped", 4, 1, {"requests": 1500, "rate": 1000}, {TIER_1: 3, TIER_3: 15}),
    Case("30 at 10/s, 1 of 4 stopped", 4, 1, {"requests": 30, "rate": 10}, {TIER_1: 2, TIER_3: 2}),
    Case("3,000 from 64 clients, 1 of 4 stopped", 4, 1, MANY, {TIER_1: 24, TIER_3: 40}),
)

LIMIT = 45  # seconds; plain turns would go on for minutes


def lost(setting, command, case, tier):
    """Of a fresh cluster."""
    with Clustered(setting, case.workers, tier, command) as cluster:
        with stopped([cluster.workers[slot] for slot in range(case.stopped)]):
            found = load(setting, cluster.port, patience=PATIENCE, seconds=LIMIT, **case.load)
    # Those too that it did not come to.
    return case.load["requests"] - len(found.answers)


def show(setting):
    command = node_command(setting)
    if command is None:
        head("Stopped workers", "")
        row("Node is not installed")
        return
    tiers = available()
    # Tiers 2 and `none` do the same each time.
    rounds = {tier: (3 if tier in (TIER_1, TIER_3) else 1) * setting.rounds for tier in tiers}
    head(f"Requests lost while workers of Node's http server {node_version(command[0])} are stopped (not answered "
         f"within {PATIENCE} s; median and worst of {3 * setting.rounds} runs, of fresh clusters each)", "",
         *[tier.name for tier in ALL], "bar")
    for case in CASES:
        found = {tier: [] for tier in tiers}
        for turn in range(max(rounds.values())):
            for tier in tiers:
                if turn < rounds[tier]:
                    found[tier].append(lost(setting, command, case, tier))
        texts = [f"{tier.short} " +
                 Bars.check(f"lost, {case.text}, {tier.name}", statistics.median(found[tier]), limit, form="{:.0f}")
                 for tier, limit in case.bars.items() if tier in found]
        row(case.text, *[f"{statistics.median(found[tier]):.0f}, {max(found[tier])}" if tier in found else "–"
                         for tier in ALL], "; ".join(texts))
        Figures.add("stuck", f"{case.text}: lost", "requests",
                    [(tier.name, found[tier], case.bars.get(tier)) for tier in tiers])
