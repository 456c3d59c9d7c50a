"""What ``modelhub validate`` costs, the whole process, beside libyaml parsing the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.fresh import BARE, take_cpu_time
from benchmarks.measure import Rival, Row, compare

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
GOALS = {1: None, 500: None, 10_000: 3.0}
OURS = """\
import os, runpy, sys
os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
sys.argv = ['modelhub', 'validate', '--strict', {!r}]
runpy.run_module('modelhub', run_name='__main__')
"""
THEIRS = "import yaml; yaml.load(open({!r}, 'rb'), Loader=yaml.CSafeLoader)"


def measure(folder: Path, quick: bool) -> Iterator[Row]:
    """One row for each number of configs, if quick without the last; the costs are those over bare Python's."""
    for number, goal in list(GOALS.items())[: 2 if quick else None]:
        file = folder / f"{number}.yaml"
        file.write_text("".join(KINDS[n % len(KINDS)].format(n=n) for n in range(number)), "utf-8")
        yield from compare(
            f"validate {number:,} config{'' if number == 1 else 's'}",
            partial(take_cpu_time, OURS.format(str(file)), folder),
            [Rival("yaml.CSafeLoader", partial(take_cpu_time, THEIRS.format(str(file)), folder), goal)],
            rounds=1 if quick else 5 if number > 1000 else 7,
            unit="ms",
            bare=partial(take_cpu_time, BARE, folder),
        )
