"""What happens in the life of a call, as frozen records that the engine hands to whoever listens.

Every record has the ``config_name`` of the model, the ``call_id``, and the ``time`` in seconds of a clock that only
goes forward (``time.monotonic``); durations are in seconds, too. The order within one call is: CallStarted; CacheHit,
or for each try AttemptStarted, Queued and Admitted if it had to wait in line, then BreakerChanged if it has changed the
breaker, AttemptFailed and perhaps RetryScheduled, or for a stream FirstToken and StreamEnded; at last CallEnded, once,
whether the call succeeded, failed or was left. A composite tells Routed and FellBack as its own. Sync, async and
replayed calls tell the same sequence. A call that is refused before anything is sent has no try. A ``__call__`` that
goes on to that of its base class is one call with it, whose tries are told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelhub.response import ModelResponse, Usage


@dataclass(frozen=True, slots=True)
class Event:
    """What all records have."""

    config_name: str
    call_id: str
    time: float


@dataclass(frozen=True, slots=True)
class CallStarted(Event):
    """A call has begun.

    ``parent_id`` is the id of the call that it is a part of, None for one of its own; ``started`` the wall-clock time
    in seconds since 1970; ``arguments`` what the model is asked, not to be changed and with secrets where it has some.
    """

    parent_id: str | None
    started: float
    model_type: str
    model: str
    task: str
    stream: bool
    arguments: dict[str, Any] = field(repr=False)
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptStarted(Event):
    """A request is about to be sent, or a Python model to be called; ``attempt`` counts from 1."""

    attempt: int


@dataclass(frozen=True, slots=True)
class AttemptFailed(Event):
    """A try failed after ``seconds``; ``error`` is the name of its class, ``status`` the HTTP status, if any."""

    attempt: int
    seconds: float
    error: str
    status: int | None
    request_id: str | None


@dataclass(frozen=True, slots=True)
class RetryScheduled(Event):
    """Try number ``attempt`` will begin in ``wait`` seconds, because of an ``error`` of this class."""

    attempt: int
    wait: float
    error: str


@dataclass(frozen=True, slots=True)
class Queued(Event):
    """An attempt has to wait in line, because of the config's ``limits``."""


@dataclass(frozen=True, slots=True)
class Admitted(Event):
    """An attempt that had to wait may begin, after ``waited`` seconds."""

    waited: float


@dataclass(frozen=True, slots=True)
class CacheHit(Event):
    """The answer of another call is used: one that was kept, or, if ``coalesced``, one that was under way."""

    coalesced: bool


@dataclass(frozen=True, slots=True)
class FellBack(Event):
    """A composite asks ``target`` because ``failed`` has failed with an ``error`` of this class.

    Both are config_names. A cascade that has not accepted an answer goes on, too: ``error`` is None then.
    """

    failed: str
    target: str
    error: str | None


@dataclass(frozen=True, slots=True)
class Routed(Event):
    """A router has chosen ``target``, a config_name; ``reason`` says by which of its rules or ways."""

    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class BreakerChanged(Event):
    """What happened to this call has changed the circuit breaker: "closed", "open" or "half-open"."""

    before: str
    after: str


@dataclass(frozen=True, slots=True)
class BudgetExceeded(Event):
    """A budget is used up: ``spent`` of ``limit``, in ``unit`` ("usd" or "tokens"), in the period ``per``.

    ``action`` is "refuse" or "warn"; ``retry_after`` is the end of the period in seconds from now, None for a total.
    """

    unit: str
    spent: float
    limit: float
    per: str
    action: str
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class FirstToken(Event):
    """The first piece of a streamed answer is being handed to the caller."""


@dataclass(frozen=True, slots=True)
class StreamEnded(Event):
    """A streamed answer has come to its end and is whole."""


@dataclass(frozen=True, slots=True)
class CallEnded(Event):
    """A call is over.

    ``seconds`` is its whole duration, the pauses between tries included, and for a stream the time that the caller took
    to read it; ``first_token_seconds`` how long a streamed answer took to begin, None for a whole one. ``error`` is the
    name of the error's class, None for a success and for a stream that the caller left. ``attempts`` counts all tries.
    ``response`` is the answer, None when there is none; ``arguments`` are those of CallStarted. ``cost`` is in
    ``currency``; None where the price is not known and for a call that failed, 0 for an answer that was ``cached``.
    That of a model which asks others is what these cost; ``composite`` tells such a one.
    """

    parent_id: str | None
    model_type: str
    model: str
    task: str
    seconds: float
    first_token_seconds: float | None
    attempts: int
    error: str | None
    finish_reason: str | None
    usage: Usage | None
    request_id: str | None
    stream: bool
    response: ModelResponse | None = field(repr=False)
    arguments: dict[str, Any] = field(repr=False)
    cost: float | None = None
    currency: str | None = None
    cached: bool = False
    tags: tuple[str, ...] = ()
    composite: bool = False


@dataclass(frozen=True, slots=True)
class Exchanged(Event):
    """A request was sent, and this came back; told only to observers whose ``wants_exchanges`` is true.

    ``attempt`` is the try that it was sent in, counted from 1; a try may have several requests. ``input`` and
    ``options`` are what the model was asked. ``status`` is None where no reply came. Of a stream, ``chunks`` has the
    pieces of the body as they came, else ``body`` has all of it. ``error`` is the name of the class of what ended the
    exchange before the reply was whole. ``secrets`` are the values that must not be written down, as all of this may
    hold them.
    """

    attempt: int
    input: Any = field(repr=False)
    options: Mapping[str, Any] = field(repr=False)
    method: str
    url: str = field(repr=False)
    request_headers: Mapping[str, str] = field(repr=False)
    request_body: bytes | None = field(repr=False)
    status: int | None
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    chunks: tuple[bytes, ...] | None = field(repr=False)
    error: str | None
    secrets: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reloaded(Event):
    """A registry has read its sources again; ``config_name`` and ``call_id`` are empty.

    The configs ``added``, ``changed`` and ``removed`` are what differs from before, and ``generation`` is in use now.
    If ``error`` is given, the reload was refused for what it says, and nothing has changed.
    """

    generation: int
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    error: str | None = None
