"""Gateways for tests: one in a thread of the test's process, or `modelhub serve` as a process of its own."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import requests
from aiohttp import web

from modelhub.server.gateway.connections import Connections
from modelhub.server.gateway.keys import make_key
from modelhub.server.gateway.service import Service
from modelhub.server.gateway.settings import Settings
from modelhub.server.http.listening import listen_with
from modelhub.testing import MockServer

HELLO = [{"role": "user", "content": "hello"}]


def write_models(folder: Path, mock: MockServer, names: Sequence[str] = ("chat",), **keys: Any) -> Path:
    """A file of chats that a mock server answers."""
    configs = [
        {"config_name": name, "model_type": "openai_chat", "model_name": "tiny", "retry": {"max_attempts": 1}, **keys}
        for name in names
    ]
    path = folder / "models.json"
    path.write_bytes(orjson.dumps([mock.point(config) for config in configs]))
    return path


def write_keys(folder: Path, *callers: dict[str, Any]) -> tuple[Path, list[str]]:
    """A file of callers, and their keys."""
    made = [make_key(caller["name"]) for caller in callers]
    path = folder / "keys.json"
    path.write_bytes(orjson.dumps([{**one.entry, **caller} for one, caller in zip(made, callers, strict=True)]))
    return path, [one.key for one in made]


@contextmanager
def serving(models: Path, keys: Path | None = None) -> Iterator[tuple[str, Service]]:
    """The address of a gateway in a thread, and what it serves."""
    ready, told = threading.Event(), list[Any]()

    async def serve() -> None:
        stop, service = asyncio.Event(), Service(Settings(str(models), keys=str(keys) if keys else None))
        runner = web.ServerRunner(Connections(service.gateway.handle, service.gateway.refuse), shutdown_timeout=0.2)
        async with listen_with(runner, "127.0.0.1", 0) as listener:
            told.extend([listener.url, service, asyncio.get_running_loop(), stop])
            ready.set()
            await stop.wait()
        await service.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    try:
        yield told[0], told[1]
    finally:
        told[2].call_soon_threadsafe(told[3].set)
        thread.join()


def chat(url: str, key: str | None = None, **body: Any) -> requests.Response:
    """The reply to a chat."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    body = {"model": "chat", "messages": HELLO, **body}
    return requests.post(f"{url}/v1/chat/completions", json=body, headers=headers, timeout=20, stream=True)


class Process:
    """`modelhub serve` on a free port; ``url`` is where, ``said`` what it has printed on stderr."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        command = [sys.executable, "-m", "modelhub", "serve", "--port", "0", *arguments]
        pipe, env = subprocess.PIPE, {**os.environ, **environment}
        self._process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=env)
        assert self._process.stdout is not None and self._process.stderr is not None
        self._said: list[str] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, args=(self._process.stderr,))
        self._reader.start()
        self.greeting = self._process.stdout.readline()
        match = re.search(r"http://[^ ]+:\d+", self.greeting)
        self.url = match[0] if match else ""

    @property
    def pid(self) -> int:
        """The process, or the parent of the workers."""
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait_said(self, text: str) -> None:
        """Wait until it has printed a text on stderr."""
        with self._changed:
            assert self._changed.wait_for(lambda: text in "".join(self._said), 20), "".join(self._said)

    def wait(self) -> tuple[int, str]:
        """Its exit code, and all that it has printed on stderr."""
        code = self._process.wait(20)
        self._reader.join()
        return code, "".join(self._said)

    def _read(self, stream: Any) -> None:
        for line in stream:
            with self._changed:
                self._said.append(line)
                self._changed.notify_all()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *exc: object) -> None:
        for _ in range(50):
            self._process.send_signal(signal.SIGTERM)  # the second one ends it at once
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(0.2)
                break
        self._process.kill()
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
        if self._process.stderr is not None:
            self._process.stderr.close()
