"""Where things stand in texts of configs, and the corpus of such texts: what several test modules share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.configs import Loaded, Span
from modelhub.configs.sources.folders import FORMATS
from modelhub.errors import Problem
from modelhub.registry import checking

from ..paths import TESTS

CORPUS = TESTS / "corpus"
FILES = {
    path.name: path.read_bytes()
    for path in sorted(CORPUS.iterdir())
    if path.suffix in FORMATS and path.name != "expected.json"
}


def walk(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value in ``value``, itself first, with its path."""
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from walk(item, (*path, step))


def cut(text: str, span: Span | None) -> str:
    """What stands in a span of a text whose lines end with LF."""
    assert span is not None
    lines = text.split("\n")[span.line - 1 : span.end_line]
    lines[-1] = lines[-1][: span.end_column - 1]
    lines[0] = lines[0][span.column - 1 :]
    return "\n".join(lines)


def unify(content: bytes) -> str:
    """The text that the places in a file are about, its lines ended with LF."""
    text = content.decode("utf-8", "replace").removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def check(loaded: Loaded, content: bytes) -> list[Problem]:
    """Every problem of what was loaded, after a look at its place."""
    problems = [*loaded.problems, *checking.check(loaded.entries)]
    lines = unify(content).split("\n")
    for problem in problems:
        assert problem.line and problem.column and problem.end_line and problem.end_column, problem
        assert (1, 1) <= (problem.line, problem.column) <= (problem.end_line, problem.end_column)
        for line, column in ((problem.line, problem.column), (problem.end_line, problem.end_column)):
            assert line <= len(lines)
            assert column <= len(lines[line - 1]) + 1, problem
    return problems
