"""The contract of a protocol of the gateway: requests become calls, answers become bytes; pure functions of data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from modelhub.response import ModelResponse
from modelhub.server.formats.format import Ask
from modelhub.server.formats.replies import Failure, Json, Reply


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a request asks for, as a call of a model: ``model`` is a config_name.

    ``task`` is chat, embedding, image, or tokens, which only counts those of ``input``. ``options`` are for any model;
    ``hints`` for models that know them, and left out for others; ``extra`` for models that know them, and refused for
    others (``requests.options.choose_options``). ``form`` is what the reply must look like. If there is an answer
    ``ready``, no model is asked.
    """

    model: str
    task: str
    input: Any
    options: Mapping[str, Any] = field(default_factory=dict)
    hints: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, Any] = field(default_factory=dict)
    form: Mapping[str, Any] = field(default_factory=dict)
    stream: bool = False
    ready: ModelResponse | None = None


class Writer:
    """Writes one reply in the shape of a protocol; only chats come in pieces."""

    content_type: ClassVar[str] = "text/event-stream; charset=utf-8"  # of a stream

    def build_whole(self, response: ModelResponse) -> Json:
        """The body of a whole reply; counted tokens come as the prompt tokens of its usage."""
        raise NotImplementedError

    def build_opening(self, response: ModelResponse | None = None) -> bytes:
        """What comes before the first delta; ``response`` is the stream, which may know more than its deltas tell."""
        raise NotImplementedError

    def build_delta(self, delta: ModelResponse) -> bytes:
        """The events of a delta, empty where the protocol says nothing of it."""
        raise NotImplementedError

    def build_closing(self, response: ModelResponse) -> bytes:
        """The end of a stream, whose ``response`` is whole now: why it ended, what it used, and the last event."""
        raise NotImplementedError

    def build_error_event(self, failure: Failure) -> bytes:
        """What ends a stream that has failed after its opening."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Route:
    """A method and its paths, whose requests call a model.

    ``parse`` raises Failure for what cannot be asked. ``build_writer`` takes what is wanted, an id that no other reply
    has, and the time in seconds since 1970.
    """

    method: str
    paths: tuple[str, ...]
    task: str
    parse: Callable[[Ask], Wanted]
    build_writer: Callable[[Wanted, str, int], Writer]


@dataclass(frozen=True, slots=True)
class Listing:
    """A method and its paths, whose requests are answered without a call.

    ``build`` takes the tasks of the models that the caller may see by their names, and raises Failure. Of two listings
    with one path, the one that ``fits`` is asked.
    """

    method: str
    paths: tuple[str, ...]
    build: Callable[[Mapping[str, str], Ask], Reply]
    fits: Callable[[Ask], bool] = lambda ask: True


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol: what it is asked, and its form of a failure. Paths may have variable parts, such as ``{model}``."""

    name: str
    routes: tuple[Route, ...]
    listings: tuple[Listing, ...]
    build_error: Callable[[Failure], Reply]
