"""Check that all targets of a composite model do the same task, whatever they ask themselves."""

from __future__ import annotations

from collections.abc import Iterator

from modelhub.diagnostics import Finding
from modelhub.validation.graph import Graph, Node
from modelhub.validation.schema.capabilities import KEYWORD, find_task
from modelhub.validation.schema.view import View

_WORDS = {"chat": "chats", "embedding": "makes embeddings", "image": "makes images"}


def find_mixed_tasks(graph: Graph) -> Iterator[tuple[int, Finding]]:
    """Yield a finding for each composite, with its number: the first target that does another task than those before.

    A target whose task is not known is passed over.
    """
    tasks: dict[int, str | None] = {}
    for number in graph.list_bottom_up():
        node = graph.nodes[number]
        if node.way is None:
            tasks[number] = read_task(node)
            continue
        known = [(edge, task) for edge, target in graph.find_targets(number) if (task := tasks.get(target))]
        tasks[number] = known[0][1] if known else None
        other = next(((edge, task) for edge, task in known if task != known[0][1]), None)
        if other is not None:
            (first, task), (edge, differs) = known[0], other
            message = f"{edge.target!r} {_WORDS[differs]}, but {first.target!r} before it {_WORDS[task]}"
            hint = "all models of one config do the same task; make a config of its own for the others"
            yield number, Finding("MH311", message, edge.path, edge.key, hint)


def read_task(node: Node) -> str | None:
    """The task of a model that answers itself: chat, embedding or image; None if its schema does not tell."""
    return find_task(node.view.first(KEYWORD) if node.view else None)


def read_type_task(view: View) -> str | None:
    """The same of a model whose type has this view; None for one that asks others."""
    return None if view.first("x-composite") else find_task(view.first(KEYWORD))
