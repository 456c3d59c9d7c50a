"""Findings about keys: unknown keys, missing keys, and keys that had a meaning in the past."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.lookalikes import add_note
from modelhub.diagnostics.suggest import fold, suggest
from modelhub.diagnostics.wording import did_you_mean, either, label
from modelhub.printable import shorten
from modelhub.validation.schema.view import View

NO_REF = "there is no $ref: use extends for another config, include for another file"
_MOST = 1000  # how many unknown keys are compared to the known ones, which takes time; no config has so many


def find_odd_keys(view: View, value: Any, path: Path = (), parent: View | None = None) -> Iterator[Finding]:
    """Yield the deprecated keys, and the keys that an open mapping (``x-open``) does not know."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, (dict, list)) and (child := view.child(index)):
                yield from find_odd_keys(child, item, (*path, index))
    if not isinstance(value, dict):
        return
    for key, item in value.items():
        child = view.child(key)
        if key == "$ref" and child is None and len(path) < 2:
            yield explain_unknown_key(key, path, NO_REF)
        elif child is None:
            if view.open and view.properties:
                yield explain_open_key(view, key, path, parent)
        elif (child.deprecated and child.first("x-unless") not in value) or _is_old_form(child, item):
            yield explain_deprecated_key(child, key, path)
        elif isinstance(item, (dict, list)):
            yield from find_odd_keys(child, item, (*path, key), view)


def _is_old_form(child: View, item: Any) -> bool:
    """Whether a value is a number where numbers had a meaning in the past."""
    return "number" in child.old_types and isinstance(item, int | float) and not isinstance(item, bool)


def explain_deprecated_key(child: View, key: str, path: Path) -> Finding:
    """Warn about a key that is accepted and should be written another way."""
    advice = child.first("x-instead") or child.first("description") or "see the schema"
    return Finding(
        "MH109", f"{label((*path, key))} is deprecated: {advice}", (*path, key), key=True, severity="warning"
    )


def explain_open_key(view: View, key: Any, path: Path, parent: View | None = None) -> Finding:
    """Explain an unknown key where new keys are allowed: a near miss is an error, any other key a warning."""
    home = find_home(parent, key) if parent else None
    if home is None and (near := suggest(str(key), view.current)):
        return explain_unknown_key(key, path, did_you_mean(near))
    return Finding(
        "MH110",
        f"{label((*path, key))} is not an option that modelhub knows",
        (*path, key),
        key=True,
        hint=f"move it into {home}" if home else add_note("check its spelling; it is kept as it is", str(key)),
        severity="warning",
    )


def explain_unknown_key(key: Any, path: Path, hint: str | None = None) -> Finding:
    """Explain a key that is not allowed here; the caller, which knows the model_type, adds where "here" is."""
    word = str(key)
    return Finding("MH103", f"unknown key '{shorten(word, 80)}'", (*path, key), key=True, hint=add_note(hint, word))


def find_unknown_keys(view: View, value: dict[str, Any], path: Path) -> Iterator[Finding]:
    """Yield a finding for each key of a closed mapping that its schema does not know."""
    unknown = [key for key in value if view.child(key) is None and not (key == "$ref" and len(path) < 2)]
    for number, key in enumerate(unknown):
        if number < _MOST and (home := find_home(view, key)) and is_ignored_above(view.child(home)):
            yield explain_ignored_key(key, path, home)
        else:
            yield explain_unknown_key(key, path, _advice(view, key, value) if number < _MOST else None)


def is_ignored_above(mapping: View | None) -> bool:
    """Whether the keys of ``mapping`` may stand beside it, without effect, as AgentScope's releases took them."""
    return mapping is not None and mapping.first("x-ignored-above") is True


def explain_ignored_key(key: Any, path: Path, home: str) -> Finding:
    """Warn about an option that stands beside ``home`` and has an effect only in it."""
    message = f"{label((*path, key))} is deprecated: it has no effect here; move it into {home}"
    return Finding("MH109", message, (*path, key), key=True, severity="warning")


def find_meant_key(view: View, missing: str, value: dict[str, Any]) -> str | None:
    """Return the unknown key that was probably meant to be the missing one."""
    strange = [key for key in value if isinstance(key, str) and key not in view.properties]
    return next((key for key in strange[:_MOST] if _meant(view, key, value) == missing), None)


def find_home(view: View, key: Any) -> str | None:
    """Return the open mapping, such as generate_args, that a misplaced key belongs to."""
    return next((home for home, child in _open_children(view) if key in child.properties), None)


def _open_children(view: View) -> Iterator[tuple[str, View]]:
    for home in view.current:
        child = view.child(home)
        if child and child.open:
            yield home, child


def _advice(view: View, key: Any, value: dict[str, Any]) -> str:
    if home := find_home(view, key):
        return f"move it into {home}"
    if near := _meant(view, str(key), value):
        return did_you_mean(near)
    for home, child in _open_children(view):
        if near := suggest(str(key), child.current):
            return f"did you mean '{near}' in {home}?"
    known = [name for name in view.current if name not in value]
    return f"other keys here are {either(known)}" if 0 < len(known) <= 12 else "remove it, or check its spelling"


def _meant(view: View, key: str, value: Collection[str]) -> str | None:
    """The known key that was meant: the nearest one, else the only absent key that begins or ends with ``key``."""
    if near := suggest(key, view.current):
        return near
    part = fold(key)
    longer = [
        name
        for name in view.current
        if name not in value and (name.startswith(f"{part}_") or name.endswith(f"_{part}"))
    ]
    return longer[0] if len(longer) == 1 else None
