"""A thousand workers."""

import shutil
import statistics
import time

from common.figures import Figures
from common.markdown import Bars, head, row
from common.processes import Cluster, memory

COUNT = 1000


def show(setting):
    rounds = 3 * setting.rounds
    head(f"{COUNT:,} workers of `sleep` (median of {rounds})", "", "all online after, s",
         "launcher's RSS, MiB", "bar")
    sleep = [shutil.which("sleep"), "1000"]
    figures = []
    for name, options in ((f"`clusterize -n {COUNT}`", []),
                          (f"`clusterize -n {COUNT} -p …`", ["-p", "127.0.0.1:0"])):
        seconds, sizes = [], []
        for _ in range(rounds):
            with Cluster(setting.binary, ["-n", str(COUNT), *options], sleep) as cluster:
                cluster.wait("online", COUNT)
                seconds.append(time.monotonic() - cluster.started)
                sizes.append(memory(cluster.pid)[0])
        second, size = statistics.median(seconds), statistics.median(sizes)
        row(name, f"{second:.2f}", f"{size:.1f}",
            Bars.check(f"{COUNT} workers, time", second, 2, form="{:.0f} s") + "; " +
            Bars.check(f"{COUNT} workers, memory", size, 10, form="{:.0f} MiB"))
        figures.append((name, seconds, 2))
    Figures.add("many", f"All {COUNT:,} workers online after", "s", figures)
