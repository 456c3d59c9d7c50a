"""The observer ``log``: a line for each call, and lines for what goes on besides, as text or as JSON.

The line of a call is on the logger ``modelhub.calls``; retries, fallbacks, changes of circuit breakers, budgets that
are used up and reloads are on ``modelhub.events``.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import orjson

from modelhub import events
from modelhub.messages.plain import read_fields
from modelhub.printable import printable

_CONTENT = frozenset({"arguments", "response"})
_CURRENCIES = {"USD": "$", "EUR": "€", "GBP": "£", "CNY": "¥"}


def build_observer(text: str | None = None) -> Callable[[events.Event], None]:
    """The observer; ``text`` is "json" for a JSON object in each line."""
    if text not in (None, "", "json"):
        raise ValueError(f"write log or log:json, not log:{text}")
    return Log(_write_json if text == "json" else _write_text)


class Log:
    """Logs what it is told, in the words of ``write``, with the level that a failure or a success has.

    A program that has set no level has INFO. Where nothing handles log records, the lines go to standard error.
    """

    def __init__(self, write: Callable[[events.Event], str]) -> None:
        self._write = write
        self._calls = _find_logger("modelhub.calls")
        self._besides = _find_logger("modelhub.events")

    def __call__(self, event: events.Event) -> None:
        """Log one event, if it is of a kind that is logged."""
        kind = type(event)
        if kind is events.CallEnded:
            level = logging.INFO if event.error is None else logging.WARNING  # type: ignore[attr-defined]
            self._log(self._calls, level, event)
        elif kind in _WORDS:
            self._log(self._besides, _find_level(event), event)

    def _log(self, logger: logging.Logger, level: int, event: events.Event) -> None:
        if not logger.isEnabledFor(level):
            return
        line = self._write(event)
        if logger.hasHandlers():
            logger.log(level, "%s", line)
        elif sys.stderr is not None:
            sys.stderr.write(f"{line}\n")


def _find_logger(name: str) -> logging.Logger:
    logger = logging.getLogger(name)
    if logger.level == logging.NOTSET and logging.getLogger("modelhub").level == logging.NOTSET:
        logger.setLevel(logging.INFO)
    return logger


def _find_level(event: events.Event) -> int:
    if isinstance(event, events.Reloaded):
        return logging.INFO if event.error is None else logging.WARNING
    if isinstance(event, events.BreakerChanged):
        return logging.INFO if event.after == "closed" else logging.WARNING
    return logging.WARNING


def _write_text(event: events.Event) -> str:
    words = " ".join(_write_call(event)) if isinstance(event, events.CallEnded) else _WORDS[type(event)](event)
    return printable(words)


def _write_call(event: events.CallEnded) -> Iterator[str]:
    """The parts of the line of a call."""
    yield from filter(None, (event.config_name, event.model_type, event.model))
    yield _write_seconds(event.seconds)
    if event.first_token_seconds is not None:
        yield f"first {_write_seconds(event.first_token_seconds)}"
    if event.attempts > 1:
        yield f"{event.attempts} attempts"
    if event.usage is not None:
        yield f"{event.usage.prompt_tokens or 0}+{event.usage.completion_tokens or 0} tokens"
    if event.cost is not None and not event.cached:
        yield _write_cost(event.cost, event.currency or "USD")
    if event.cached:
        yield "cached"
    yield from (f"#{tag}" for tag in event.tags)
    if event.error is not None:
        yield f"failed: {event.error}"
    elif event.response is None and event.stream:
        yield "left by the caller"
    else:
        yield event.finish_reason or "ok"


def _write_seconds(seconds: float) -> str:
    return f"{seconds:.2f}s" if seconds >= 0.1 else f"{seconds * 1000:.1f}ms"


def _write_cost(cost: float, currency: str) -> str:
    amount = f"{cost:.4f}" if cost >= 0.01 else f"{cost:.2g}" if cost else "0"
    sign = _CURRENCIES.get(currency)
    return f"{sign}{amount}" if sign else f"{amount} {currency}"


def _write_retry(event: Any) -> str:
    return f"{event.config_name} {event.error}: attempt {event.attempt} in {_write_seconds(event.wait)}"


def _write_fallback(event: Any) -> str:
    return f"{event.config_name} goes on to {event.target}: {event.failed} {event.error or 'was not accepted'}"


def _write_breaker(event: Any) -> str:
    return f"{event.config_name} circuit breaker: {event.before} -> {event.after}"


def _write_budget(event: Any) -> str:
    then = "" if event.retry_after is None else f", for {event.retry_after:.0f}s more"
    done = "refused" if event.action == "refuse" else "asked all the same"
    return f"{event.config_name} budget: {event.spent:g} of {event.limit:g} {event.unit} per {event.per}, {done}{then}"


def _write_reload(event: Any) -> str:
    if event.error is not None:
        return f"reload refused: {event.error}"
    changes = [
        f"{word} {', '.join(names)}"
        for word, names in (("added", event.added), ("changed", event.changed), ("removed", event.removed))
        if names
    ]
    return f"reloaded, generation {event.generation}: {'; '.join(changes) or 'no changes'}"


_WORDS: dict[type, Callable[[Any], str]] = {
    events.RetryScheduled: _write_retry,
    events.FellBack: _write_fallback,
    events.BreakerChanged: _write_breaker,
    events.BudgetExceeded: _write_budget,
    events.Reloaded: _write_reload,
}


_FIELDS: dict[type, list[str]] = {
    kind: [each.name for each in fields(kind) if each.name not in _CONTENT] for kind in (events.CallEnded, *_WORDS)
}


def _write_json(event: events.Event) -> str:
    """All fields of a record but for content, and the time of day."""
    now = time.time()
    stamp = f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(now))}.{int(now * 1000) % 1000:03}Z"
    told: dict[str, Any] = {"at": stamp, "event": type(event).__name__}
    for name in _FIELDS[type(event)]:
        told[name] = getattr(event, name)
    try:
        return orjson.dumps(told, default=_describe).decode()
    except TypeError:  # half a character, in a name
        return json.dumps(told, default=_describe)


def _describe(value: Any) -> Any:
    """A value that JSON has no form for: the fields of an object such as Usage."""
    return read_fields(value) or repr(value)
