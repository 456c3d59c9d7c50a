"""Check configs against each other: what they name, what they share, and what those that they name can do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from modelhub.diagnostics import Finding
from modelhub.validation.graph import Graph, build_graph
from modelhub.validation.rules.model_references import check_targets
from modelhub.validation.schema.view import View

if TYPE_CHECKING:
    from modelhub.configs import Entry


def check_together(entries: Sequence[Entry], find_view: Callable[[Any], View | None]) -> dict[int, list[Finding]]:
    """Return what is wrong with configs because of what others say, by the index of the config that is wrong.

    ``find_view`` returns the view of the schema of a model_type, None if nothing is known of it.
    """
    graph = build_graph([entry.config for entry in entries], find_view)
    edges = [edge for node in graph.nodes for edge in node.edges]
    found = check_targets(edges, graph.names) if edges else {}
    for index, finding in (
        *(_check_composites(graph) if edges else ()),
        *_check_limits(entries),
        *_check_prices(graph),
    ):
        found.setdefault(index, []).append(finding)
    return found


def _check_composites(graph: Graph) -> Iterator[tuple[int, Finding]]:
    from modelhub.validation.rules.insufficient import find_insufficient  # most programs have no composites
    from modelhub.validation.rules.tasks import find_mixed_tasks

    yield from find_mixed_tasks(graph)
    yield from find_insufficient(graph)


def _check_limits(entries: Sequence[Entry]) -> Iterator[tuple[int, Finding]]:
    if any("limits" in entry.config or "budget" in entry.config for entry in entries):
        from modelhub.validation.rules.groups import SHARED, find_disputes

        for shared in SHARED:
            yield from find_disputes(entries, shared)


def _check_prices(graph: Graph) -> Iterator[tuple[int, Finding]]:
    if any("budget" in node.config for node in graph.nodes):
        from modelhub.validation.rules.unpriced import find_unpriced

        yield from find_unpriced(graph)
