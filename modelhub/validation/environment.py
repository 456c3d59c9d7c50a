"""Check the current values of the ``${...}`` references in configs: each must exist and fit its place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.wording import label
from modelhub.errors import ConfigError, Problem
from modelhub.secrets.references import Piece, convert, parse_pieces, resolve
from modelhub.validation.check import Checker, SchemaOf, build_problem, without_repeats
from modelhub.validation.deprecations import read_modern
from modelhub.validation.rules.references import find_references, typed_references
from modelhub.validation.rules.variables import find_missing_key
from modelhub.validation.schema.view import View
from modelhub.validation.walk import find_texts

if TYPE_CHECKING:
    from modelhub.configs import Entry


def check_environment(
    entries: Sequence[Entry], *, schema_of: SchemaOf = lambda _: None, model_types: Collection[str] = ()
) -> list[Problem]:
    """Return a problem for every reference that cannot be resolved now, or whose value does not fit its place.

    Defaults are always checked, even where a variable is set. No message shows the value of a secret.
    """
    checker = Checker(schema_of, model_types)
    problems: list[Problem] = []
    for entry in entries:
        modern = read_modern(entry.config, model_types)
        findings = [*_find_missing(modern.config), *_find_misfits(modern.config, checker)]
        found = [build_problem(entry, finding, modern.written) for finding in findings]
        problems += sorted(found, key=lambda problem: (problem.line or 0, problem.column or 0))
    return without_repeats(problems)


def _find_missing(config: dict[str, Any]) -> Iterator[Finding]:
    """Yield a fault for each variable that is not set, the vendor's own as well, and each file that cannot be read."""
    for path, text in find_texts(config):
        for reference in find_references(text):
            try:
                resolve(reference.text, where=label(path))
            except ConfigError as error:
                (found,) = error.problems
                yield Finding(found.code, found.message, path, hint=found.hint)
    yield from find_missing_key(config)


def _find_misfits(config: dict[str, Any], checker: Checker) -> Iterator[Finding]:
    """Yield a finding for each value of a reference, and each default, that does not fit its place."""
    schema = checker.find_schema(config.get("model_type"))
    types = typed_references(config, schema)
    texts = {path: text for path, text in find_texts(config) if find_references(text)}
    now = {path: _resolve(text) for path, text in texts.items()}
    spare = {path: value if (value := _take_defaults(text)) != now[path] else None for path, text in texts.items()}
    for found, hidden, what in ((now, True, "the value"), (spare, False, "the default")):
        # An empty text is how a text is left out.
        given = {path: text for path, text in found.items() if text or (text is not None and path in types)}
        values = {path: _convert(text, types.get(path)) for path, text in given.items()}
        view = View([(schema, schema)], secret=hidden)
        for finding in checker.check_values(_fill(config, values), schema, view) if values else ():
            if finding.path in values and not finding.key:
                names = " and ".join(_write_bare(each) for each in find_references(texts[finding.path]))
                yield replace(finding, message=f"{what} of {names} does not fit: {finding.message}", hint=None)


def _resolve(text: str) -> str | None:
    try:
        return str(resolve(text, where=""))
    except ConfigError:  # which is told as what is missing
        return None


def _take_defaults(text: str) -> str | None:
    """``text`` with each reference replaced by its default; None if a reference has no default."""
    if any(reference.default is None for reference in find_references(text)):
        return None
    return "".join(_take_default(piece) for piece in parse_pieces(text))


def _take_default(piece: Piece) -> str:
    if piece.kind == "escape":
        return "${"
    return piece.text if piece.default is None else piece.default


def _write_bare(reference: Piece) -> str:
    """Write a reference without its default."""
    return reference.text if reference.default is None else f"${{{reference.name}}}"


def _convert(text: str, types: frozenset[str] | None) -> Any:
    try:
        return convert(text, types) if types else text
    except ValueError:
        return text


def _fill(config: dict[str, Any], values: dict[Path, Any]) -> dict[str, Any]:
    """Copy ``config`` with new values at some places; all other parts are shared with the original."""
    filled = dict(config)
    for path, value in values.items():
        node: Any = filled
        for step in path[:-1]:
            node[step] = node[step].copy()
            node = node[step]
        node[path[-1]] = value
    return filled
