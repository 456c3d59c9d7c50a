"""A contestant seen from the bench: a process that waits for its turn."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

SCRIPT = Path(__file__).with_name("run_contestant.py")
ENV = {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
"""What keeps contestants from asking others than the server."""

LABELS = {
    "urllib3_alone": "urllib3 alone",
    "http_client": "http.client alone",
    "aiohttp_alone": "aiohttp alone",
    "openai": "openai SDK",
    "langchain_openai": "langchain",
    "any_llm": "any-llm",
}
"""What people call those whose file is called otherwise."""


class Contestant:
    """The process of ``contestants/<name>.py``, of the Python of its environment; a context manager."""

    def __init__(self, name: str, url: str, python: str = sys.executable) -> None:
        self.name = name
        self.label = LABELS.get(name, name)
        self._process = subprocess.Popen(
            [python, "-W", "ignore", str(SCRIPT), name, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENV},
        )

    def take_cpu_time(self, what: str, times: int, in_flight: int = 1) -> float:
        """The seconds of CPU that each of so many times takes of doing ``what``."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps([what, times, in_flight]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.name} could not do {what!r}: what it said is above")
        return float(answer) / times

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if kind is not None:
            self._process.kill()
        self._process.communicate()  # closes its stdin, at which it ends
