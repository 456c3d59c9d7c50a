"""Expressions that are compiled when they are first used are asked like all others."""

from __future__ import annotations

import re

import pytest

from modelhub.patterns import expression


@pytest.mark.parametrize("text", ["a1b22", "", "none"])
def test_they_answer_as_compiled_ones_do(text: str) -> None:
    ours, theirs = expression(r"(\D)(\d+)", re.IGNORECASE), re.compile(r"(\D)(\d+)", re.IGNORECASE)
    assert (ours.pattern, ours.flags) == (theirs.pattern, theirs.flags)
    assert ours.findall(text) == theirs.findall(text)
    assert ours.sub("x", text) == theirs.sub("x", text)
    assert [match.span() for match in ours.finditer(text)] == [match.span() for match in theirs.finditer(text)]
    assert bool(ours.match(text)) is bool(theirs.match(text))


def test_nothing_is_compiled_before_it_is_used() -> None:
    broken = expression("(")
    with pytest.raises(re.error):
        broken.search("")
