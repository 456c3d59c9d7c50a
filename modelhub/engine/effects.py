"""What a flow may ask of the driver that serves it: a closed and small set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import Any, Final, TypeVar

from modelhub.response.accumulator import Accumulator
from modelhub.response.response import ModelResponse
from modelhub.wire import Request

T = TypeVar("T")


class Read:
    """Ask for the next bytes of the open stream; ``b""`` is its end."""

    __slots__ = ()


class Sleep:
    """Ask for a pause of so many seconds."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class Invoke:
    """Ask for a Python call; where the caller must not block, ``acall`` is awaited or ``call`` is made in a thread."""

    __slots__ = ("acall", "call")

    def __init__(
        self, call: Callable[[], Any] | None = None, acall: Callable[[], Awaitable[Any]] | None = None
    ) -> None:
        self.call = call
        self.acall = acall

    def invoke(self) -> Any:
        """Make the call in this thread; raises TypeError where there is only an async one."""
        if self.call is None:
            raise TypeError("this model can only be awaited: use `await model.acall(...)`")
        return self.call()

    async def ainvoke(self) -> Any:
        """Make the call from an event loop."""
        if self.acall is not None:
            return await self.acall()
        from asyncio import to_thread  # imported where it is used: most programs that load configs never need it

        return await to_thread(self.invoke)


READ: Final = Read()

# What a flow may yield. The last two are for the caller: an Accumulator, once, says that what comes from now on is
# handed over in pieces and gathers in it; a list is the deltas to hand over.
Effect = Request | Read | Sleep | Invoke | Accumulator | list[ModelResponse]
Flow = Generator[Effect, Any, T]
