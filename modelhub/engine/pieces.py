"""The pieces of what a Python function gives in pieces, blocking or async, read one by one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from modelhub.response import StreamedResponse

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Task

END: Any = object()


class Pieces:
    """The pieces of a blocking or async outcome, read one by one; ``returned`` is the return value of a generator."""

    __slots__ = ("_chunks", "_loop", "anext", "next", "outcome", "returned")

    def __init__(self, outcome: Any, loop: AbstractEventLoop | None) -> None:
        pulled = hasattr(outcome, "__anext__")  # some libraries' streams are not what `aiter` takes
        asynchronous = loop is not None and (pulled or hasattr(outcome, "__aiter__"))
        self.outcome = outcome
        self.returned: Any = None
        self._chunks: Any = (outcome if pulled else aiter(outcome)) if asynchronous else iter(outcome)
        self._loop = loop if asynchronous else None
        self.next: Callable[[], Any] | None = None if asynchronous else self._next
        self.anext: Callable[[], Awaitable[Any]] | None = self._anext if asynchronous else None

    def _next(self) -> Any:
        try:
            return next(self._chunks)
        except StopIteration as done:
            self.returned = done.value
        except StopAsyncIteration:
            pass  # this is how wrappers over async SDKs end
        return END

    async def _anext(self) -> Any:
        return await anext(self._chunks, END)

    def close(self) -> None:
        """Stop the stream; an async stream is closed a little later by its loop, since waiting is not allowed here."""
        if self._loop is not None:
            if hasattr(self._chunks, "aclose") and not self._loop.is_closed():
                _spawn(self._loop, self._chunks.aclose, self._close_response)
            else:
                self._close_response()
            return
        # Some libraries close only what they wrap; a response has a connection to give back.
        for stream in (self._chunks, getattr(self._chunks, "completion_stream", None), self.outcome):
            close = getattr(stream, "close", None)
            if close is not None:
                with suppress(ValueError):  # a generator that is running in a thread
                    close()

    def _close_response(self) -> None:
        """Give back the connection of another model's answer; who stops iterating it has not closed it."""
        if isinstance(self.outcome, StreamedResponse):
            self.outcome.close()


_CLOSING: set[Task[None]] = set()


def _spawn(loop: AbstractEventLoop, close: Callable[[], Any], at_once: Callable[[], Any]) -> None:
    """Have ``loop`` do ``at_once``, and run ``close`` as a task of its own."""
    import asyncio

    def start() -> None:
        at_once()
        task = loop.create_task(close())
        _CLOSING.add(task)
        task.add_done_callback(_CLOSING.discard)

    try:
        here = asyncio.get_running_loop() is loop
    except RuntimeError:
        here = False
    if here:
        start()
    elif loop.is_running():
        with suppress(RuntimeError):  # it has just been closed
            loop.call_soon_threadsafe(start)
