"""Check the current values of the ``${...}`` references in configs: each must exist and fit its place."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.wording import label
from modelhub.errors import ConfigError, Problem
from modelhub.secrets import read_variable
from modelhub.secrets.references import name_references, resolve
from modelhub.validation.check import Checker, Complete, SchemaOf
from modelhub.validation.deprecations import read_modern
from modelhub.validation.placing import build_problem, without_repeats
from modelhub.validation.rules.headers import explain_header
from modelhub.validation.rules.references import find_references
from modelhub.validation.rules.variables import find_missing_key, find_own_variable
from modelhub.validation.rules.ways import find_way_faults
from modelhub.validation.schema.store import Schema
from modelhub.validation.schema.view import View
from modelhub.validation.substitution import find_misfits, take_defaults
from modelhub.validation.walk import find_texts

if TYPE_CHECKING:
    from modelhub.configs import Entry

_QUOTES = ('""', "''", "``", "\u201c\u201d", "\u2018\u2019")
_HINT = "set it without them; docker's --env-file, for one, takes nothing away"


def check_environment(
    entries: Sequence[Entry],
    *,
    schema_of: SchemaOf = lambda _: None,
    model_types: Collection[str] = (),
    complete: Complete = lambda config: config,
) -> list[Problem]:
    """Return a problem for every reference that cannot be resolved now, or whose value does not fit its place.

    No message shows the value of a secret.
    """
    checker = Checker(schema_of, model_types)
    problems: list[Problem] = []
    for entry in entries:
        modern = read_modern(entry.config, model_types)
        modern = modern._replace(config=complete(modern.config))
        schema = checker.find_schema(modern.config.get("model_type"))
        findings = [*_find_missing(modern.config), *_find_odd(modern.config)]
        view, given = View([(schema, schema)], secret=True), _resolve_all(modern.config)
        findings += find_misfits(modern.config, schema, view, given, "the value", checker.check_values)
        findings += [each for each in find_way_faults(modern.config, view, certain=True) if each.code == "MH302"]
        found = [build_problem(entry, finding, modern.written) for finding in findings]
        problems += sorted(found, key=lambda problem: (problem.line or 0, problem.column or 0))
    return without_repeats(problems)


def check_resolved(config: dict[str, Any], schema: Schema) -> list[Problem]:
    """Return a problem for each reference in ``config``, in its modern spelling, whose value does not fit its place."""
    checker = Checker(lambda _: schema, ())
    view, given = View([(schema, schema)], secret=True), _resolve_all(config, with_defaults=True)
    where = f"config {config.get('config_name')!r}"
    return [
        Problem(finding.code, f"{where}: {finding.message}", finding.hint, path=finding.path)
        for finding in find_misfits(config, schema, view, given, "the value", checker.check_values)
    ]


def _find_missing(config: dict[str, Any]) -> Iterator[Finding]:
    """Yield a fault for each variable that is not set, the vendor's own as well, and each file that cannot be read."""
    for path, text in find_texts(config):
        for part in [each.text for each in find_references(text)] if "${" in text else [text]:
            try:
                resolve(part, where=label(path))
            except ConfigError as error:
                (found,) = error.problems
                yield Finding(found.code, found.message, path, hint=found.hint)
    yield from find_missing_key(config)


def _find_odd(config: dict[str, Any]) -> Iterator[Finding]:
    """Yield a warning for each value that is empty, in quotes, which a shell would have taken away, or in blanks."""
    for path, text in find_texts(config):
        for reference in find_references(text):
            value, name = _resolve(reference.text), name_references(reference.text)
            if value is None or value == reference.default:
                continue
            if not value.strip():
                message, hint = f"the value of {name} in {label(path)} is empty", f"set it, or take {label(path)} out"
                yield Finding("MH203", message, path, hint=hint, severity="warning")
            elif why := _explain_odd(value):
                message = f"the value of {name} is {why}, and so is {label(path)}"
                yield Finding("MH203", message, path, hint=_HINT, severity="warning")
    variable = find_own_variable(config)
    own = read_variable(variable) or "" if variable else ""
    if odd := _explain_odd(own):
        yield Finding("MH203", f"the value of {variable} is {odd}", hint=_HINT, severity="warning")
    elif bad := explain_header(own):
        yield Finding("MH203", f"the value of {variable} holds {bad}, which no HTTP header can carry")


def _explain_odd(value: str) -> str | None:
    if len(value) > 1 and value[0] + value[-1] in _QUOTES:
        return "in quotes"
    return "in blanks" if value != value.strip() else None


def _resolve_all(config: dict[str, Any], *, with_defaults: bool = False) -> dict[Path, str]:
    """The current values of all texts with references, without what is missing and, if so asked, what is a default."""
    found: dict[Path, str] = {}
    for path, text in find_texts(config):
        if find_references(text):
            value = _resolve(text)
            if value is not None and (with_defaults or value != take_defaults(text)):
                found[path] = value
    return found


def _resolve(text: str) -> str | None:
    try:
        return str(resolve(text, where=""))
    except ConfigError:  # which is told as what is missing
        return None
