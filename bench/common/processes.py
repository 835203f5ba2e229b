"""Processes that are measured, and what can be asked about them."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

MIB = 1024.0
PATIENCE = 60


class Running:
    """A process of ours; ended with what is below it when the block ends."""

    def __init__(self, argv, **options):
        self.argv = [str(word) for word in argv]
        self.options = options

    def __enter__(self):
        self.process = subprocess.Popen(
            self.argv, **{"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **self.options})
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    @property
    def pid(self):
        return self.process.pid


class Cluster(Running):
    """clusterize with its events, `before` it what takes privileges away."""

    def __init__(self, binary, options, command, before=()):
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, True)
        self.workers = {}  # process ids by slot, as far as the events have been read
        super().__init__(
            [*before, binary, "--log-level", "error", "--events", f"fd:{self.write_end}", *options, "--",
             *command], pass_fds=[self.write_end])

    def __enter__(self):
        self.started = time.monotonic()
        super().__enter__()
        os.close(self.write_end)
        self.lines = open(self.read_end, encoding="utf-8")
        return self

    def __exit__(self, *args):
        super().__exit__(*args)
        self.lines.close()

    def events(self):
        """From here on; no worker may end."""
        for line in self.lines:
            event = json.loads(line)
            if event["event"] == "exit":
                sys.exit(f"bench/run: a worker ended: {line}")
            if event["event"] == "fork":
                self.workers[event["slot"]] = event["pid"]
            yield event

    def wait(self, name, count=1):
        """The count-th event of that name from here on."""
        for event in self.events():
            if event["event"] == name:
                count -= 1
                if count == 0:
                    return event
        sys.exit(f"bench/run: clusterize ended before the event {name}")


def until(condition, what):
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"bench/run: never came: {what}")
        time.sleep(0.02)


def children(pid):
    try:
        return [int(word) for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children")
                for word in path.read_text().split()]
    except FileNotFoundError:
        return []


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except FileNotFoundError:
        return ""


def family(pid):
    """A launcher with its helper."""
    return [pid, *(child for child in children(pid) if name_of(child).startswith("clusterize"))]


def tree(pid):
    """A process and all that is below it."""
    return [pid, *(below for child in children(pid) for below in tree(child))]


def cpu_seconds(pids):
    """What their threads have used so far; the kernel counts in nanoseconds."""
    return sum(int(path.read_text().split()[0]) for pid in pids
               for path in pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")) / 1e9


def wake_ups(pids):
    """How often they have given the CPU away or had it taken from them."""
    return sum(int(line.split()[1]) for pid in pids
               for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
               if "ctxt_switches" in line)


@contextlib.contextmanager
def stopped(pids):
    """By SIGSTOP, until the block ends."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        until(lambda: all(state(pid) == "T" for pid in pids), "stopped workers")
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def state(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def memory(pid):
    """Resident and proportional set size in MiB."""
    def field(path, name):
        for line in pathlib.Path(f"/proc/{pid}/{path}").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) / MIB
        raise KeyError(name)
    return field("status", "VmRSS"), field("smaps_rollup", "Pss")


def installed(program, directory):
    """A copy, as an installation makes one. A file that a linker has just written lies in small
    pieces in the page cache and takes a tenth of a millisecond longer to start."""
    return shutil.copy(program, directory / pathlib.Path(program).name)


def group_nice(pid="self"):
    """Of the session's group (sched(7), autogroup); None where there are none."""
    with contextlib.suppress(OSError):
        return pathlib.Path(f"/proc/{pid}/autogroup").read_text(encoding="utf-8").split()[-1]
    return None


def set_group_nice(value, pid="self"):
    """Where we may."""
    if value is not None:
        with contextlib.suppress(OSError):
            pathlib.Path(f"/proc/{pid}/autogroup").write_text(value, encoding="utf-8")


@contextlib.contextmanager
def undisturbed():
    """Other programs of the machine come after all that the block starts, where we may say so: among the processes of
    a session by their nice values, and among sessions by those of their groups."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    before = group_nice()
    if before is not None:
        set_group_nice("-20")
    try:
        yield
    finally:
        set_group_nice(before)


def real_time():
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
