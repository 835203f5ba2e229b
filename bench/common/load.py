"""Load.cxx: requests, and who has answered them when."""

import json
import math
import subprocess
import sys
from collections import Counter
from typing import NamedTuple


class Answer(NamedTuple):
    worker: str  # what the first line of the body said
    slow: bool  # asked for /slow
    begin: float  # seconds since the start of the load
    seconds: float


class Load:
    def __init__(self, output):
        found = json.loads(output)
        names = found["workers"]
        self.seconds = found["seconds"]
        self.lost = found["late"] + found["failed"]
        self.answers = [Answer(names[worker], bool(slow), begin / 1e6, time / 1e6)
                        for worker, slow, begin, time in found["answers"]]

    @property
    def rate(self):
        return len(self.answers) / self.seconds

    @property
    def workers(self):
        """Answers of each."""
        return Counter(answer.worker for answer in self.answers)

    def unevenness(self, workers):
        """Most answers of a worker by the fewest of one; infinite where some of them had none."""
        counts = self.workers.values()
        return max(counts) / min(counts) if len(counts) == workers else math.inf

    def percentile(self, percent, of=lambda answer: True):
        """In milliseconds: of all the answers, the time that so many percent took at most."""
        times = sorted(answer.seconds for answer in self.answers if of(answer))
        if not times:
            return math.nan
        return times[max(math.ceil(len(times) * percent / 100) - 1, 0)] * 1000


def load(setting, port, **options):
    """The options are those of Load.cxx."""
    argv = [str(setting.programs["Load"]), str(port)]
    for name, value in options.items():
        argv += ["--" + name.replace("_", "-"), str(int(value) if value is True else value)]
    return Load(subprocess.run(argv, stdout=subprocess.PIPE, check=True, timeout=180).stdout)


def complete(setting, port, **options):
    """The same, where nothing may be lost."""
    found = load(setting, port, **options)
    if found.lost:
        sys.exit(f"bench/run: {found.lost} requests were lost")
    return found
