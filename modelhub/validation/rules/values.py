"""Findings about values that a keyword of the schema refuses."""

from __future__ import annotations

from typing import Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.lookalikes import add_note
from modelhub.diagnostics.suggest import suggest
from modelhub.diagnostics.wording import did_you_mean, either, is_secret, kind, label, quoting_hint, shown, types
from modelhub.validation.rules.urls import repair
from modelhub.validation.schema.view import View

_RANGES = ("min", "max", "exclusive", "multipleOf", "uniqueItems", "contains")
_MANY = 20  # choices that nobody wants to read when the one that was meant is known


def explain_value(keyword: str, value: Any, place: View, path: Path) -> Finding:
    """Explain why ``keyword`` refuses the value at ``path``."""
    secret = place.secret or is_secret(path) or (isinstance(value, str) and _has_secrets(place))
    text = shown(value, secret=secret)
    if keyword == "type":
        return _explain_type(value, place, path, text, secret)
    but = f", not {text}" if text else ""
    if keyword in ("enum", "const"):
        choices = [str(shown(choice, secret=False)) for choice in place.first("enum") or [place.first("const")]]
        near = suggest(value, [choice.strip("'") for choice in choices]) if isinstance(value, str) else None
        hint = add_note(did_you_mean(near) if near else None, value) if near and not secret else None
        what = f"one of {either(choices)}" if len(choices) > 1 else choices[0]
        if hint and len(choices) > _MANY:
            what = f"one of {len(choices)} names"
        texts = () if secret or isinstance(value, str) else tuple(choice.strip("'") for choice in choices)
        names = ("string",) if texts else ()
        return Finding("MH202", f"{label(path)} must be {what}{but}", path, hint=hint, wanted=names, choices=texts)
    if keyword in ("pattern", "format"):
        wanted = place.first("x-expects") or f"in the format {place.first(keyword)}"
        meant = repair(value) if "URL" in wanted and isinstance(value, str) and not secret else None
        hint = did_you_mean(meant) if meant else _example(place)
        return Finding("MH203", f"{label(path)} must be {wanted}{but}", path, hint=hint)
    if keyword.startswith(_RANGES):
        return Finding("MH201", f"{label(path)} must {_range(keyword, value, place)}{but}", path, hint=_example(place))
    what = place.first("description")
    return Finding("MH100", f"{label(path)} does not fit the schema ({keyword})", path, hint=what)


def _has_secrets(place: View) -> bool:
    """Whether an object is wanted there that has secrets: what stands in its place may well be one of them."""
    return any(child is not None and child.secret for child in map(place.child, place.properties))


def _explain_type(value: Any, place: View, path: Path, text: str, secret: bool) -> Finding:
    named = [part["type"] for part, _ in place.always if "type" in part] or [sorted(place.types)]
    wanted = min(([name] if isinstance(name, str) else name for name in named), key=len)
    hint = quoting_hint(value, wanted, secret=secret)
    if value is None:
        return Finding(
            "MH104", f"{label(path)} must be {types(wanted)}, not null", path, hint="give it a value, or remove it"
        )
    shape = f" ({text})" if text else ""
    message = f"{label(path)} must be {types(wanted)}, not {kind(value)}{shape}"
    return Finding("MH104", message, path, hint=hint, wanted=() if secret else tuple(wanted))


def _range(keyword: str, value: Any, place: View) -> str:
    low, high = place.tightest("minimum", max), place.tightest("maximum", min)
    above, below = place.tightest("exclusiveMinimum", max), place.tightest("exclusiveMaximum", min)
    rule = place.first(keyword)
    match keyword:
        case "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum":
            if low is not None and high is not None:
                return f"be between {low} and {high}"
            bounds = {"at least": low, "greater than": above, "at most": high, "less than": below}
            return "be " + " and ".join(f"{words} {bound}" for words, bound in bounds.items() if bound is not None)
        case "minLength" | "minItems" | "minProperties":
            return "not be empty" if not value else f"have at least {rule} {_unit(value)}"
        case "maxLength" | "maxItems" | "maxProperties":
            return f"have at most {rule} {_unit(value)}"
        case "multipleOf":
            return f"be a multiple of {rule}"
        case "uniqueItems":
            return "not hold the same item twice"
    return "hold the right number of items"


def _unit(value: Any) -> str:
    return "characters" if isinstance(value, str) else "items"


def _example(place: View) -> str | None:
    examples = place.first("examples")
    if not examples or place.secret:
        return None
    text = shown(examples[0], secret=False)
    return f"for example {text}" if text else None
