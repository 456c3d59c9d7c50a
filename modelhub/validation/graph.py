"""Which configs lead to which others, for what is found out about several configs at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from modelhub.validation.rules.model_references import Edge, find_edges
from modelhub.validation.schema.view import View

COMPOSITE = "x-composite"
"""The keyword of a schema that says how a model asks its targets: fallback, router, cascade or chain."""


class Node(NamedTuple):
    """One config, with what it names; ``view`` is None if nothing is known of its type."""

    name: str | None
    config: Mapping[str, Any]
    view: View | None
    edges: Sequence[Edge]

    @property
    def way(self) -> str | None:
        """How it asks the others; None for a model that answers itself, or in a way that is not known."""
        way = self.view.first(COMPOSITE) if self.view and self.edges else None
        return way if isinstance(way, str) else None


class Graph:
    """The configs by their numbers, and the number of each name; of several that have one name, the first has it."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.names: dict[str, int] = {}
        for number, node in enumerate(nodes):
            if node.name is not None:
                self.names.setdefault(node.name, number)

    def find_targets(self, number: int) -> Iterator[tuple[Edge, int]]:
        """The places of a config that name others, with the numbers of these; names that none has are left out."""
        for edge in self.nodes[number].edges:
            if edge.target in self.names:
                yield edge, self.names[edge.target]

    def list_bottom_up(self, start: int | None = None) -> list[int]:
        """The numbers of all configs, or of those that ``start`` leads to: each after those that it names.

        In a circle, one of them comes before another that it names. There is no recursion, since chains may be long.
        """
        order: list[int] = []
        seen: set[int] = set()
        for first in range(len(self.nodes)) if start is None else (start,):
            if first in seen:
                continue
            seen.add(first)
            todo = [(first, self.find_targets(first))]
            while todo:
                number, targets = todo[-1]
                following = next((target for _, target in targets if target not in seen), None)
                if following is None:
                    order.append(number)
                    todo.pop()
                else:
                    seen.add(following)
                    todo.append((following, self.find_targets(following)))
        return order


def build_graph(configs: Sequence[Mapping[str, Any]], find_view: Callable[[Any], View | None]) -> Graph:
    """Which of the configs lead to which; ``find_view`` returns the view of the schema of a model_type."""
    nodes = []
    for index, config in enumerate(configs):
        name, view = config.get("config_name"), find_view(config.get("model_type"))
        edges: list[Edge] = []
        with suppress(Exception):  # a plugin's schema may be anything; what is wrong with it is told elsewhere
            edges += find_edges(index, view, config)
        nodes.append(Node(name if isinstance(name, str) else None, config, view, edges))
    return Graph(nodes)


def is_never_asked(node: Node, edge: Edge) -> bool:
    """Whether ``edge`` is a target of a router whose weight is 0."""
    value: Any = node.config
    for step in edge.path:
        value = value[step]
    return edge.key and node.way == "router" and isinstance(value, int | float) and value <= 0
