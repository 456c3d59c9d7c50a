"""Whether a call fits a route: the keys of ``when``, all of which must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.engine.effects import Flow
from modelhub.errors import ConfigError
from modelhub.routing.asked import Asked
from modelhub.routing.matching import Pattern

KEYS = frozenset({"input", "min_tokens", "max_tokens", "tools", "tags", "matches"})


class When:
    """The conditions of one route; ``where`` says which, in errors and in the log.

    Raises ConfigError for a key that there is not, and for an expression that cannot be compiled.
    """

    __slots__ = ("_matches", "_wanted")

    def __init__(self, wanted: Mapping[str, Any] | None, where: str) -> None:
        self._wanted = dict(wanted or {})
        if unknown := sorted(self._wanted.keys() - KEYS):
            raise ConfigError(f"{where}: when has no key {unknown[0]!r}; there are {', '.join(sorted(KEYS))}")
        matches = self._wanted.get("matches")
        self._matches = None if matches is None else Pattern(matches, f"{where}.matches")

    def holds(self, asked: Asked) -> Flow[bool]:
        """Whether the call fits; what costs little is looked at first."""
        if not self._wanted:
            return True
        if not self._holds_at_once(asked):
            return False
        return self._matches is None or (yield from self._matches.found(asked.last_text))

    def _holds_at_once(self, asked: Asked) -> bool:
        wanted = self._wanted
        if "tools" in wanted and wanted["tools"] is not asked.has_tools:
            return False
        if "tags" in wanted and asked.tags.isdisjoint(wanted["tags"]):
            return False
        if "input" in wanted and asked.media.isdisjoint(wanted["input"]):
            return False
        if "min_tokens" in wanted and asked.tokens < wanted["min_tokens"]:
            return False
        return "max_tokens" not in wanted or asked.tokens <= wanted["max_tokens"]
