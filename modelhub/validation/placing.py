"""Turn what was found in a config into problems that have a place in its file."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.wording import quoting_hint
from modelhub.errors import Problem
from modelhub.records import replace
from modelhub.secrets.shapes import mask_keys
from modelhub.validation.deprecations import read_modern

if TYPE_CHECKING:
    from modelhub.configs import Entry


def build_problem(entry: Entry, finding: Finding, written: dict[str, str]) -> Problem:
    """Turn a finding into a problem with its place; ``written`` has the keys that the file spells differently."""
    first, rest = finding.path[:1], finding.path[1:]
    path = (*(written.get(str(step), step) for step in first), *rest)
    hint = _spell(entry, finding, path) if finding.wanted else finding.hint
    message, hint = mask_keys(finding.message), hint and mask_keys(hint)
    problem = entry.problem(finding.code, message, *path, key=finding.key, hint=hint, severity=finding.severity)
    if finding.column is not None and problem.column is not None and (source := entry.read_source(*path)):
        value = find_value(entry.config, finding.path)
        offset = source.find_offset(value, finding.column) if isinstance(value, str) else None
        return problem if offset is None else replace(problem, column=problem.column + offset)
    return problem


def find_value(config: Any, path: Path) -> Any:
    """The value at ``path`` of a config."""
    for step in path:
        config = config[step]
    return config


def _spell(entry: Entry, finding: Finding, path: Path) -> str | None:
    """Word the hint of a finding from the value as it stands in the file."""
    source = entry.read_source(*path)
    value = find_value(entry.config, finding.path)
    if source is None or (finding.choices and source.text not in finding.choices):
        return finding.hint
    return quoting_hint(value, finding.wanted, secret=False, source=source) or finding.hint


def place_problem(entry: Entry, problem: Problem, model_types: Collection[str]) -> Problem:
    """Add its place in the file to ``problem``, whose path uses the modern spelling of the keys of ``entry``."""
    written = read_modern(entry.config, model_types).written
    return build_problem(entry, Finding(problem.code, problem.message, problem.path, hint=problem.hint), written)


def find_position(problem: Problem) -> tuple[int, int]:
    """The line and the column of a problem; 0 where there is none."""
    return (problem.line or 0, problem.column or 0)


def find_order(entry: Entry, finding: Finding, known: dict[int, dict[Any, int]]) -> tuple[int, ...]:
    """The place of a finding as positions among keys: it puts findings in order in configs that have no lines.

    ``known`` remembers the positions of the keys of each mapping.
    """
    order: list[int] = []
    node: Any = entry.config
    for step in finding.path:
        if isinstance(node, dict) and step in node:
            if id(node) not in known:
                known[id(node)] = {key: position for position, key in enumerate(node)}
            order.append(known[id(node)][step])
            node = node[step]
        elif isinstance(node, list) and isinstance(step, int):
            order.append(step)
            node = node[step]
    return tuple(order)


def without_repeats(problems: list[Problem]) -> list[Problem]:
    """Leave out problems that repeat another one at the same place: several configs may share a YAML anchor."""
    kept: dict[Any, Problem] = {}
    for problem in problems:
        same = (problem.file, problem.line, problem.column, problem.code, problem.message)
        kept.setdefault(same if problem.line is not None else len(kept), problem)
    return list(kept.values())
