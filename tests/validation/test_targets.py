"""Composite models name other configs: their targets exist, and no chain of them comes back to its start."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub.configs import load, load_text
from modelhub.validation import check

REFERS = {"type": "string", "x-refers": "config_name"}
SCHEMA = {
    "type": "object",
    "properties": {
        "config_name": {"type": "string"},
        "model_type": {"const": "fallback"},
        "primary": REFERS,
        "models": {"type": "array", "items": REFERS},
        "routes": {"type": "object", "additionalProperties": REFERS},
        "weights": {"type": "object", "propertyNames": REFERS, "additionalProperties": {"type": "number"}},
    },
}


def find_problems(configs: Any) -> list[Any]:
    loaded = load_text(configs, name="m.yaml", format="yaml") if isinstance(configs, bytes) else load(configs)
    assert not loaded.problems
    types = {"fallback": SCHEMA, "leaf": {"type": "object"}}
    return check(loaded.entries, schema_of=types.get, model_types=types)


def test_targets_that_do_not_exist() -> None:
    problems = find_problems(b"""\
- {config_name: gpt, model_type: leaf}
- config_name: safe
  model_type: fallback
  primary: gtp
  models: [gpt, nowhere]
  routes: {fast: "${FAST}", slow: gone}
""")
    assert [(p.code, p.line, p.column) for p in problems] == [("MH303", 4, 12), ("MH303", 5, 17), ("MH303", 6, 35)]
    assert problems[0].message == "there is no config called 'gtp'"
    assert problems[0].hint == "did you mean 'gpt'?"


def test_keys_that_name_targets() -> None:
    problems = find_problems(b"""\
- {config_name: gpt, model_type: leaf}
- config_name: safe
  model_type: fallback
  weights: {gpt: 9, gtp: 1, safe: 2}
""")
    found = [(p.code, p.line, p.column, p.end_column) for p in problems]
    assert found == [("MH303", 4, 21, 24), ("MH304", 4, 29, 33)]


CIRCLES = [
    ({"a": "a"}, ["a -> a"]),
    ({"a": "b", "b": "a"}, ["a -> b -> a"]),
    ({"x": "a", "a": "b", "b": "c", "c": "a"}, ["a -> b -> c -> a"]),
    ({"a": "b", "b": "a", "c": "d", "d": "c"}, ["a -> b -> a", "c -> d -> c"]),
    ({"a": "leaf", "b": "a", "c": "a"}, []),
]


@pytest.mark.parametrize(("edges", "circles"), CIRCLES)
def test_circles(edges: dict[str, str], circles: list[str]) -> None:
    configs = [{"config_name": n, "model_type": "fallback", "primary": t} for n, t in edges.items()]
    problems = find_problems([*configs, {"config_name": "leaf", "model_type": "leaf"}])
    assert [p.code for p in problems] == ["MH304"] * len(circles)
    assert [p.message.partition(": ")[2] for p in problems] == circles
    assert all(p.path[-1] == "primary" for p in problems)


def test_a_long_chain() -> None:
    configs = [{"config_name": str(n), "model_type": "fallback", "primary": str(n + 1)} for n in range(5000)]
    assert find_problems([*configs, {"config_name": "5000", "model_type": "leaf"}]) == []


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 10**9), st.integers(1, 7))
def test_circles_are_found_exactly_where_there_are_any(seed: int, size: int) -> None:
    choose = random.Random(seed)
    graph = {str(n): [str(m) for m in range(size) if choose.random() < 0.25] for n in range(size)}
    configs = [{"config_name": n, "model_type": "fallback", "models": targets} for n, targets in graph.items()]
    reach = {n: set(targets) for n, targets in graph.items()}
    for middle in graph:
        for n in graph:
            if middle in reach[n]:
                reach[n] |= reach[middle]
    assert bool(find_problems(configs)) is any(n in reach[n] for n in graph)
