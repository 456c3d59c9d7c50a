"""One call of a model of any kind: what is asked, which observers are told, and how it becomes an answer.

A call is a generator. It yields what has to be done, and it is sent the outcome; a driver (``sync``, ``aio``, or the
replay of ``modelhub.testing``) does the work. A policy is a generator around the generator of the call, so each policy
is written once and works with all drivers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from modelhub.engine.effects import Flow
from modelhub.engine.interface import Model
from modelhub.errors import ModelCallError
from modelhub.response.accumulator import Accumulator

T = TypeVar("T")


class Listener(Protocol):
    """Who is told what happens to a call; ``modelhub.telemetry`` makes records of it."""

    def attempt_started(self, call: Call, attempt: int) -> None:
        """A try begins; ``attempt`` counts from 1."""

    def attempt_failed(self, call: Call, attempt: int, error: ModelCallError, wait: float | None) -> None:
        """A try failed; the next begins in ``wait`` seconds, None when there is none."""

    def first_token(self, call: Call) -> None:
        """The first piece of a streamed answer is handed over."""

    def stream_ended(self, call: Call) -> None:
        """A streamed answer is whole."""


class Call:
    """One call on its way.

    ``so_far`` gathers what a streamed answer has brought, None for a whole one. ``listener`` is told what happens to
    the call, None when nobody listens. ``attempts`` counts the tries, those of all its requests together.

    A model whose ``__call__`` goes on to that of its base class makes a call that is a part of its own: ``whole`` is
    the call it is a part of, and ``has_parts`` says that the current try has made such a call.
    """

    # What nearly every call leaves as it is stands here once.
    id = ""
    parent_id: str | None = None
    listener: Listener | None = None
    so_far: Accumulator | None = None
    attempts = 0
    whole: Call | None = None
    has_parts = False
    keywords: Mapping[str, Any] = MappingProxyType({})  # of a plain Python call

    def __init__(self, model: Any, input: Any, options: dict[str, Any]) -> None:
        self.model = model
        self.input = input
        self.options = options
        self.response_format = options.get("response_format")  # models take it out of the options


CURRENT: ContextVar[Call | None] = ContextVar("modelhub.call", default=None)
"""The call of a Python model whose own code is running; calls that this code makes are parts of it."""


def explained(model: Model, start: Callable[..., Flow[T]], *given: Any) -> Flow[T]:
    """The flow that ``start`` makes of what it is ``given``.

    Whatever ModelCallError ends it, in building, asking or reading, has the model's name in it and none of its secrets.
    """
    try:
        return (yield from start(*given))
    except ModelCallError as error:
        model.explain(error)
        raise
