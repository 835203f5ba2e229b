"""The ways in which connections are balanced, and how each is got on purpose."""

import os
import pathlib
import shutil
from dataclasses import dataclass

# linux/capability.h
CAPABILITIES = {"sys_admin": 21, "perfmon": 38, "bpf": 39}


@dataclass(frozen=True)
class Tier:
    short: str
    name: str
    policy: str  # for --balance
    reports: str  # what the events call it
    needs: frozenset = frozenset()  # capabilities that the launcher must have
    lacks: frozenset = frozenset()  # and those that it must not have


TIER_1 = Tier("tier 1", "`rr`, tier 1: kernel, queue-aware", "rr", "kernel, queue-aware",
              frozenset({"bpf", "perfmon"}))
TIER_2 = Tier("tier 2", "`rr`, tier 2: kernel, plain turns", "rr", "kernel, plain", frozenset({"bpf"}),
              frozenset({"perfmon", "sys_admin"}))
TIER_3 = Tier("tier 3", "`rr`, tier 3: queue watch", "rr", "queue watch", frozenset(),
              frozenset({"bpf", "perfmon", "sys_admin"}))
SHARED = Tier("none", "`none`: one shared queue", "none", "shared queue")
RANDOM = Tier("random", "`random`", "random", "classic BPF")

ALL = (TIER_1, TIER_2, TIER_3, SHARED)


def held():
    """The capabilities of ours that count here."""
    for line in pathlib.Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("CapEff:"):
            mask = int(line.split()[1], 16)
            return {name for name, number in CAPABILITIES.items() if mask >> number & 1}
    raise KeyError("CapEff")


def prefix(tier):
    """The command before clusterize that takes away what the tier must not have; None where the tier cannot be had."""
    capabilities = held()
    if not tier.needs <= capabilities:
        return None
    too_many = sorted(tier.lacks & capabilities)
    if not too_many:
        return []
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return None
    words = ",".join("-" + name for name in too_many)
    return ["setpriv", f"--inh-caps={words}", f"--bounding-set={words}"]


def available(tiers=ALL):
    return [tier for tier in tiers if prefix(tier) is not None]
