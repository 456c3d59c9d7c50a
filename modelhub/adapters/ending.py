"""Why an answer ended, and what it cost, as expressions find it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.adapters.values import Field, compile_field, read_count, read_word
from modelhub.errors import ConfigError
from modelhub.response import Usage
from modelhub.response.usage import COUNTS
from modelhub.wire import said

_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter"})
OTHER = "other"

Counts = list[int | None]


class FinishReason:
    """Finds why an answer ended; ``map`` says what the words of a service mean, and those that it lacks are other."""

    __slots__ = ("field", "map")

    def __init__(self, field: Field, map: Mapping[str, str]) -> None:
        self.field = field
        self.map = map

    def __call__(self, document: Any) -> str | None:
        """OpenAI's word for it; None while there is none."""
        value = self.field(document)
        if value is None:
            return None
        word = value if isinstance(value, str) else read_word(value)
        reason = None if word is None else self.map.get(word)
        if reason is None:
            return OTHER if said(value) is not None else None
        return reason


def compile_finish_reason(config: Any, where: str) -> FinishReason | None:
    """The reader of ``finish_reason``, an expression or ``{from, map}``; None where there is none."""
    if config is None:
        return None
    if not isinstance(config, Mapping):
        config = {"from": config}
        field = compile_field(config["from"], where)
    else:
        field = compile_field(config.get("from"), f"{where}.from")
    if field is None:
        raise ConfigError(f"{where} has no `from`, the expression that finds the reason")
    given = config.get("map")
    words = {reason: reason for reason in _REASONS}
    return FinishReason(field, words if given is None else {_as_key(key): value for key, value in given.items()})


def _as_key(key: Any) -> str:
    return key if isinstance(key, str) else read_word(key) or "null"


class UsageReader:
    """Finds how many tokens an answer has cost."""

    __slots__ = ("fields",)

    def __init__(self, fields: list[Field | None]) -> None:
        self.fields = fields

    def count(self, document: Any) -> Counts | None:
        """The numbers that are found, in the order of the arguments of Usage; None where there is none."""
        found: Counts = [None if field is None else read_count(field(document)) for field in self.fields]
        return None if found == _NOTHING else found


_NOTHING: Counts = [None for _ in COUNTS]


def compile_usage(config: Any, where: str) -> UsageReader | None:
    """The reader of ``usage``; None where there is none."""
    if not config:
        return None
    return UsageReader([compile_field(config.get(name), f"{where}.{name}") for name in COUNTS])


def build_usage(counts: Counts | None) -> Usage | None:
    """The tokens of an answer; their total is the sum where none is told."""
    if counts is None:
        return None
    prompt, completion, *rest = counts
    return Usage(prompt or 0, completion or 0, *rest)


def merge_counts(before: Counts | None, found: Counts) -> Counts:
    """What has been told so far: the last number of each kind."""
    if before is None:
        return found
    return [old if new is None else new for old, new in zip(before, found, strict=True)]


def end_with(reason: str | None, called: bool) -> str:
    """Why a whole answer ended, which was stopped for its calls if it has any and nothing else is told."""
    if reason in (None, "stop"):
        return "tool_calls" if called else "stop"
    return reason or "stop"
