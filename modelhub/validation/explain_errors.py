"""Turn the errors of jsonschema into findings that a person can act on, one for each thing that is wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.wording import did_you_mean, label
from modelhub.validation.rules.keys import explain_unknown_key, find_meant_key, find_unknown_keys
from modelhub.validation.rules.references import stands_for
from modelhub.validation.rules.values import explain_value
from modelhub.validation.schema.tagged import choose, find_tag
from modelhub.validation.schema.view import View

if TYPE_CHECKING:
    from jsonschema import ValidationError

_CLOSED = ("additionalProperties", "unevaluatedProperties")
_RANK = ("MH104", "MH202", "MH203", "MH201", "MH100")


def explain(errors: Iterable[ValidationError], view: View) -> list[Finding]:
    """Explain the errors that jsonschema found in a config."""
    found = list(errors)
    # What is wrong with a closed mapping is one of its keys, whichever.
    broken = {(*error.absolute_path, *([""] if error.validator in _CLOSED else [])) for error in found}
    findings: dict[tuple[Path, bool, str], Finding] = {}
    for error in found:
        for finding in _explain(error, view, broken):
            about_value = finding.code in _RANK
            place = (finding.path, finding.key, "" if about_value else finding.message)
            known = findings.get(place)
            if known is None or (about_value and _RANK.index(finding.code) < _RANK.index(known.code)):
                findings[place] = finding
    return list(findings.values())


def _explain(error: ValidationError, view: View, broken: set[Path]) -> Iterator[Finding]:
    path: Path = tuple(error.absolute_path)
    place = view.at(path)
    value: Any = error.instance
    if place is None:
        yield Finding("MH100", f"{label(path)} does not fit the schema", path)
    elif isinstance(value, str) and stands_for(value, place.types):
        return
    elif error.validator in _CLOSED:
        yield from _explain_closed(place, error.instance, path, broken)
    elif error.validator == "required":
        yield from _explain_missing(error, place, path)
    elif error.validator in ("anyOf", "oneOf"):
        yield from _explain_alternatives(error, view, place, path, broken)
    else:
        yield explain_value(str(error.validator), value, place, path)


def _explain_closed(place: View, value: Any, path: Path, broken: set[Path]) -> Iterator[Finding]:
    unknown = list(find_unknown_keys(place, value, path))
    yield from unknown
    # jsonschema counts no key of an allOf that fails as evaluated, so other errors bring this one along.
    own = (*path, "")
    if not unknown and not any(other[: len(path)] == path and other != own for other in broken):
        yield Finding("MH103", f"the keys of {label(path)} do not go together", path)


def _explain_missing(error: ValidationError, place: View, path: Path) -> Iterator[Finding]:
    value: Any = error.instance
    for key in error.validator_value if isinstance(error.validator_value, list) else ():
        if key in value or f"'{key}'" not in error.message:
            continue
        if meant := find_meant_key(place, key, value):
            yield explain_unknown_key(meant, path, did_you_mean(key))
            continue
        child = place.child(key)
        description = child.first("description") if child else None
        examples = child.first("examples") if child and not child.secret else None
        example = f", for example {examples[0]!r}" if examples and isinstance(examples[0], str) else ""
        says = f": {description[0].lower()}{description[1:].rstrip('.')}" if description else ""
        where = f" in {label(path)}" if path else ""
        yield Finding("MH102", f"the key '{key}' is missing{where}", path, hint=f"add '{key}'{says}{example}")


def _explain_alternatives(
    error: ValidationError, view: View, place: View, path: Path, broken: set[Path]
) -> Iterator[Finding]:
    branches: dict[Any, list[ValidationError]] = {}
    for cause in error.context or ():
        branches.setdefault(cause.schema_path[0], []).append(cause)
    root = next((root for schema, root in place.always if schema is error.schema), None)
    choices: Any = error.validator_value
    if root is not None and isinstance(error.instance, dict) and (tag := find_tag(choices, root)):
        # That the key is missing, or has none of the values, is told beside this.
        if chosen := choose(choices, root, tag, error.instance):
            narrowed = view.narrow(path, chosen)
            for cause in branches.get(choices.index(chosen[0]), ()):
                yield from _explain(cause, narrowed, broken)
        return
    fitting = [
        causes
        for causes in branches.values()
        if not any(cause.validator == "type" and tuple(cause.absolute_path) == path for cause in causes)
    ]
    if fitting:
        for cause in min(fitting, key=len):
            yield from _explain(cause, view, broken)
    else:
        yield explain_value("type" if branches else str(error.validator), error.instance, place, path)
