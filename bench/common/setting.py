"""What a table is given."""

import dataclasses
import os
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent.parent


@dataclasses.dataclass
class Setting:
    binary: str  # the clusterize that is measured
    programs: dict  # those of bench/*.cxx, by name
    directory: pathlib.Path  # for scripts; goes with the run
    rounds: int  # so many times the runs of everything
    pm2: bool  # may be installed


def compiled(directory):
    programs = {}
    for source in sorted(HERE.glob("*.cxx")):
        program = directory / source.stem.lower()
        subprocess.run([os.environ.get("CXX", "c++"), "-std=c++20", "-O2", "-o", str(program),
                        str(source)], check=True)
        programs[source.stem] = program
    return programs
