"""Check the two keys that decide everything else: config_name, which must be unique, and model_type."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from modelhub.diagnostics import Finding
from modelhub.diagnostics.lookalikes import add_note
from modelhub.diagnostics.suggest import suggest
from modelhub.diagnostics.wording import did_you_mean, kind, quoting_hint, shown
from modelhub.plugins.python_types import is_python_type, read_python_type
from modelhub.printable import shorten
from modelhub.validation.rules.keys import explain_unknown_key

if TYPE_CHECKING:
    from modelhub.configs import Entry

IDENTITY = ("config_name", "model_type")
_ADVICE = {
    "config_name": "add 'config_name': the name your code will ask for",
    "model_type": "add 'model_type', for example 'openai_chat'; `modelhub types` lists the known ones",
}

# Names that AgentScope gave up, and what each is called since.
ALIASES = {
    "openai": "openai_chat",
    "tongyi_chat": "dashscope_chat",
    "post_api_dalle": "post_api_dall_e",
}


def check_identity(config: dict[str, Any]) -> list[Finding]:
    """Say what is wrong with config_name and model_type, except for duplicate names and unknown types."""
    return [finding for key in IDENTITY if (finding := _check_key(config, key))]


def _check_key(config: dict[str, Any], key: str) -> Finding | None:
    if key not in config:
        others = [other for other in config if isinstance(other, str) and other not in IDENTITY]
        meant = next((other for other in others if suggest(other, IDENTITY) == key), None)
        if meant is not None:
            return explain_unknown_key(meant, (), did_you_mean(key))
        return Finding("MH102", f"the key '{key}' is missing", hint=_ADVICE[key])
    value = config[key]
    if not isinstance(value, str):
        text = shown(value, secret=False)
        message = f"{key} must be a string, not {kind(value)}" + (f" ({text})" if text and value is not None else "")
        wanted = ("string",)
        return Finding("MH104", message, (key,), hint=quoting_hint(value, wanted, secret=False), wanted=wanted)
    if not value.strip():
        return Finding("MH201", f"{key} must not be empty", (key,), hint=_ADVICE[key])
    return None


def explain_old_type(old: str, modern: str) -> Finding:
    """Say that a config uses an old name."""
    message = f"model_type '{old}' is the old name of '{modern}'"
    return Finding("MH109", message, ("model_type",), hint=f"write '{modern}'", severity="warning")


def find_unknown_type(config: dict[str, Any], model_types: Collection[str]) -> Finding | None:
    """Say that nothing installed provides the config's model_type."""
    model_type = config.get("model_type")
    if not isinstance(model_type, str) or not model_type.strip() or model_type in model_types:
        return None
    if is_python_type(model_type):
        return _explain_python_type(model_type)
    near = suggest(model_type, sorted(model_types))
    meant = add_note(did_you_mean(near) if near else None, model_type)
    hint = "`modelhub types` lists the known ones; a plugin may be missing"
    message = f"unknown model_type '{shorten(model_type, 80)}'"
    return Finding(
        "MH107",
        message,
        ("model_type",),
        hint=(f"{meant} {hint}" if meant.endswith("?") else f"{meant}; {hint}") if meant else hint,
    )


def _explain_python_type(model_type: str) -> Finding:
    """Say that a config names a class in Python where it may not, or not so."""
    shortened = shorten(model_type, 80)
    if read_python_type(model_type) is None:
        message, hint = f"model_type '{shortened}' names no class", "write python:package.module:Class"
        return Finding("MH504", message, ("model_type",), hint=hint)
    message = f"model_type '{shortened}' is Python code, which is not allowed here"
    hint = "if you trust these configs, pass allow_python=True to init, or --allow-python to the command"
    return Finding("MH504", message, ("model_type",), hint=hint)


def find_duplicate_names(entries: Sequence[Entry]) -> dict[int, Finding]:
    """Return a finding, by the index of the entry, for each entry whose config_name an earlier entry has."""
    first: dict[str, Entry] = {}
    findings: dict[int, Finding] = {}
    for index, entry in enumerate(entries):
        name = entry.config.get("config_name")
        if not isinstance(name, str) or not name.strip():
            continue
        if name not in first:
            first[name] = entry
            continue
        place = first[name].problem("MH108", "", "config_name").place
        message = f"config_name '{shorten(name, 80)}' is already taken at {place}"
        findings[index] = Finding("MH108", message, ("config_name",), hint="give each config a name of its own")
    return findings
