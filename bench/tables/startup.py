"""What is added to the start of a program."""

import pathlib
import shutil
import statistics
import tempfile

from common.figures import Figures
from common.markdown import Bars, head, row
from common.processes import installed
from common.starts import times

COPIES = 8
TINI = "`tini -s -- true`"

# The command as it is shown; the program, its words; what it may add of what tini adds.
COMMANDS = (
    ("`clusterize -n 1 -- true`", "clusterize", ["-n", "1", "--"], 1.25),
    ("`clusterize -n 1 --adopt off -- true`", "clusterize", ["-n", "1", "--adopt", "off", "--"], 1.0),
    (TINI, "tini", ["-s", "--"], None),
    ("`dumb-init true`", "dumb-init", [], None),
)


def measure(setting, rounds):
    """The commands that are installed, and a row for each round: `true`, then theirs."""
    found = {"clusterize": setting.binary, "tini": shutil.which("tini"),
             "dumb-init": shutil.which("dumb-init")}
    texts = [text for text, program, _, _ in COMMANDS if found[program] is not None]
    rows = []
    # Where the copies come to lie makes a difference too: several of each.
    for _ in range(COPIES):
        with tempfile.TemporaryDirectory(prefix="clusterize-bench-") as name:
            directory = pathlib.Path(name)
            true = installed(shutil.which("true"), directory)
            copies = {program: installed(path, directory)
                      for program, path in found.items() if path is not None}
            commands = [[copies[program], *words, true]
                        for _, program, words, _ in COMMANDS if program in copies]
            rows += times(setting, rounds // COPIES, [[true], *commands])
    return texts, rows


def show(setting):
    rounds = 400 * setting.rounds
    texts, rows = measure(setting, rounds)
    added = {text: statistics.median(of_round[i] - of_round[0] for of_round in rows)
             for i, text in enumerate(texts, 1)}

    alone = statistics.median(of_round[0] for of_round in rows)
    head(f"Start-up: what is added to the {alone:.0f} µs of `true` "
         f"(median of {rounds} alternating runs)", "", "µs", "of tini's", "bar")
    tini = added.get(TINI)
    for text, _, _, limit in COMMANDS:
        if text not in added:
            row(text, "not installed", "", "")
            continue
        ratio = added[text] / tini if tini is not None else float("nan")
        bar = Bars.check(f"start-up of {text}", ratio, limit) if limit and tini is not None else ""
        row(text, f"{added[text]:.0f}", f"{ratio:.2f}", bar)
    Figures.add("startup", f"What is added to the {alone:.0f} µs of true", "µs",
                [(text, added[text], limit * tini if limit and tini is not None else None)
                 for text, _, _, limit in COMMANDS if text in added])
