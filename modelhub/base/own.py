"""The options of a call that are modelhub's own: they bound and steer the call, and are never sent."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from sys import float_info
from typing import TYPE_CHECKING, Any

from modelhub.errors import BadRequestError
from modelhub.policies.retry import RetryPolicy
from modelhub.printable import shorten
from modelhub.wire import Deadline, Timeouts

if TYPE_CHECKING:
    from modelhub.engine.call import Call

OWN = frozenset({"timeout", "retry", "cache", "tags"})
HANDED = frozenset({"headers", "stream"})
_BOUNDS = ("connect", "first_token", "idle", "total")
_RETRY = {"max_attempts": (1, int), "initial": (0, float), "max": (0, float)}


class Own:
    """The own options of one call.

    ``bounds`` are laid over the config's ``timeout``, ``retry`` over its ``retry``; ``cache`` is False to go around the
    cache, "refresh" to replace what is there. A call that asks several times has one ``deadline`` for all of it.
    ``handed`` are those that only who sends the request can obey: its headers, and whether its answer streams.
    """

    __slots__ = ("bounds", "cache", "deadline", "handed", "retry", "tags")

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.bounds = read_bounds(options.get("timeout"))
        self.retry = _read_retry(options.get("retry"))
        self.cache = _read_cache(options.get("cache"))
        self.tags = _read_tags(options.get("tags"))
        self.handed = {name: _READ[name](options[name]) for name in HANDED if options.get(name) is not None}
        self.deadline: Deadline | None = None

    def hand_on(self, bounds: Mapping[str, float]) -> dict[str, Any]:
        """Those that a composite, whose config has ``bounds``, hands on to its targets; the total is its own."""
        waits = {name: seconds for name, seconds in {**bounds, **self.bounds}.items() if name != "total"}
        handed_on: dict[str, Any] = {"timeout": waits} if waits else {}
        if self.cache is not None:
            handed_on["cache"] = self.cache
        return handed_on


class Repeat:
    """The own options of a call that may ask several times; from the second time on, no kept answer will do."""

    __slots__ = ("_kwargs", "_names", "_own")

    def __init__(self, kwargs: dict[str, Any], names: Collection[str] = OWN) -> None:
        self._kwargs = kwargs
        self._names = names
        self._own: Own | None = None

    def own(self) -> Own:
        """Those of the next time."""
        if self._own is None:
            self._own = take_own(self._kwargs, self._names)
        elif self._own.cache is not False:
            self._own.cache = "refresh"
        return self._own


def take_own(kwargs: dict[str, Any], names: Collection[str] = OWN) -> Own:
    """Remove the own options from the arguments of a call; raises BadRequestError for one that cannot be meant."""
    return Own({name: kwargs.pop(name) for name in names if name in kwargs})


def apply_own(
    call: Call,
    own: Own | None,
    total: float | None,
    timeouts: Timeouts | None = None,
    policy: RetryPolicy | None = None,
) -> None:
    """Let the own options of ``call`` count, over what its config says: its ``total``, its other waits, its retry."""
    if own is not None:
        call.cache, call.tags = own.cache, own.tags
        if own.handed:
            call.handed = own.handed
        if own.bounds:
            total, call.is_short = own.bounds.get("total", total), True
            call.timeouts = timeouts.lay_over(own.bounds) if timeouts is not None else None
        if own.retry and policy is not None:
            call.retry_policy = policy.lay_over(own.retry)
        if own.deadline is not None:
            total, call.deadline = None, own.deadline
    if total is not None:
        clock = call.model.clock
        call.deadline = Deadline(clock() + total, clock)
        if own is not None:
            own.deadline = call.deadline


def read_bounds(timeout: Any) -> dict[str, float]:
    """The bounds that a call's ``timeout`` sets: a number is the ``total``."""
    if timeout is None:
        return {}
    bounds = timeout if isinstance(timeout, Mapping) else {"total": timeout}
    for name, seconds in bounds.items():
        if name not in _BOUNDS:
            raise BadRequestError(f"timeout has no bound {_show(name)}: it may have {', '.join(_BOUNDS)}, in seconds")
        if seconds is not None and not (_is_number(seconds) and seconds > 0):
            raise BadRequestError(f"timeout: {name} is {_show(seconds)}: pass seconds, more than 0")
    return {name: float(seconds) for name, seconds in bounds.items() if seconds is not None}


def _read_retry(retry: Any) -> dict[str, Any]:
    if retry is None:
        return {}
    if not isinstance(retry, Mapping):
        raise BadRequestError(f"retry is {_show(retry)}: pass a dict such as {{'max_attempts': 3}}")
    for name, value in retry.items():
        if name == "on_timeout":
            if not isinstance(value, bool):
                raise BadRequestError(f"retry: on_timeout is {_show(value)}: pass True or False")
            continue
        if name not in _RETRY:
            raise BadRequestError(f"retry has no {_show(name)}: it may have {', '.join((*_RETRY, 'on_timeout'))}")
        least, kind = _RETRY[name]
        if not (_is_number(value) and value >= least) or (kind is int and not isinstance(value, int)):
            raise BadRequestError(f"retry: {name} is {_show(value)}: pass {least} or more")
    return dict(retry)


def _read_cache(cache: Any) -> bool | str | None:
    if cache is None or isinstance(cache, bool):
        return cache
    if isinstance(cache, str) and cache == "refresh":
        return "refresh"
    raise BadRequestError(
        f'cache is {_show(cache)}: pass False to go around the cache, or "refresh" to replace its answer'
    )


def _read_tags(tags: Any) -> tuple[str, ...]:
    if tags is None:
        return ()
    if not isinstance(tags, list | tuple | set | frozenset) or not all(isinstance(tag, str) for tag in tags):
        raise BadRequestError(f"tags is {_show(tags)}: pass a list of names")
    return tuple(tags)


def read_stream(stream: Any) -> bool:
    """Whether a call asks for a stream; raises BadRequestError for what says neither."""
    if isinstance(stream, bool):
        return stream
    raise BadRequestError(f"stream is {_show(stream)}: pass True or False")


def _read_headers(headers: Any) -> Mapping[str, Any]:
    if isinstance(headers, Mapping):
        return headers
    raise BadRequestError(f"headers must be a dict, not {type(headers).__name__}")


_READ: Mapping[str, Callable[[Any], Any]] = {"headers": _read_headers, "stream": read_stream}


def _show(value: Any) -> str:
    """What was passed, in short."""
    return shorten(repr(value), 80)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= float_info.max
