"""Walk through the texts of a config."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.diagnostics import Path

Text = tuple[Path, str, str]  # a text of a config: its place, the last key in it, and the text itself


def find_texts(value: Any) -> Iterator[tuple[Path, str]]:
    """Yield every string in ``value`` with its place, in order, however deep it is nested."""
    waiting: list[tuple[Path, Any]] = [((), value)]
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, str):
            yield path, node
        elif isinstance(node, dict):
            waiting += [((*path, key), item) for key, item in reversed(node.items())]
        elif isinstance(node, list):
            waiting += [((*path, index), node[index]) for index in reversed(range(len(node)))]


def list_texts(config: dict[str, Any]) -> list[Text]:
    """Every string in ``config`` with its place and its ``last_key``, in order, however deep it is nested."""
    texts: list[Text] = []
    waiting: list[tuple[Path, str, Any]] = [((), "", config)]
    while waiting:
        path, key, node = waiting.pop()
        if isinstance(node, str):
            texts.append((path, key, node))
        elif isinstance(node, dict):
            waiting += [
                ((*path, step), step if isinstance(step, str) else key, item)
                for step, item in reversed(node.items())
                if isinstance(item, str | dict | list)
            ]
        elif isinstance(node, list):
            waiting += [((*path, index), key, node[index]) for index in reversed(range(len(node)))]
    return texts


def last_key(path: Path) -> str:
    """The last key in a path, which says what the value is; empty if the path has no key."""
    return next((step for step in reversed(path) if isinstance(step, str)), "")
