"""One call of a model, whatever kind it is: what is asked, who is told, and how it becomes an answer.

A call is a generator. It yields what it needs done and is sent the outcome; a driver (``sync``, ``aio``, or the
replay of ``modelhub.testing``) does it. What wraps a call is a generator that wraps a generator, so every policy
exists once and serves all drivers alike.
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
    """One call on its way.

    ``so_far`` gathers what a streamed answer has brought, None for a whole one. ``tell`` is given the events of the
    call, None when nobody listens. ``attempts`` counts the tries, those of all its requests together.
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
    """The flow that ``start`` makes; whatever ModelCallError ends it, in building, asking or reading, has the model's
    name in it and none of its secrets."""
    try:
        return (yield from start())
    except ModelCallError as error:
        model.explain(error)
        raise
