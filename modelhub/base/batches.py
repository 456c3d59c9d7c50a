"""Cuts a long list of texts into what a vendor takes in one request: so many texts, so many tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

_LEAST_LETTERS = 3  # of English or code in a token; prose has more
_LEAST_BYTES = 2  # of UTF-8 in a token of other scripts


def cut_batches(inputs: Sequence[Any], size: int | None, tokens: int | None) -> list[Sequence[Any]]:
    """``inputs`` in parts of at most ``size``, and of about ``tokens`` tokens; one input is never cut."""
    count = len(inputs)
    if tokens is not None and _most_tokens(inputs) > tokens:
        return _cut_by_tokens(inputs, size or count, tokens)
    if size is None or count <= size:
        return [inputs]
    return [inputs[start : start + size] for start in range(0, count, size)]


def _cut_by_tokens(inputs: Sequence[Any], size: int, tokens: int) -> list[Sequence[Any]]:
    parts: list[Sequence[Any]] = []
    start, total = 0, 0
    for n, each in enumerate(inputs):
        estimate = estimate_tokens(each)
        if n > start and (n - start == size or total + estimate > tokens):
            parts.append(inputs[start:n])
            start, total = n, 0
        total += estimate
    parts.append(inputs[start:])
    return parts


def estimate_tokens(input: Any) -> int:
    """The number of tokens of a text, rather too high than too low; of a list of tokens, its length."""
    if not isinstance(input, str):
        return len(input) if isinstance(input, list) else 0
    if input.isascii():
        return len(input) // _LEAST_LETTERS + 1
    return len(input.encode("utf-8", "surrogatepass")) // _LEAST_BYTES + 1


def _most_tokens(inputs: Sequence[Any]) -> int:
    """More than all estimates together can be, from lengths alone."""
    return sum(2 * len(each) + 1 for each in inputs if isinstance(each, str | list))
