"""What a flow may ask of the driver that serves it: a closed and small set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, Final, TypeVar

from modelhub.wire import Request

if TYPE_CHECKING:
    from modelhub.response import ModelResponse

T = TypeVar("T")


class Read:
    """Ask for the next bytes of the open stream; ``b""`` is its end."""

    __slots__ = ()


class Invoke:
    """Ask for a Python call; where the caller must not block, ``acall`` is awaited or ``call`` is made in a thread."""

    __slots__ = ("acall", "call", "delay")

    def __init__(
        self,
        call: Callable[[], Any] | None = None,
        acall: Callable[[], Awaitable[Any]] | None = None,
        delay: float = 0.0,
    ) -> None:
        self.call = call
        self.acall = acall
        self.delay = delay

    def invoke(self) -> Any:
        """Make the call; without one, only the delay was wanted."""
        return self.call() if self.call is not None else None

    async def ainvoke(self) -> Any:
        """Make the call from an event loop."""
        from asyncio import to_thread  # imported where it is used: most programs that load configs never need it

        if self.acall is not None:
            return await self.acall()
        return await to_thread(self.call) if self.call is not None else None


READ: Final = Read()

# What a generator may yield. A stream also yields lists of deltas: they go to the caller.
Effect = Request | Read | Invoke
Flow = Generator[Effect, Any, T]
StreamFlow = Generator["Effect | list[ModelResponse]", Any, None]
