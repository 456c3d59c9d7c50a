"""What fresh processes cost that run a short program.

They start without ``site``, and with modelhub laid out as a wheel would be: the finder of an editable install, like any
.pth file that runs code, imports a part of what modelhub needs before modelhub does, which would look like a gain.
"""

from __future__ import annotations

import compileall
import importlib
import os
import resource
import subprocess
import sys
from pathlib import Path
from shutil import copytree, ignore_patterns

from benchmarks.contestant import ENV

BARE = "pass"


def lay_out_modelhub(folder: Path) -> None:
    """Copy the package into ``folder`` as a wheel would, wherever the folders of its source are, and compile it."""
    for package in ("modelhub", "modelhub.wrappers", "modelhub.schemas"):
        target = folder.joinpath(*package.split("."))
        copytree(find_folder(package), target, ignore=ignore_patterns("__pycache__"), dirs_exist_ok=True)
    compileall.compile_dir(folder, quiet=1)


def find_folder(package: str) -> Path:
    """Where a package lies."""
    (folder,) = importlib.import_module(package).__path__
    return Path(folder)


def run(program: str, folder: Path, python: str = sys.executable) -> str:
    """What a fresh Python prints that runs ``program`` in ``folder``, with the packages of its environment."""
    path = [str(folder), *find_packages(python), str(Path(__file__).parent)]
    env = {**os.environ, **ENV, "PYTHONPATH": os.pathsep.join(path)}
    command = [python, "-S", "-W", "ignore", "-c", program]
    return subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def find_packages(python: str) -> list[str]:
    """The folders that the packages of a Python are in."""
    if python == sys.executable:
        return [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    return [str(path) for path in Path(python).parents[1].glob("lib/python3*/site-packages")]


def take_cpu_time(program: str, folder: Path, python: str = sys.executable) -> float:
    """The seconds of CPU that it takes, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(program, folder, python)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
