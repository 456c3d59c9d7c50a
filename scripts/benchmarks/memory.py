"""How much memory many models take, in a fresh process that has called each of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.fresh import run
from benchmarks.measure import Row

MODELS = 1000
CONFIG = """\
- config_name: model-{n}
  model_type: openai_chat
  model_name: gpt-4o-mini
  api_key: ${{OPENAI_API_KEY:-sk-bench}}
  client_args:
    base_url: {url}
  generate_args:
    temperature: 0.7
"""
TELL = "print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmRSS')))"
BEFORE = f"import asyncio\n{TELL}"
CALL = f"""\
import asyncio, modelhub
hub = modelhub.init('models.yaml')
for name in hub.names():
    hub.get_model(name)('Hello').text
{TELL}
"""


def measure(url: str, folder: Path, quick: bool) -> Iterator[Row]:
    """One row: what modelhub adds to a Python that has imported asyncio."""
    if not sys.platform.startswith("linux"):
        return  # nowhere else is it told so simply
    number = MODELS // 10 if quick else MODELS
    file = folder / "models.yaml"
    file.write_text("".join(CONFIG.format(n=n, url=url) for n in range(number)), "utf-8")
    rounds = [[_take_megabytes(program, folder) for program in (BEFORE, CALL)] for _ in range(1 if quick else 5)]
    before, after = (median(one) for one in zip(*rounds, strict=True))
    yield Row(
        f"memory of {number:,} models called",
        "Python with asyncio",
        cost=before,
        modelhub_cost=after,
        unit="MB",
        ratio=median(there - here for here, there in rounds),
        goal=24.0,
        kind="added",
    )


def _take_megabytes(program: str, folder: Path) -> float:
    return int(run(program, folder)) / 1024
