"""Check that the configs which composite models name exist, and that no config leads back to itself.

A schema marks such a key with ``"x-refers": "config_name"``: its value, or each item of a list, names another config.
In ``propertyNames`` it marks a mapping whose keys do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.suggest import suggest
from modelhub.diagnostics.wording import did_you_mean
from modelhub.validation.schema.view import View


class Edge(NamedTuple):
    """A config that names another config; if ``key`` is true, by a key."""

    config: int  # its number
    path: Path
    target: str
    key: bool = False


def find_edges(index: int, view: View | None, value: Any, path: Path = ()) -> Iterator[Edge]:
    """Every place of the config number ``index`` that names another config."""
    if view is None:
        return
    if isinstance(value, str):
        if view.first("x-refers") == "config_name" and "${" not in value:
            yield Edge(index, path, value)
        return
    named = view.first("propertyNames") if isinstance(value, dict) else None
    if isinstance(named, dict) and named.get("x-refers") == "config_name":
        yield from (
            Edge(index, (*path, key), key, key=True) for key in value if isinstance(key, str) and "${" not in key
        )
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        yield from find_edges(index, view.child(step), item, (*path, step))


def check_targets(edges: list[Edge], names: Mapping[str, int]) -> dict[int, list[Finding]]:
    """The findings of each config: targets that do not exist, and circles of targets, each circle once."""
    findings: dict[int, list[Finding]] = {}
    named = {index: name for name, index in names.items()}
    onward: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.target not in names:
            near = suggest(edge.target, names)
            hint = did_you_mean(near) if near else None
            finding = Finding("MH303", f"there is no config called {edge.target!r}", edge.path, edge.key, hint)
            findings.setdefault(edge.config, []).append(finding)
        elif edge.config in named:
            onward.setdefault(named[edge.config], []).append(edge)
    for edge, circle in _find_circles(onward):
        finding = Finding(
            "MH304", f"the configs name each other in a circle: {' -> '.join(circle)}", edge.path, edge.key
        )
        findings.setdefault(edge.config, []).append(finding)
    return findings


def _find_circles(onward: Mapping[str, list[Edge]]) -> Iterator[tuple[Edge, list[str]]]:
    """The edges that close a circle, with the names on it. There is no recursion, since chains may be long."""
    done: set[str] = set()
    for start in onward:
        trail: list[str] = []
        todo: list[tuple[str, Iterator[Edge]]] = []
        if start not in done:
            trail.append(start)
            todo.append((start, iter(onward[start])))
        on_trail = set(trail)
        while todo:
            name, edges = todo[-1]
            edge = next(edges, None)
            if edge is None:
                todo.pop()
                trail.pop()
                on_trail.discard(name)
                done.add(name)
            elif edge.target in on_trail:
                yield edge, [*trail[trail.index(edge.target) :], edge.target]
            elif edge.target not in done:
                trail.append(edge.target)
                on_trail.add(edge.target)
                todo.append((edge.target, iter(onward.get(edge.target, ()))))
