"""What starting costs: importing modelhub, and fetching a first model, each in fresh processes."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
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
    with TemporaryDirectory() as folder:
        Path(folder, "models.yaml").write_text(CONFIG, "utf-8")
        for program in programs:  # compiles what is not compiled yet
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


def take_cpu_time(program: str, folder: str) -> float:
    """The seconds of CPU that a fresh Python takes to run ``program``."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], cwd=folder, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
