"""Draws the models that a config may ask as a tree, in letters that every terminal and pipe has."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Any

from modelhub.printable import printable, shorten
from modelhub.registry.tree import Branch

_LONGEST = 60  # characters of a name or a note
_DEEPEST = 8  # steps that are drawn; what is deeper stands where the last step is, with its depth
_LEAST = 30  # columns for the text, however deep it stands


def draw(root: Branch, width: int) -> Iterator[str]:
    """Yield the lines of the tree, none longer than ``width`` if no word is."""
    todo = [(root, 0, "", "")]
    while todo:
        branch, depth, first, rest = todo.pop()
        text = "  ".join(_list_cells(branch, depth))
        below = f"{rest}|   " if branch.targets and depth < _DEEPEST else f"{rest}    "
        room = max(width - len(first), _LEAST)
        lines = textwrap.wrap(text, room, subsequent_indent="  ", break_on_hyphens=False)
        yield from (f"{below[: len(first)] if n else first}{line}" for n, line in enumerate(lines))
        last = len(branch.targets) - 1
        for n, target in reversed(list(enumerate(branch.targets))):
            if depth >= _DEEPEST:
                todo.append((target, depth + 1, first, rest))
            else:
                end = n == last
                todo.append((target, depth + 1, f"{rest}{'`' if end else '|'}-- ", f"{rest}{' ' if end else '|'}   "))


def _list_cells(branch: Branch, depth: int) -> list[str]:
    cells = [_tame(branch.config_name), _tame(branch.model_type)]
    if depth > _DEEPEST:
        cells.insert(0, f"({depth})")
    if branch.repeated:
        cells.append("as above")
    cells.append(write_worst_case(branch))
    return [*cells, *([_tame(branch.note)] if branch.note else [])]


def _tame(text: str) -> str:
    return shorten(printable(text), _LONGEST)


def write_worst_case(branch: Branch) -> str:
    """``9 attempts, 60 s``; ``unbounded`` where there is no end."""
    attempts = "unknown" if branch.attempts is None else str(branch.attempts)
    seconds = "unbounded" if branch.seconds is None else f"{round(branch.seconds, 3):.12g} s"
    return f"{attempts} attempts, {seconds}"


def build_worst_case(branch: Branch) -> dict[str, Any]:
    """The same for programs: null where there is no end, and for attempts that are not known."""
    return {"attempts": branch.attempts, "seconds": branch.seconds}


def build_document(root: Branch) -> dict[str, Any]:
    """The tree for programs; a config with targets has them the first time that it stands in it."""
    document: dict[str, Any] = {}
    todo = [(root, document)]
    while todo:
        branch, into = todo.pop()
        into |= {"config_name": branch.config_name, "model_type": branch.model_type}
        into |= {"note": branch.note} if branch.note else {}
        into["worst_case"] = build_worst_case(branch)
        if branch.repeated:
            into["repeated"] = True
        elif branch.targets:
            into["targets"] = [{} for _ in branch.targets]
            todo += zip(branch.targets, into["targets"], strict=True)
    return document
