"""Runs the application on a socket: inside a program, or as a command that runs until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import functools
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from aiohttp import web

from modelhub.errors import ModelHubError

_print = functools.partial(print, flush=True)
_GRACE = 0.2
"""Seconds that requests under way get to finish at shutdown."""


class Listener:
    """A listening server: its address and its connections."""

    def __init__(self, runner: web.BaseRunner) -> None:
        if runner.server is None:
            raise RuntimeError("the runner is not set up")
        self._server = runner.server
        self.accepted = 0
        self.url = ""

    def accept(self) -> asyncio.Protocol:
        """Make the protocol of a new connection."""
        self.accepted += 1
        return self._server()

    @property
    def open_connections(self) -> int:
        """How many connections are open now; any thread may ask."""
        return len(self._server.connections)

    def transports(self) -> list[asyncio.Transport]:
        """The transports of the open connections."""
        found = [getattr(connection, "transport", None) for connection in self._server.connections]
        return [transport for transport in found if isinstance(transport, asyncio.Transport)]


@contextlib.asynccontextmanager
async def listen(app: web.Application, host: str, port: int) -> AsyncIterator[Listener]:
    """Serve an application while the context is open; after it, no connection is left.

    Raises ModelHubError when the address cannot be listened on.
    """
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_GRACE)
    async with listen_with(runner, host, port) as listener:
        yield listener


@contextlib.asynccontextmanager
async def listen_with(runner: web.BaseRunner, host: str, port: int, *, shared: bool = False) -> AsyncIterator[Listener]:
    """The same for what a ``runner`` runs; if ``shared``, other processes may listen there, too."""
    await runner.setup()
    try:
        listener = Listener(runner)
        server = await _open(listener, host, port, shared)
        try:
            listener.url = build_url(server.sockets[0])
            yield listener
        finally:
            await _stop_accepting(server)
            server.close()
            transports = listener.transports()
    finally:
        await runner.cleanup()
    for transport in transports:
        transport.abort()
    await asyncio.sleep(0)
    await server.wait_closed()


def build_url(listening: Any) -> str:
    """The URL of what a socket listens on."""
    address, bound = listening.getsockname()[:2]
    return f"http://[{address}]:{bound}" if ":" in address else f"http://{address}:{bound}"


async def _open(listener: Listener, host: str, port: int, shared: bool) -> asyncio.Server:
    options: dict[str, Any] = {"reuse_port": True} if shared else {}
    with explained(host, port):
        loop = asyncio.get_running_loop()
        return await loop.create_server(listener.accept, host, port, backlog=1024, **options)


@contextlib.contextmanager
def explained(host: str, port: int) -> Iterator[None]:
    """Raise ModelHubError for an address that cannot be listened on."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ModelHubError(f"port {port} is in use; try --port 0") from error
        reason = error.strerror or error
        raise ModelHubError(f"cannot listen on {host}:{port}: {reason}; try another --host or --port") from error
    except OverflowError:
        raise ModelHubError(f"{port} is not a port; use 0 to 65535") from None


async def _stop_accepting(server: asyncio.Server) -> None:
    """Let the connections that are just being accepted become whole: closed before, asyncio would leave them open."""
    for listening in server.sockets:
        # Not on Windows.
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().remove_reader(listening.fileno())
    for _ in range(2):
        await asyncio.sleep(0)


def serve(
    app: web.Application, greeting: str, *, host: str, port: int, announce: Callable[[str], None] = _print
) -> None:
    """Serve ``app`` until Ctrl-C or SIGTERM. Port 0 means a free port.

    ``announce`` is called once with ``greeting``, in which ``{url}`` is the address. Raises ModelHubError when the
    address cannot be listened on.
    """
    try:
        asyncio.run(_serve(app, greeting, host, port, announce))
    except KeyboardInterrupt:
        return


async def _serve(app: web.Application, greeting: str, host: str, port: int, announce: Callable[[str], None]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Not on Windows, and not outside the main thread.
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stop.set)
    async with listen(app, host, port) as listener:
        announce(greeting.format(url=listener.url))
        await stop.wait()
