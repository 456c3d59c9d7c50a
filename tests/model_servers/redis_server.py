"""A real Redis: the one that ``scripts/fetch_redis_for_tests`` made, or the one on the PATH."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

INSTALL = "no Redis here: run scripts/fetch_redis_for_tests once, or put `redis-server` on the PATH"
_LEASH = Path(__file__).with_name("leash.py")
_SECONDS = 30.0


def find_redis() -> Path | None:
    """The program to test against; None when there is none. Raises FileNotFoundError for a folder that has none."""
    named = os.environ.get("MODELHUB_TEST_REDIS")
    binary = Path(named or "~/.cache/modelhub-tests/redis").expanduser() / "bin/redis-server"
    if binary.exists():
        return binary
    if named:
        raise FileNotFoundError(f"MODELHUB_TEST_REDIS names {named}, which has no bin/redis-server")
    installed = shutil.which("redis-server")
    return Path(installed) if installed else None


@dataclass(slots=True)
class RedisServer:
    """A Redis on a port of its own, which can be stopped and started again; it forgets everything then."""

    folder: Path
    port: int = 0
    options: tuple[str, ...] = ()
    _process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def url(self) -> str:
        """The text of the store."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers; raises RuntimeError when it cannot be had."""
        binary = find_redis()
        if binary is None:
            raise RuntimeError(INSTALL)
        if not self.port:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", *self.options]
        self._process = subprocess.Popen(
            [sys.executable, str(_LEASH), str(binary), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=self.folder,
        )
        deadline = time.monotonic() + _SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError(f"{binary} does not answer on port {self.port}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it."""
        process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(_SECONDS)

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), _SECONDS) as connection:
                connection.sendall(b"PING\r\n")
                return bool(connection.recv(100))
        except OSError:
            return False


@contextlib.contextmanager
def run_redis(folder: Path, *options: str) -> Iterator[RedisServer]:
    """A Redis for the time of the block; everything it writes stays in ``folder``."""
    server = RedisServer(folder, options=options)
    try:
        server.start()
        yield server
    finally:
        server.stop()
