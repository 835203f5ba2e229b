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
            self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, **self.options)
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
    """clusterize with its events."""

    def __init__(self, binary, options, command):
        self.read_end, self.write_end = os.pipe()
        os.set_blocking(self.read_end, True)
        super().__init__(
            [binary, "--log-level", "error", "--events", f"fd:{self.write_end}", *options, "--",
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

    def wait(self, name, count=1):
        """The count-th event of that name from here on."""
        for line in self.lines:
            event = json.loads(line)
            if event["event"] == "exit":
                sys.exit(f"bench/run: a worker ended: {line}")
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
        return [int(word) for word in
                pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except FileNotFoundError:
        return []


def name_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/comm").read_text().strip()
    except FileNotFoundError:
        return ""


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


def real_time():
    with contextlib.suppress(PermissionError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
