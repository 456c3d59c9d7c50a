"""Several processes that serve at one port, and the one that watches over them: who dies is started again."""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from modelhub.errors import ConfigWarning, ModelHubError
from modelhub.server.gateway.metrics import forget_process
from modelhub.server.gateway.reloading import News, Tell, reloading
from modelhub.server.gateway.service import Service
from modelhub.server.gateway.serving import run, serve
from modelhub.server.gateway.settings import Settings
from modelhub.server.gateway.signals import Signals
from modelhub.server.http.listening import build_url, explained

_FIRST, _LONGEST = 0.1, 10.0  # seconds before one that died at once is started again
_STEADY = 5.0  # seconds after which one counts as well
_MARGIN = 5.0  # seconds over the grace after which a worker is killed


def are_possible() -> bool:
    """Whether this system lets several processes listen at one port."""
    return hasattr(socket, "SO_REUSEPORT") and sys.platform != "win32"


@contextlib.contextmanager
def reserve(host: str, port: int) -> Iterator[tuple[str, int, str]]:
    """Keep a port for the workers, free or not: the address, the port and the URL.

    Raises ModelHubError when it cannot be had.
    """
    with explained(host, port):
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        # One address: two that the system chooses ports for would have different ones.
        family, kind, number, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        reserved = socket.socket(family, kind, number)
        try:
            _refuse_taken(family, kind, number, address)
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            reserved.bind(address)  # it never listens, so that no connection is given to it
        except BaseException:
            reserved.close()
            raise
    with reserved:
        bound = reserved.getsockname()
        yield str(bound[0]), int(bound[1]), build_url(reserved)


def _refuse_taken(family: int, kind: int, number: int, address: Any) -> None:
    """Raise OSError where somebody listens already, be it with SO_REUSEPORT: another gateway, most likely."""
    with socket.socket(family, kind, number) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)


class Workers:
    """Keeps so many processes running until it is told to end."""

    def __init__(self, settings: Settings, tell: Tell) -> None:
        self._settings = settings
        self._tell = tell
        self._context = multiprocessing.get_context("spawn")
        self._running: dict[int, Any] = {}  # by the number of the worker
        self._waits = dict.fromkeys(range(settings.workers), _FIRST)
        self._tasks: set[asyncio.Task[None]] = set()
        self._listening: set[int] = set()
        self._readings = 0
        self._ending = False

    async def start(self) -> None:
        """Start all of them, and wait until they listen; raises ModelHubError when one does not."""
        try:
            await asyncio.gather(*(self._start(number) for number in range(self._settings.workers)))
        except BaseException:
            self._ending = True
            self.signal(signal.SIGKILL)
            raise

    def signal(self, number: int, whom: Collection[int] | None = None) -> None:
        """Hand a signal on to all of them, or to those of the numbers ``whom``."""
        for worker, process in self._running.items():
            if whom is not None and worker not in whom:
                continue
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, number)

    def reload(self) -> None:
        """Have all of them read their files again; those that are about to listen do so when they can."""
        self._readings += 1
        self.signal(signal.SIGHUP, self._listening)

    async def end(self, hurry: asyncio.Event) -> None:
        """Let all of them drain, or, once ``hurry`` is set, end at once; who does not end is killed."""
        self._ending = True
        for task in self._tasks:
            task.cancel()
        self.signal(signal.SIGTERM)
        end = time.monotonic() + self._settings.grace + _MARGIN
        hurried = False
        while self._running and time.monotonic() < end:
            if hurry.is_set() and not hurried:
                hurried, end = True, time.monotonic() + _MARGIN
                self.signal(signal.SIGTERM)
            await asyncio.sleep(0.02)
        self.signal(signal.SIGKILL)

    async def _start(self, number: int) -> None:
        ours, theirs = self._context.Pipe(duplex=False)
        process: Any = self._context.Process(
            target=work, args=(self._settings, theirs), name=f"modelhub worker {number + 1}"
        )
        await asyncio.to_thread(process.start)
        theirs.close()
        self._running[number] = process
        loop, began, readings = asyncio.get_running_loop(), time.monotonic(), self._readings
        loop.add_reader(process.sentinel, self._bury, number, process, began)
        with ours:
            said = await _receive(ours)
        if said is not None:
            raise ModelHubError(said)
        self._listening.add(number)
        if readings != self._readings:  # it may have read the files of before
            self.signal(signal.SIGHUP, {number})

    def _bury(self, number: int, process: Any, began: float) -> None:
        """A worker has ended: start another in its place, later and later if it ends at once."""
        asyncio.get_running_loop().remove_reader(process.sentinel)
        process.join()
        self._running.pop(number, None)
        self._listening.discard(number)
        code, pid = process.exitcode, process.pid
        process.close()
        forget_process(pid)
        if self._ending:
            return
        lived = time.monotonic() - began
        wait = self._waits[number] = _FIRST if lived > _STEADY else min(self._waits[number] * 2, _LONGEST)
        self._tell(f"worker {number + 1} has ended ({_say_code(code)}); it is started again")
        task = asyncio.ensure_future(self._revive(number, wait))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _revive(self, number: int, wait: float) -> None:
        await asyncio.sleep(wait)
        try:
            await self._start(number)
        except ModelHubError as error:  # it has ended, and is buried
            self._tell(f"worker {number + 1}: {error}")


async def _receive(ours: Connection) -> str | None:
    """Wait for what a worker says when it listens (None), or why it does not."""
    loop = asyncio.get_running_loop()
    spoken = asyncio.Event()
    loop.add_reader(ours.fileno(), spoken.set)
    try:
        await spoken.wait()
    finally:
        loop.remove_reader(ours.fileno())
    try:
        said: str | None = ours.recv()
    except EOFError:
        return "a worker has ended before it could listen"
    return said


def work(settings: Settings, parent: Connection) -> None:
    """What a worker does; it says to ``parent`` when it listens, or why it cannot."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is told of Ctrl-C, too
    warnings.simplefilter("ignore", ConfigWarning)  # the parent has told them
    above = multiprocessing.parent_process()
    assert above is not None
    try:
        service = Service(settings, tells=False)
        sentinel = int(above.sentinel)
        run(serve(settings, service, lambda url: parent.send(None), _note, shared=True, parent=sentinel))
    except ModelHubError as error:
        with contextlib.suppress(OSError):
            parent.send(str(error))
        sys.exit(1)


def _note(news: News) -> None:
    """What a worker's own reload comes to: the parent has looked at the same files before, and has told of it."""
    if isinstance(news, Exception | str):
        print(f"a worker has not reloaded: {news}", file=sys.stderr, flush=True)


def _say_code(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


async def watch_over(settings: Settings, service: Service, ready: Callable[[str], object], tell: Tell) -> None:
    """Serve by workers until a signal says to end.

    ``service`` is for reading files again before the workers do: what is wrong never gets to them. ``ready`` is called
    with the URL, and ``tell`` with what reloads come to, and when a worker has died. Raises ModelHubError when one
    cannot be started.
    """
    try:
        with reserve(settings.host, settings.port) as (host, port, url):
            workers = Workers(replace(settings, host=host, port=port, watch=False), tell)
            keys = settings.keys if settings.watch else None
            async with reloading(service, keys, tell, workers.reload) as again:
                signals = Signals(again.ask)
                try:
                    await workers.start()
                    ready(url)
                    await signals.stop.wait()
                finally:
                    await workers.end(signals.hurry)
    finally:
        await service.close()
