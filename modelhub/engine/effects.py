"""What a flow may ask of the driver that serves it: a closed and small set."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from typing import Any, Final, Protocol, TypeVar

from modelhub.response.accumulator import Accumulator
from modelhub.response.response import ModelResponse
from modelhub.wire import Deadline, Request

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
    """Ask for a Python call; where the caller must not block, ``acall`` is awaited or ``call`` is made in a thread.

    One with a ``deadline`` is given up then: it raises TimeoutError, and a call that cannot be stopped goes on unheard.
    """

    __slots__ = ("acall", "call", "deadline")

    def __init__(
        self,
        call: Callable[[], Any] | None = None,
        acall: Callable[[], Awaitable[Any]] | None = None,
        deadline: Deadline | None = None,
    ) -> None:
        self.call = call
        self.acall = acall
        self.deadline = deadline

    def invoke(self) -> Any:
        """Make the call in this thread; raises TypeError where there is only an async one."""
        if self.call is None:
            raise TypeError("this model can only be awaited: use `await model.acall(...)`")
        if self.deadline is None:
            return self.call()
        from modelhub.engine.giving_up import call_within  # few calls are bounded

        return call_within(self.call, self.deadline.left())

    async def ainvoke(self) -> Any:
        """Make the call from an event loop."""
        if self.acall is None:
            from asyncio import to_thread  # imported where it is used: most programs that load configs never need it

            return await to_thread(self.invoke)
        if self.deadline is None:
            return await self.acall()
        from modelhub.engine.giving_up import acall_within

        return await acall_within(self.acall, self.deadline.left())


class Together:
    """Ask for several flows to be served at the same time; the outcome is the list of their results.

    If one fails its error is the outcome, and the others are given up.
    """

    __slots__ = ("flows",)

    def __init__(self, flows: Sequence[Generator[Any, Any, Any]]) -> None:
        self.flows = flows


class Listens(Protocol):
    """What one may wait for."""

    def listen(self, wake: Callable[[], object]) -> None:
        """Call ``wake`` from now on, from any thread, when it is worth to look again: at once, if it is."""


class Wait:
    """Ask to wait until ``on`` wakes, for so many ``seconds`` at most, which may be infinite."""

    __slots__ = ("on", "seconds")

    def __init__(self, on: Listens, seconds: float) -> None:
        self.on = on
        self.seconds = seconds


READ: Final = Read()

# What a flow may yield. The last two are for the caller: an Accumulator, once, says that what comes from now on is
# handed over in pieces and gathers in it; a list is the deltas to hand over, which is the driver's from then on.
Effect = Request | Read | Sleep | Wait | Together | Invoke | Accumulator | list[ModelResponse]
Flow = Generator[Effect, Any, T]
