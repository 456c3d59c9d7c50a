"""What is open in an event loop is closed with it: however the loop ends, and from whichever thread."""

from __future__ import annotations

import asyncio
import atexit
import os
import socket
import threading
import weakref
from asyncio import AbstractEventLoop
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, Protocol

PATIENCE = 1.0  # seconds that closing may take: a server may be slow to take leave


class Closing(Protocol):
    """What has to be closed in its loop; ``pid`` is the process that opened it."""

    pid: int

    async def close(self, what: str = ...) -> None:
        """Close it; ``what`` is the thing whose end this is."""

    def forsake(self) -> None:
        """Let go of it where its loop can do nothing more."""


_OPEN: dict[AbstractEventLoop, list[Closing]] = {}
_WATCHED: weakref.WeakSet[AbstractEventLoop] = weakref.WeakSet()
_CLOSING: set[asyncio.Task[Any]] = set()


def keep(loop: AbstractEventLoop, closing: Closing) -> None:
    """Have ``closing`` closed when ``loop`` is, also by a program that closes its loop by hand, or never does."""
    if loop not in _OPEN:
        _OPEN[loop] = []
        _close_before(loop)
    _OPEN[loop].append(closing)


def release(loop: AbstractEventLoop, closing: Closing) -> None:
    """``closing`` is closed."""
    kept = _OPEN.get(loop, [])
    if closing in kept:
        kept.remove(closing)
        if not kept:
            del _OPEN[loop]


def close_soon(loop: AbstractEventLoop, closing: Closing, what: str) -> None:
    """Close in ``loop``: by its own thread soon if it runs, else now."""
    if closing.pid != os.getpid():
        return
    if loop.is_closed():
        closing.forsake()
    elif loop.is_running():
        with suppress(RuntimeError):  # it has just been closed
            loop.call_soon_threadsafe(_spawn, lambda: closing.close(what))
    else:
        _run(loop, lambda: closing.close(what))


def do_in(loop: AbstractEventLoop, act: Callable[[], Any]) -> None:
    """Do ``act`` in the thread of ``loop`` soon, if it runs in another one, else now."""
    if loop.is_running() and not _is_here(loop):
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(act)
    else:
        act()


async def see_through(last: Coroutine[Any, Any, Any]) -> Any:
    """What ``last`` returns, which goes on where the task that waits for it is cancelled, as often as it may be."""
    task = asyncio.ensure_future(last)
    _CLOSING.add(task)
    task.add_done_callback(_forget)
    return await asyncio.shield(task)


def _forget(task: asyncio.Task[Any]) -> None:
    _CLOSING.discard(task)
    if not task.cancelled():
        task.exception()  # nobody else may look at it


def hang_up(response: Any) -> None:
    """Tell the server at once that its reply is not wanted: a loop that rests would tell it when it runs again."""
    with suppress(AttributeError, OSError):
        response.connection.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def _is_here(loop: AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _spawn(close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    task = asyncio.ensure_future(close())
    _CLOSING.add(task)
    task.add_done_callback(_CLOSING.discard)


def _close_before(loop: AbstractEventLoop) -> None:
    """Have ``loop`` close what is open in it before it closes itself."""
    if loop in _WATCHED:
        return
    close = loop.close

    def close_all() -> None:
        if not loop.is_running() and not loop.is_closed():  # one that runs refuses to be closed
            _finish(loop)
        close()

    with suppress(TypeError):  # a loop without attributes of its own: what it leaves open is closed later
        vars(loop)["close"] = close_all
        _WATCHED.add(loop)


def _finish(loop: AbstractEventLoop) -> None:
    """Close what is open in a loop that rests, and see to the end what was begun to be closed."""
    left = [closing for closing in _OPEN.get(loop, []) if closing.pid == os.getpid()]

    async def close_all() -> None:
        for closing in left:
            await closing.close()
        begun = [task for task in _CLOSING if task.get_loop() is loop]
        if begun:
            await asyncio.wait(begun)

    if left or any(task.get_loop() is loop for task in _CLOSING):
        _run(loop, close_all)


def _run(loop: AbstractEventLoop, close: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Close in a loop that rests; in a thread of its own where another loop runs in this one."""

    async def in_time() -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await close()

    def run() -> None:
        waiting = in_time()
        try:
            loop.run_until_complete(waiting)
        except RuntimeError:  # somebody has just started or closed it
            waiting.close()

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        run()
        return
    thread = threading.Thread(target=run, name="modelhub-closing", daemon=True)
    thread.start()
    thread.join()


@atexit.register
def _finish_all() -> None:
    """Close what is open in loops that are never closed, at the end of the program."""
    for loop in list(_OPEN):
        if loop.is_running():
            for closing in [closing for closing in _OPEN.get(loop, []) if closing.pid == os.getpid()]:
                with suppress(Exception):
                    asyncio.run_coroutine_threadsafe(closing.close(), loop).result(PATIENCE)
        elif not loop.is_closed():
            _finish(loop)
