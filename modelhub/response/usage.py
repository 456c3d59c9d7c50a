"""The tokens that an answer has cost."""

from __future__ import annotations

from typing import Any

from modelhub.overriding import override


class Usage:
    """Tokens spent; the last three are None where the vendor does not tell.

    ``cached_tokens`` of the prompt came from the vendor's cache, ``cache_write_tokens`` of it were written to that.
    """

    __slots__ = (
        *("prompt_tokens", "completion_tokens", "total_tokens"),
        *("cached_tokens", "reasoning_tokens", "cache_write_tokens"),
    )

    def __init__(
        self,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
        total_tokens: int | None = None,
        cached_tokens: int | None = None,
        reasoning_tokens: int | None = None,
        cache_write_tokens: int | None = None,
    ) -> None:
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.total_tokens = prompt_tokens + completion_tokens if total_tokens is None else total_tokens
        self.cached_tokens = cached_tokens
        self.reasoning_tokens = reasoning_tokens
        self.cache_write_tokens = cache_write_tokens

    def to_dict(self) -> dict[str, Any]:
        """The counts by name, for JSON."""
        return {name: getattr(self, name) for name in COUNTS}

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Usage) and all(getattr(self, f) == getattr(other, f) for f in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    @override
    def __repr__(self) -> str:
        return f"Usage({', '.join(f'{name}={getattr(self, name)}' for name in COUNTS)})"


def add_usage(one: Usage | None, other: Usage | None) -> Usage | None:
    """The sum of the tokens of two replies."""
    if one is None or other is None:
        return one or other
    return Usage(*(_add(getattr(one, name), getattr(other, name)) for name in COUNTS))


COUNTS = Usage.__slots__
"""The names of the counts, in the order of the arguments of Usage."""


def _add(one: int | None, other: int | None) -> Any:
    return None if one is None and other is None else (one or 0) + (other or 0)
