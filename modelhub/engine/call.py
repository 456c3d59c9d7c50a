"""One call of a model of any kind: what is asked, which observers are told, and how it becomes an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from modelhub.engine.effects import Flow
from modelhub.engine.extras import Extras
from modelhub.engine.interface import Authorization, Guards, Model, RetryPolicy
from modelhub.errors import ModelCallError
from modelhub.response.accumulator import Accumulator
from modelhub.wire import Deadline, Request, Timeouts

if TYPE_CHECKING:
    from modelhub.prices.spending import Spending
    from modelhub.trail import Entry

T = TypeVar("T")


class Listener(Protocol):
    """Who is told what happens to a call; ``modelhub.telemetry`` makes records of it."""

    def follow(self, call: Call, start: Callable[[Call], Flow[Any]]) -> Flow[Any]:
        """The flow that ``start`` makes of the call or of a part of it, which the listener may look into."""
        ...

    def attempt_started(self, call: Call, attempt: int) -> None:
        """A try begins; ``attempt`` counts from 1."""

    def attempt_failed(self, call: Call, attempt: int, error: ModelCallError, wait: float | None) -> None:
        """A try failed; the next begins in ``wait`` seconds, None when there is none."""

    def first_token(self, call: Call) -> None:
        """The first piece of a streamed answer is handed over."""

    def stream_ended(self, call: Call) -> None:
        """A streamed answer is whole."""

    def enter(self, call: Call) -> Callable[[], object] | None:
        """Code of the model begins to run; what to call when it has stopped, None for nothing."""

    def carry(self, call: Call) -> Mapping[str, str]:
        """The headers by which the servers of its requests know what they are a part of."""
        ...

    def queued(self, call: Call) -> None:
        """A try has to wait in line."""

    def admitted(self, call: Call, waited: float) -> None:
        """A try that was in line for so many seconds may begin."""

    def cache_hit(self, call: Call, coalesced: bool) -> None:
        """The answer of another call is used: one that was under way if ``coalesced``, else one that was kept."""

    def breaker_changed(self, call: Call, before: str, after: str) -> None:
        """What became of a try has changed the circuit breaker."""

    def routed(self, call: Call, target: str, reason: str) -> None:
        """A composite has chosen a target, for a ``reason``."""

    def fell_back(self, call: Call, failed: str, target: str, error: ModelCallError | None) -> None:
        """A composite goes on to a target because of the ``error`` of another, or because its answer will not do."""

    def budget_exceeded(self, call: Call, excess: Any, per: str, action: str, retry_after: float | None) -> None:
        """A budget is used up, as ``excess`` says; ``action`` is what follows, ``retry_after`` when its period ends."""


class Counting(Protocol):
    """Who counts what happens to the calls of a config, at next to no cost."""

    def retried(self) -> None:
        """A try that failed is repeated."""

    def line_up(self, step: int) -> None:
        """A try waits in line (1), or no longer (-1)."""


class Call:
    """One call on its way.

    Its way is a generator, which yields what has to be done and is sent the outcome; a driver (``sync``, ``aio``, or
    the replay of ``modelhub.testing``) does the work. A policy is a generator around that one: it is written once, for
    all drivers.

    ``so_far`` gathers what a streamed answer has brought, None for a whole one. ``listener`` is told what happens to
    the call, None when nobody listens. ``attempts`` counts the tries, those of all its requests together.

    A model whose ``__call__`` goes on to that of its base class makes a call that is a part of its own: ``whole`` is
    the call it is a part of, and ``has_parts`` says that the current try has made such a call.
    """

    # What nearly every call leaves as it is stands here once.
    id = ""
    parent_id: str | None = None
    listener: Listener | None = None
    tally: Counting | None = None
    so_far: Accumulator | None = None
    attempts = 0
    whole: Call | None = None
    has_parts = False
    sent: Any = None  # what of the tools was sent in another form than the caller's: see SentTools
    keywords: Mapping[str, Any] = MappingProxyType({})  # of a plain Python call
    trail: tuple[Entry, ...] = ()  # of the tries that are over
    outer: Call | None = None  # whose code or whose composite has made it
    parts: tuple[Entry, ...] = ()  # what the calls that the current try has made have tried
    status: int | None = None  # of the last reply
    extras: Extras | None = None  # what is added to its requests
    prepared: Request | None = None  # the request for a whole answer, where it was built before
    timeouts: Timeouts | None = None  # its own, in place of the config's
    deadline: Deadline | None = None  # when it must be over
    is_short: bool = False  # it is its own ``timeout`` that bounds it
    retry_policy: RetryPolicy | None = None  # its own
    cache: bool | str | None = None  # its own: False, True or "refresh"
    tags: tuple[str, ...] = ()
    handed: Mapping[str, Any] = MappingProxyType({})  # what it hands to a call of its base class that is a part of it
    reached: Mapping[str, Any] | None = None  # the models that a call of a composite may ask, by name
    guards: Guards | None = None  # what stands around each of its attempts
    clock: Callable[[], float] | None = None  # where it is not that of its model
    authorization: Authorization | None = None  # of the requests that it has sent
    secrets: tuple[str, ...] = ()  # what was made to authorize its last requests
    tried_at = 0.0  # when the current try began, where somebody listens
    lined = 0.0  # seconds that the current try has waited in line
    handed_in = False  # a server works on what it asks, so that it must not be asked for again
    repeats = 0  # how often a question after such work was repeated
    arrived: float | None = None  # when the first piece of a streamed answer was handed over
    cached = False  # the answer of another call is used
    spending: Spending | None = None  # what the calls that are parts of it have cost; None where there are none

    def __init__(self, model: Any, input: Any, options: dict[str, Any]) -> None:
        self.model = model
        self.input = input
        self.options = options
        self.response_format = options.get("response_format")  # models take it out of the options

    def remember(self, error: ModelCallError) -> None:
        """Go on after ``error`` and what it tells of, without its traceback, whose frames hold this call."""
        *before, (last, _) = error._trail
        self.trail = (*before, (last, error.with_traceback(None)))
        error._trail = ()  # copying it would copy the trail as often as there were tries
        if self.so_far is not None:
            self.so_far.trail = self.trail

    def tell_outer(self, entries: tuple[Entry, ...]) -> None:
        """Let the call that has made this one know what it tried; a composite, which tries nothing, tells its own."""
        outer = self.outer
        while outer is not None:
            outer.parts = (*outer.parts, *entries)
            outer = outer.outer if not outer.attempts else None

    def join(self, error: ModelCallError, model: Any) -> None:
        """Let ``error``, of ``model`` which is a part of this call, tell what was tried before it, too."""
        name, kind = model.config_name, model.model_type or type(model).__name__
        own: tuple[Entry, ...] = error._trail or (((name, kind, 1, error.status, 0.0, 0.0, "rejected"), None),)
        error._trail = (*self.trail, *own)


CURRENT: ContextVar[Call | None] = ContextVar("modelhub.call", default=None)
"""The call of a Python model whose own code is running; calls that this code makes are parts of it."""


class Inside:
    """While code runs inside it, ``call`` is the current one, for those who listen, too."""

    __slots__ = ("_call", "_leave", "_token")

    def __init__(self, call: Call) -> None:
        self._call = call

    def __enter__(self) -> None:
        call = self._call
        self._token = CURRENT.set(call)
        self._leave = call.listener.enter(call) if call.listener is not None else None

    def __exit__(self, kind: object, error: BaseException | None, at: object) -> None:
        if self._leave is not None:
            self._leave()
        CURRENT.reset(self._token)


def explained(model: Model, start: Callable[..., Flow[T]], *given: Any) -> Flow[T]:
    """The flow that ``start`` makes of what it is ``given``.

    Whatever ModelCallError ends it, in building, asking or reading, has the model's name in it and none of its secrets.
    """
    try:
        return (yield from start(*given))
    except ModelCallError as error:
        model.explain(error)
        raise
