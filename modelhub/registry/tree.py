"""The models that a config may ask, as a tree, and the worst that a call of it may come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from modelhub import validation
from modelhub.errors import ConfigError
from modelhub.secrets import resolve
from modelhub.validation import View
from modelhub.validation.graph import Graph, Node, build_graph, is_never_asked
from modelhub.validation.rules.insufficient import find_route
from modelhub.validation.rules.model_references import Edge
from modelhub.validation.worst_case import Worst, find_worst_cases

_BOUNDS = ("retry", "timeout", "max_retries", "retry_interval", "client_args")
Config = Mapping[str, Any]


@dataclass(slots=True)
class Branch:
    """A config in the tree of those that may be asked; ``note`` says when it is, as far as its parent decides.

    ``attempts`` and ``seconds`` are the worst that a call of it may come to by itself: None for attempts that are not
    known, and for seconds that nothing bounds. Where a config with targets stands again in the tree, they are left out,
    and ``repeated`` is true.
    """

    config_name: str
    model_type: str
    note: str = ""
    attempts: int | None = None
    seconds: float | None = None
    targets: list[Branch] = field(default_factory=list)
    repeated: bool = False


def build_tree(configs: Sequence[tuple[Config, Mapping[str, Any]]]) -> Branch | None:
    """The tree of the first of ``configs``, each with its schema; the others are those that it leads to.

    None if it asks no others. References in what bounds calls are resolved, as far as they have values now.
    """
    views = [View([(dict(schema), dict(schema))]) for _, schema in configs]
    settled = [_settle(config, schema) for config, schema in configs]
    following = iter(views)
    graph = build_graph(settled, lambda _: next(following))
    if not graph.nodes[0].edges:
        return None
    worst = find_worst_cases(graph, 0)
    root = _build_branch(graph, 0, "", worst)
    drawn: set[int] = set()
    todo = [(0, root)]
    while todo:
        number, branch = todo.pop()
        if number in drawn:
            branch.repeated = bool(graph.nodes[number].edges)
            continue
        drawn.add(number)
        for edge, target in graph.find_targets(number):
            note = _describe(graph.nodes[number], edge)
            branch.targets.append(_build_branch(graph, target, note, worst))
        below = [target for _, target in graph.find_targets(number)]
        todo += reversed(list(zip(below, branch.targets, strict=True)))
    return root


def _settle(config: Config, schema: Mapping[str, Any]) -> dict[str, Any]:
    """``config`` with values for references, where they have any, in what bounds calls."""
    settled = dict(config)
    types = validation.typed_references(settled, dict(schema))
    for key in _BOUNDS:
        with suppress(ConfigError):
            if key in settled:
                settled[key] = resolve(settled[key], where="", path=(key,), types=types)
    return settled


def _build_branch(graph: Graph, number: int, note: str, worst: Mapping[int, Worst | None]) -> Branch:
    node, found = graph.nodes[number], worst[number]
    branch = Branch(str(node.name), str(node.config.get("model_type")), note)
    if found is not None:
        branch.attempts = found.attempts
        branch.seconds = found.seconds if isfinite(found.seconds) else None
    return branch


def _describe(node: Node, edge: Edge) -> str:
    """When a target is asked."""
    if is_never_asked(node, edge):
        return "never: its weight is 0"
    if node.way == "router":
        route = find_route(node, edge)
        when, to = route.get("when"), route.get("to")
        note = f"when {_write(when)}" if when else "for all other calls" if edge.path[1] else "for all calls"
        return f"{note}, weight {to[edge.target]:g}" if isinstance(to, Mapping) else note
    if node.way == "cascade":
        accept = node.config["steps"][edge.path[1]].get("accept")
        return f"accepted if {', '.join(accept)}" if accept else ""
    return ""


def _write(when: Mapping[str, Any]) -> str:
    return ", ".join(f"{key} is {_write_value(value)}" for key, value in when.items())


def _write_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return " or ".join(map(str, value)) if isinstance(value, list) else str(value)
