"""What adoption costs a worker: its system calls, and the time until it has answered."""

import contextlib
import os
import shutil
import statistics
import subprocess

from common.figures import Figures
from common.markdown import Bars, head, row
from common.processes import PATIENCE, real_time
from common.servers import free_port, node_version
from common.starts import times

NODE_SERVER = """
require('http').createServer((request, response) => {
    response.setHeader('Connection', 'close');
    response.end('ok\\n');
}).listen(+process.argv[2], '127.0.0.1');
"""

COPIES = 8


def pin():
    """To one CPU, the same for all that are compared."""
    real_time()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


class Syscalls:
    """The program of that name, which works when it is asked to."""

    def __init__(self, argv):
        self.argv = [str(word) for word in argv]

    def __enter__(self):
        self.process = subprocess.Popen(self.argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, bufsize=1, preexec_fn=pin)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()

    def rate(self, loop):
        self.process.stdin.write(loop + "\n")
        return float(self.process.stdout.readline())


def rates(loop, arrangements, rounds):
    """Calls per second of each, in turns, over several copies: where the pages of one come to lie makes a
    difference too."""
    found = [[] for _ in arrangements]
    for _ in range(COPIES):
        with contextlib.ExitStack() as stack:
            copies = [stack.enter_context(Syscalls(argv)) for argv in arrangements]
            for copy in copies:
                copy.rate(loop)
            for turn in range(rounds // COPIES):
                for i in range(len(copies)):
                    which = (i + turn) % len(copies)
                    found[which].append(copies[which].rate(loop))
    return found


def ratio(values, of):
    return statistics.median(mine / other for mine, other in zip(values, of))


def show_system_calls(setting):
    rounds = 200 * setting.rounds
    head(f"System calls per second inside a worker (median of {rounds} alternating runs)", "", "bare",
         "with a filter that allows all", "`clusterize -n 1 --`", "of bare", "of the filter's", "bar")
    program = setting.programs["Syscalls"]
    arrangements = [[program], [program, "filter"], [setting.binary, "-n", "1", "--", program]]
    figures = []
    # getpid(2) does so little that it shows what having any filter costs.
    for loop, text, against in (("getpid", "`getpid`", "the filter's"),
                                ("accept", "`connect`, `accept`, two `close`", "bare")):
        bare, filtered, adopted = rates(loop, arrangements, rounds)
        ratios = {"bare": ratio(adopted, bare), "the filter's": ratio(adopted, filtered)}
        bar = Bars.check(f"system calls, {loop}", ratios[against], 0.98, at_most=False)
        row(text, *[f"{statistics.median(values):.0f}" for values in (bare, filtered, adopted)],
            *[f"{value:.3f}" for value in ratios.values()], f"of {against} {bar}")
        figures.append((f"{text}: of {against}", ratios[against], 0.98))
    Figures.add("adoption", "System calls per second inside a worker", "ratio", figures, at_least=True)


def show_first_answers(setting):
    rounds = 40 * setting.rounds
    head(f"Time until the first request is answered (median of {rounds} alternating runs)", "", "bare, ms",
         "`clusterize -n 1 --`, ms", "ratio", "bar")
    node = shutil.which("node")
    script = setting.directory / "answer.js"
    script.write_text(NODE_SERVER)
    programs = [("`Server.cxx`", [setting.programs["Server"]], None)]
    if node is None:
        row("Node", "not installed", "", "", "")
    else:
        programs.insert(0, (f"Node {node_version(node)} http server", [node, script], 1.1))
    figures = []
    for name, argv, limit in programs:
        port = free_port()
        found = times(setting, rounds,
                      [[*argv, port], [setting.binary, "-n", "1", "--", *argv, port]], port)
        bare, adopted = zip(*found)
        slower = ratio(adopted, bare)
        row(name, f"{statistics.median(bare) / 1000:.2f}", f"{statistics.median(adopted) / 1000:.2f}",
            f"{slower:.2f}", Bars.check("first answer", slower, limit) if limit else "")
        figures.append((name, slower, limit))
    Figures.add("adoption", "Time until the first answer, clusterize -n 1 by bare", "ratio", figures)


def show(setting):
    show_system_calls(setting)
    show_first_answers(setting)
