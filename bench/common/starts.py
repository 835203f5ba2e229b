"""How long commands take, one after the other in turns: Startup.cxx."""

import subprocess

from common.processes import real_time


def times(setting, rounds, commands, port=None):
    """A list for each round: the microseconds until the end of each command, or until an answer on its port."""
    argv = [setting.programs["Startup"], rounds]
    if port is not None:
        argv += ["--answer", port]
    for i, command in enumerate(commands):
        argv += ["---", *command] if i > 0 else command
    output = subprocess.run([str(word) for word in argv], stdout=subprocess.PIPE, check=True,
                            preexec_fn=real_time).stdout.decode()
    return [[float(word) for word in line.split()] for line in output.splitlines()]
