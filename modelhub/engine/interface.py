"""What the engine asks of a model; the engine knows nothing else about the layers above it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, ClassVar, NamedTuple, Protocol

from modelhub.engine.effects import Flow
from modelhub.engine.job import Job
from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse
from modelhub.response.accumulator import Accumulator
from modelhub.response.origin import Origin
from modelhub.wire import Event, EventDecoder, Reply, Request, Timeouts, Way


class RetryPolicy(Protocol):
    """How often a model is asked again, and after how long; ``explicit`` is true if its config says so."""

    explicit: bool

    def wait_before(self, attempt: int, error: ModelCallError) -> float | None:
        """Seconds to wait before try number ``attempt`` (2 is the first repeat), or None to give up."""


class Guards(Protocol):
    """What stands around the attempts of a model: its circuit breaker and its limits, one for all its calls."""

    def attempted(self, call: Any, flow: Flow[Any]) -> Flow[Any]:
        """``flow``, one attempt of ``call``, once it may be sent; its end is told to who let it through.

        Raises a ModelCallError whose ``sent`` is false where it may not be sent.
        """
        ...


class Sources(Protocol):
    """What a call takes from outside to be authorized; a model's drivers have it."""

    clock: Callable[[], float]  # seconds, from any start
    wall: Callable[[], float]  # seconds since 1970
    nonce: Callable[[], str]  # a text that was never used before


class Authorized(NamedTuple):
    """A ``request`` as it may be sent, and the ``secrets`` in it, which must not be shown."""

    request: Request
    secrets: tuple[str, ...] = ()


class Authorization(Protocol):
    """What shows a server that a request may be made; it acts on each request right before it is sent."""

    @property
    def identity(self) -> str:
        """A digest that tells apart who asks; it does not change with signatures and tokens."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must not be shown: those of the config, and those that are in use now."""
        ...

    def authorize(self, request: Request, sources: Sources) -> Authorized | None:
        """``request`` as it may be sent; None where something has to be asked for first."""
        ...

    def ask(self, request: Request, sources: Sources) -> Flow[Authorized]:
        """The same, from a flow that asks for what is needed, by requests of its own."""
        ...

    def forget(self, refused: Request) -> bool:
        """Use no more what ``refused`` was authorized with, after a 401; whether another try may have more success."""
        ...

    def conceal(self, text: str, made: tuple[str, ...]) -> str:
        """``text`` without its secrets, and without those that were ``made`` for the requests of a call."""
        ...


class Model(Protocol):
    """Any model: a model over HTTP, a model in a library of this process, or a plain Python function."""

    config_name: str
    model_name: str
    model_type: ClassVar[str]
    is_composite: ClassVar[bool]

    @property
    def clock(self) -> Callable[[], float]:
        """The time in seconds that tries are measured by."""
        ...

    @property
    def retry_policy(self) -> RetryPolicy:
        """Whether a failed try is repeated, and after how long."""
        ...

    def find_origin(self) -> Origin | None:
        """Who answers, if the vendor wants something of its answers back."""
        ...

    def explain(self, error: ModelCallError) -> None:
        """Put this model's name into ``error``, and take its secrets out."""


class Bound(Protocol):
    """What all requests of a model have in common, worked out once from its config."""

    @property
    def timeouts(self) -> Timeouts:
        """How long a call may wait, and for what."""
        ...

    @property
    def limits(self) -> tuple[int, int]:
        """The most bytes that one event of a stream may have, and those of the body of a whole reply."""
        ...

    @property
    def way(self) -> Way | None:
        """The proxy and the certificates of the config; None where it has neither."""
        ...


class HTTPModel(Model, Protocol):
    """A model over HTTP: it says which requests to send and how to read the replies."""

    propagate: bool

    def build_decoder(self) -> EventDecoder:
        """What cuts the bytes of a stream into events."""
        ...

    @property
    def bound(self) -> Bound:
        """What all of its requests have in common."""
        ...

    @property
    def authorization(self) -> Authorization | None:
        """What authorizes each of its requests by itself; None where its headers say all."""
        ...

    @property
    def input_name(self) -> str:
        """What the input of a call is called."""
        ...

    def fit_call(self, call: Any) -> None:
        """Give the options of a call the forms that the vendor takes."""

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

    def relent(self, request: Request, error: ModelCallError, options: Mapping[str, Any]) -> Request | None:
        """The request to send in place of one that the server refused with ``error``; None if there is none."""
        ...

    def exchange(self, input: Any, options: dict[str, Any]) -> Generator[Request, Reply, ModelResponse] | Job | None:
        """A conversation of several requests, or a job that its request hands in; None if one request is enough."""
        ...
