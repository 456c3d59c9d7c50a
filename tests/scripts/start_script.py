"""The start scripts of local model servers, run to their end or held while they serve."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ..paths import ROOT

SCRIPTS = ROOT / "scripts"
GUARD_SECONDS = 60.0  # for what happens at once unless something is broken

linux = pytest.mark.skipif(sys.platform != "linux", reason="the processes that are left are looked for in /proc")


def script(engine: str) -> Path:
    return SCRIPTS / engine / f"{engine}_setup.sh"


def run(engine: str, *arguments: str, **keys: Any) -> subprocess.CompletedProcess[str]:
    """Run a start script to its end, with the interpreter of the tests unless ``env`` names another."""
    env = {**os.environ, "PYTHON": sys.executable, **keys.pop("env", {})}
    command = [str(keys.pop("path", script(engine))), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=GUARD_SECONDS, **keys)


@contextlib.contextmanager
def no_signals_ignored() -> Iterator[None]:
    """Start children that hear what the tests ignore when they run under nohup, or behind a script's &."""
    ignored = [number for number in (signal.SIGINT, signal.SIGHUP) if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)


class Started:
    """A start script that runs, whose processes carry a mark in their environment by which to find them."""

    def __init__(self, engine: str, *arguments: str, env: dict[str, str]) -> None:
        self.mark = f"START_SCRIPT={os.getpid()}-{time.monotonic_ns()}"
        name, _, value = self.mark.partition("=")
        with no_signals_ignored():
            self.process = subprocess.Popen(
                [str(script(engine)), *arguments],
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHON": sys.executable, **env, name: value},
                text=True,
                start_new_session=True,
            )
        assert self.process.stderr is not None and self.process.stdout is not None
        self.log = ""
        self.reader = threading.Thread(target=self.read_log, daemon=True)
        self.reader.start()

    def read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log += line

    def wait_for(self, text: str, seconds: float = GUARD_SECONDS) -> None:
        """Wait until the log has ``text``."""
        deadline = time.monotonic() + seconds
        while text not in self.log:
            assert self.process.poll() is None and time.monotonic() < deadline, self.log[-4000:]
            time.sleep(0.02)

    def end(self, number: int | None = None) -> int:
        """The exit status, after a signal to its process group, which is what ctrl-C does."""
        if number is not None:
            os.killpg(self.process.pid, number)
        status = self.process.wait(GUARD_SECONDS)
        self.reader.join(GUARD_SECONDS)
        return status

    def find_processes(self) -> list[int]:
        """The processes that are left of it."""
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with contextlib.suppress(OSError):
                if self.mark.encode() in path.read_bytes().split(b"\0"):
                    found.append(int(path.parent.name))
        return found

    def wait_for_nothing(self) -> None:
        """Wait until no process is left."""
        deadline = time.monotonic() + GUARD_SECONDS
        while left := self.find_processes():
            assert time.monotonic() < deadline, left
            time.sleep(0.02)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(GUARD_SECONDS)
        self.reader.join(GUARD_SECONDS)
        assert self.process.stdout is not None and self.process.stderr is not None
        self.process.stdout.close()
        self.process.stderr.close()
