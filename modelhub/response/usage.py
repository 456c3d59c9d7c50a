"""The tokens that an answer has cost."""

from __future__ import annotations

from typing import Any

from modelhub.overriding import override


class Usage:
    """Tokens spent; ``cached_tokens`` and ``reasoning_tokens`` are None where the vendor does not tell."""

    __slots__ = ("cached_tokens", "completion_tokens", "prompt_tokens", "reasoning_tokens", "total_tokens")

    def __init__(
        self,
        prompt_tokens: int = 0,
        completion_tokens: int = 0,
        total_tokens: int | None = None,
        cached_tokens: int | None = None,
        reasoning_tokens: int | None = None,
    ) -> None:
        self.prompt_tokens = prompt_tokens
        self.completion_tokens = completion_tokens
        self.total_tokens = prompt_tokens + completion_tokens if total_tokens is None else total_tokens
        self.cached_tokens = cached_tokens
        self.reasoning_tokens = reasoning_tokens

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Usage) and all(getattr(self, f) == getattr(other, f) for f in self.__slots__)

    __hash__ = None  # type: ignore[assignment]

    @override
    def __repr__(self) -> str:
        return (
            f"Usage(prompt_tokens={self.prompt_tokens}, completion_tokens={self.completion_tokens}, "
            f"total_tokens={self.total_tokens}, cached_tokens={self.cached_tokens}, "
            f"reasoning_tokens={self.reasoning_tokens})"
        )


def add_usage(one: Usage | None, other: Usage | None) -> Usage | None:
    """The sum of the tokens of two replies."""
    if one is None or other is None:
        return one or other
    return Usage(*(_add(getattr(one, name), getattr(other, name)) for name in _COUNTS))


_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens", "cached_tokens", "reasoning_tokens")


def _add(one: int | None, other: int | None) -> Any:
    return None if one is None and other is None else (one or 0) + (other or 0)
