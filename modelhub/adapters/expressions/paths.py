"""Paths of expressions, such as ``result.output[0].content``: most expressions are nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from modelhub.adapters.expressions.bounds import Budget

Node = dict[str, Any]
Evaluate = Callable[[Any, Budget], Any]


class Code(NamedTuple):
    """What evaluates a node, and how many steps it takes where no list makes them more."""

    run: Evaluate
    steps: int


Build = Callable[[Node], Code]


def find_steps(node: Node) -> list[str | int] | None:
    """The keys and places of a node that is a mere path; None for another."""
    kind = node["type"]
    if kind in ("field", "index"):
        return [node["value"]]
    if kind in ("current", "identity"):
        return []
    if kind not in ("subexpression", "index_expression", "pipe"):
        return None
    steps: list[str | int] = []
    for child in node["children"]:
        found = find_steps(child)
        if found is None:
            return None
        steps += found
    return steps


def build_path(steps: list[str | int]) -> Code:
    """The code of a path: what is of another kind than a step asks for has nothing there."""
    if not steps:
        return Code(lambda value, budget: value, 1)
    if len(steps) == 1:
        return Code(_build_step(steps[0]), 1)
    path = tuple(steps)

    def walk(value: Any, budget: Budget) -> Any:
        for step in path:
            if isinstance(value, dict):
                if isinstance(step, int):
                    return None
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int):
                try:
                    value = value[step]
                except IndexError:
                    return None
            else:
                return None
        return value

    return Code(walk, len(path))


def _build_step(step: str | int) -> Evaluate:
    if isinstance(step, str):
        return lambda value, budget: value.get(step) if isinstance(value, dict) else None

    def find_item(value: Any, budget: Budget) -> Any:
        try:
            return value[step] if isinstance(value, list) else None
        except IndexError:
            return None

    return find_item
