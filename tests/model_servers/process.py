"""A model server in a child process: started, waited for, and stopped with all the processes it made."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

_START_SECONDS = 180.0
_STOP_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Engine:
    """A server that answers at ``url``, and leads the process group that its children are in."""

    url: str
    process: subprocess.Popen[bytes]

    def is_alive(self) -> bool:
        """Whether the server or one of its children still runs."""
        self.process.poll()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 0)
            return True
        return False

    def kill(self) -> None:
        """End the server at once, as a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """Close the server's stdin, and see to it that it ends; raises TimeoutError when something is left of it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        _wait_until(lambda: not self.is_alive(), _STOP_SECONDS, f"a process of {self.url} is left behind")


@contextlib.contextmanager
def run_engine(
    command: Sequence[str | Path], log: Path, announcement: str, ready: str, env: Mapping[str, str] | None = None
) -> Iterator[Engine]:
    """Run the server ``command`` for the time of the block.

    It ends when its stdin is closed, so that it cannot outlive this process. It chooses a free port and says which in
    its output, kept in ``log``: ``announcement`` is the pattern of that, with host and port as its group. It is up
    when the path ``ready`` answers 200. Raises RuntimeError with the end of the log when it ends before that,
    TimeoutError when it takes too long.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env=env,
            start_new_session=True,
        )
    engine = Engine("", process)

    def find_url() -> str | None:
        said = log.read_text(errors="replace")
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended with exit status {process.returncode}: {said[-2000:]}")
        found = re.search(announcement, said)
        return f"http://{found[1]}" if found else None

    try:
        url = _wait_until(find_url, _START_SECONDS, f"{command[0]} does not say where it listens, see {log}")
        engine = Engine(url, process)
        _wait_until(lambda: _is_ready(url + ready), _START_SECONDS, f"{url}{ready} does not answer 200, see {log}")
        yield engine
    finally:
        with process:
            engine.stop()


def _wait_until(look: Callable[[], Any], seconds: float, failure: str) -> Any:
    """The first true thing that ``look`` returns; raises TimeoutError with ``failure`` when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(failure)
        time.sleep(0.01)
    return seen


def _is_ready(url: str) -> bool:
    try:
        return requests.get(url, timeout=_START_SECONDS).status_code == 200
    except requests.ConnectionError:
        return False
