"""Recognize ``${...}`` references, whose values are unknown until the model is first used."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.wording import label
from modelhub.secrets.dialects import find_foreign
from modelhub.secrets.references import BUILT_IN, HOW_TO_WRITE, Piece, parse_pieces
from modelhub.validation.schema.store import Schema
from modelhub.validation.schema.view import View
from modelhub.validation.walk import Text, find_texts

# Where people write text of their own, in which another tool's references, or half of ours, may well be meant.
_FREE = frozenset(
    {
        *("content", "description", "enum", "examples", "input", "instructions", "messages", "pattern", "prompt"),
        *("stop", "stop_sequences", "suffix", "system", "system_prompt", "template", "text", "tools"),
    }
)
_UNCLOSED = r"\$\{(?:env:)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-[^{}\s]*)?(?=$|[/:@.,?&#\s])"
_SCALARS = frozenset({"number", "integer", "boolean"})


def find_references(text: str) -> list[Piece]:
    """The references in ``text`` that name something, each once."""
    found = {piece.text: piece for piece in parse_pieces(text) if piece.kind == "reference" and piece.name}
    return list(found.values())


def find_bad_references(texts: Iterable[Text]) -> Iterator[Finding]:
    """Yield a finding for each text with a malformed reference; the hint is the reference that was probably meant."""
    for path, _, text in texts:
        if "${" in text and (bad := next(filter(_is_bad, parse_pieces(text)), None)):
            yield _explain_bad(bad, text, path)


def _is_bad(piece: Piece) -> bool:
    if piece.kind == "reference":
        return not piece.name or (piece.scheme == "keyring" and "/" not in piece.name)
    return piece.kind == "malformed"


def _explain_bad(bad: Piece, text: str, path: Path) -> Finding:
    what, hint = "a ${...} without the name of a variable", HOW_TO_WRITE
    if meant := [each for each in find_foreign(text) if each.text.startswith(("${", "!"))]:
        what, hint = "a ${...} that is written as in another tool", f"write {' and '.join(each.hint for each in meant)}"
    elif bad.default is not None and "${" in bad.default:
        what, hint = "a ${...} inside another one", f"write one of them: ${{{bad.name}}}"
    elif bad.default is not None and bad.scheme in ("file", "keyring"):
        what, hint = "a ${...} with a default that is no variable", "only a variable has a default: ${NAME:-default}"
    elif bad.scheme == "keyring" and bad.name:
        what, hint = "a ${keyring:...} without a user", "write ${keyring:service/user}"
    elif bad.scheme == "env":
        what = "a ${env:...} whose name no variable can have"
    return Finding("MH203", f"{label(path)} holds {what}", path, hint=hint)


def find_unclosed(texts: Iterable[Text]) -> Iterator[Finding]:
    """Yield a finding for each reference that does not end: ``${NAME`` without its brace."""
    for path, _, text in texts:
        if "${" not in text or is_free(path):
            continue
        literals = (piece.text for piece in parse_pieces(text) if piece.kind == "literal")
        if found := next(filter(None, (re.search(_UNCLOSED, each) for each in literals)), None):
            name = found["name"]
            message = f"{label(path)} holds a reference without its closing brace"
            yield Finding("MH203", message, path, hint=f"write ${{{name}}}, and $${{ for a literal ${{")


def find_unprovided(texts: Iterable[Text]) -> Iterator[Finding]:
    """Yield a warning for each reference to a source that is not ours while no plugin is there that might know it."""
    for path, _, text in texts:
        schemes = [piece.scheme for piece in find_references(text) if piece.scheme not in ("", *BUILT_IN)]
        if schemes and not _has_plugins():
            message = f"{label(path)}: no installed plugin resolves ${{{schemes[0]}:...}}"
            hint = "install the plugin, or write ${NAME}; a default is written with two signs: ${NAME:-default}"
            yield Finding("MH302", message, path, hint=hint, severity="warning")


def is_free(path: Path) -> bool:
    """Whether the value at ``path`` is text of one's own, in which anything may stand, such as a prompt."""
    return not _FREE.isdisjoint(path)


def _has_plugins() -> bool:
    """Whether a plugin with hooks is installed or registered; none is imported."""
    from modelhub.plugins.hooks import HOOKS

    return bool(HOOKS.plugins) or HOOKS.has_registered


def stands_for(text: str, types: Collection[str]) -> bool:
    """Whether ``text`` holds a reference that may become a value of one of these JSON types.

    Any string may hold references; a number or boolean must be exactly one.
    """
    if "${" not in text:
        return False
    found = [piece.is_braced and piece.text != "${}" for piece in parse_pieces(text)]
    return any(found) if "string" in types else found == [True] and not _SCALARS.isdisjoint(types)


def typed_references(config: dict[str, Any], schema: Schema) -> dict[Path, frozenset[str]]:
    """The places of a config where a reference stands for a number or a boolean, with the types allowed there."""
    if any("${" in text for _, text in find_texts(config)):
        return gather_types(config, View.of(schema))
    return {}


def gather_types(config: dict[str, Any], view: View) -> dict[Path, frozenset[str]]:
    """The same for the view of a schema."""
    found: dict[Path, frozenset[str]] = {}
    _gather(view, config, (), found)
    return found


def _gather(view: View | None, value: Any, path: tuple[str | int, ...], found: dict[Any, frozenset[str]]) -> None:
    if view is None:
        return
    if isinstance(value, str) and "string" not in view.types and stands_for(value, view.types):
        found[path] = frozenset(view.types & _SCALARS)
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        _gather(view.child(step), item, (*path, step), found)
