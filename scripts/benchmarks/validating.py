"""What `modelhub validate` costs, the whole process, for YAML files of different lengths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measure import Row
from benchmarks.startup import BARE, lay_out_modelhub, take_cpu_time

KINDS = (
    """\
- config_name: chat-{n}
  model_type: openai_chat
  model_name: gpt-4o-mini
  api_key: ${{OPENAI_API_KEY}}
  generate_args: {{temperature: 0.7, max_tokens: 1024}}
""",
    """\
- config_name: local-{n}
  model_type: ollama_chat
  model_name: qwen3:8b
  options:
    temperature: 0.5
    num_ctx: 8192
""",
    """\
- config_name: service-{n}
  model_type: post_api_chat
  api_url: https://models.example/chat/{n}
  headers:
    Authorization: Bearer ${{SERVICE_TOKEN}}
  timeout: 30
""",
)
TARGETS = {1: 0.3, 500: 1.0, 10_000: 10.0}  # seconds of CPU for so many configs
PROGRAM = """\
import os, runpy, sys
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
sys.argv = ['modelhub', 'validate', '--strict', {!r}]
runpy.run_module('modelhub', run_name='__main__')
"""


def measure(quick: bool) -> Iterator[Row]:
    """One row for each number of configs."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        lay_out_modelhub(folder)
        for number, target in TARGETS.items():
            file = folder / f"{number}.yaml"
            file.write_text("".join(KINDS[n % len(KINDS)].format(n=n) for n in range(number)), "utf-8")
            rounds = 1 if quick or number > 1000 else 7
            pairs = [
                [take_cpu_time(program, folder) for program in (BARE, PROGRAM.format(str(file)))] for _ in range(rounds)
            ]
            bare, ours = (min(costs) for costs in zip(*pairs, strict=True))
            yield Row(
                f"validate {number} config{'' if number == 1 else 's'}",
                "bare Python",
                competitor_cost=bare * 1e3,
                modelhub_cost=ours * 1e3,
                unit="ms",
                ratio=ours,
                ratio_of_pairs=median(pair[1] for pair in pairs),
                target=target,
                kind="absolute",
            )
