"""One call of a model of any kind: what is asked, which observers are told, and how it becomes an answer.

A call is a generator. It yields what has to be done, and it is sent the outcome; a driver (``sync``, ``aio``, or the
replay of ``modelhub.testing``) does the work. A policy is a generator around the generator of the call, so each policy
is written once and works with all drivers.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TypeVar

from modelhub import events
from modelhub.engine.effects import Flow
from modelhub.engine.interface import Model
from modelhub.errors import ModelCallError
from modelhub.response.accumulator import Accumulator

T = TypeVar("T")
Tell = Callable[[events.Event], None]


class Call:
    """One call that is being made.

    ``so_far`` gathers a streamed answer; it is None for a whole answer. ``tell`` is given the events of the call; it is
    None without observers. ``attempts`` counts the tries of all its requests together.
    """

    __slots__ = (
        "attempts",
        "clock",
        "id",
        "input",
        "model",
        "options",
        "parent_id",
        "response_format",
        "so_far",
        "tell",
    )

    def __init__(
        self,
        model: Any,
        input: Any,
        options: dict[str, Any],
        *,
        so_far: Accumulator | None = None,
        tell: Tell | None = None,
        id: str = "",
        parent_id: str | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.model = model
        self.input = input
        self.options = options
        self.response_format = options.get("response_format")  # models take it out of the options
        self.so_far = so_far
        self.tell = tell
        self.id = id
        self.parent_id = parent_id
        self.clock = clock
        self.attempts = 0


CURRENT: ContextVar[Call | None] = ContextVar("modelhub.call", default=None)
"""The call of a Python model whose own code is running; calls that this code makes are parts of it."""


def explained(model: Model, start: Callable[[], Flow[T]]) -> Flow[T]:
    """The flow that ``start`` makes; a ModelCallError that it raises has the model's name and none of its secrets."""
    try:
        return (yield from start())
    except ModelCallError as error:
        model.explain(error)
        raise
