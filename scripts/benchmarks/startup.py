"""What starting costs: importing modelhub, and fetching a first model, each in fresh processes.

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
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree, ignore_patterns
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measure import Row

CONFIG = """\
config_name: bench
model_type: openai_chat
model_name: gpt-4o-mini
api_key: ${OPENAI_API_KEY}
generate_args:
  temperature: 0.7
"""
BARE, IMPORT, REQUESTS, FETCH = (
    "pass",
    "import modelhub",
    "import requests",
    "import modelhub; modelhub.init('models.yaml'); modelhub.get_model('bench')",
)


def measure(quick: bool) -> Iterator[Row]:
    """The rows about starting, all from the same rounds."""
    programs = (BARE, IMPORT, REQUESTS, FETCH)
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.joinpath("models.yaml").write_text(CONFIG, "utf-8")
        lay_out_modelhub(folder)
        for program in programs:  # brings the files into memory
            take_cpu_time(program, folder)
        rounds = [[take_cpu_time(program, folder) for program in programs] for _ in range(3 if quick else 25)]
    bare, imported, requests, fetched = (min(times) * 1e3 for times in zip(*rounds, strict=True))
    yield Row(
        "import modelhub",
        "bare Python",
        competitor_cost=bare,
        modelhub_cost=imported,
        unit="ms",
        ratio=imported - bare,
        ratio_of_pairs=median(times[1] - times[0] for times in rounds) * 1e3,
        target=5.0,
        kind="difference",
    )
    yield Row(
        "init + get_model, over bare",
        "import requests, over bare",
        competitor_cost=requests - bare,
        modelhub_cost=fetched - bare,
        unit="ms",
        ratio=(fetched - bare) / (requests - bare),
        ratio_of_pairs=median((times[3] - times[0]) / (times[2] - times[0]) for times in rounds),
        target=1.2,
    )


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


def take_cpu_time(program: str, folder: Path) -> float:
    """The seconds of CPU that a fresh Python takes to run ``program`` in ``folder``."""
    installed = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *installed])}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-S", "-c", program], cwd=folder, env=env, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
