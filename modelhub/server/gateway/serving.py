"""One process that serves: it listens, reads its files again when it is told to, and drains when it is to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from importlib import import_module
from typing import Any, TypeVar

from aiohttp import web

from modelhub.plugins.modules import find_module
from modelhub.server.gateway.connections import Connections
from modelhub.server.gateway.reloading import Tell, reloading
from modelhub.server.gateway.service import Service
from modelhub.server.gateway.settings import Settings
from modelhub.server.gateway.signals import Signals
from modelhub.server.http.listening import listen_with

T = TypeVar("T")
_SECONDS = 0.2  # that connections get to close at the end


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a program in an event loop: uvloop's, where it is installed."""
    factory = None
    if find_module("uvloop") is not None:
        factory = import_module("uvloop").new_event_loop  # which is no dependency
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(coroutine)


async def serve(
    settings: Settings,
    service: Service,
    ready: Callable[[str], object],
    tell: Tell,
    *,
    shared: bool = False,
    parent: int | None = None,
) -> None:
    """Serve until a signal says to end; ``ready`` is called with the URL, and ``tell`` with what reloads come to.

    A worker is ``shared`` with others, and ends when ``parent``, a file that can be read then, does.
    """
    gateway = service.gateway
    runner = web.ServerRunner(Connections(gateway.handle, gateway.refuse), shutdown_timeout=_SECONDS)
    try:
        async with reloading(service, settings.keys if settings.watch else None, tell) as again:
            signals = Signals(again.ask, deaf=shared)
            if parent is not None:
                asyncio.get_running_loop().add_reader(parent, _end, parent, signals)
            async with listen_with(runner, settings.host, settings.port, shared=shared) as listener:
                ready(listener.url)
                await signals.stop.wait()
                gateway.draining.begin()
                await gateway.draining.finish(settings.grace, signals.hurry)
    finally:
        await service.close()


def _end(parent: int, signals: Signals) -> None:
    asyncio.get_running_loop().remove_reader(parent)
    signals.end()
