"""What the engine asks of a model; the engine knows nothing else about the layers above it."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Protocol

from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Accumulator
from modelhub.response.origin import Origin
from modelhub.wire import Event, EventDecoder, Reply, Request


class RetryPolicy(Protocol):
    """How often a model is asked again, and after how long; ``explicit`` is true if its config says so."""

    explicit: bool

    def wait_before(self, attempt: int, error: ModelCallError) -> float | None:
        """Seconds to wait before try number ``attempt`` (2 is the first repeat), or None to give up."""


class Model(Protocol):
    """Any model: a model over HTTP, a model in a library of this process, or a plain Python function."""

    config_name: str
    model_name: str

    @property
    def retry_policy(self) -> RetryPolicy:
        """Whether a failed try is repeated, and after how long."""
        ...

    def find_origin(self) -> Origin | None:
        """Who answers, if the vendor wants something of its answers back."""
        ...

    def explain(self, error: ModelCallError) -> None:
        """Put this model's name into ``error``, and take its secrets out."""


class HTTPModel(Model, Protocol):
    """A model over HTTP: it says which requests to send and how to read the replies."""

    @property
    def decoder(self) -> type[EventDecoder]:
        """What cuts the bytes of a stream into events."""
        ...

    @property
    def timeouts(self) -> tuple[float, float]:
        """Seconds to connect, and seconds to wait for data each time."""
        ...

    @property
    def limits(self) -> tuple[int, int]:
        """The most bytes that one event of a stream may have, and those of the body of a whole reply."""
        ...

    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        """The request for ``input`` with ``options``."""
        ...

    def parse_response(self, reply: Reply) -> ModelResponse:
        """The response that a successful reply holds."""
        ...

    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        """The delta that one event of a stream brings, or None; ``so_far`` is what came before it."""
        ...

    def parse_error(self, reply: Reply) -> ModelCallError:
        """The typed error for a reply that is not a success."""
        ...

    def exchange(self, input: Any, options: dict[str, Any]) -> Generator[Request, Reply, ModelResponse] | None:
        """A conversation of several requests; None if one request is enough."""
        ...
