"""Words for keys, types and values, as a person who writes a config would name them; never a secret."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from modelhub.diagnostics.lookalikes import add_note
from modelhub.diagnostics.spelling import Source, advise_quotes, respell
from modelhub.diagnostics.suggest import suggest_freely
from modelhub.patterns import expression
from modelhub.printable import shorten
from modelhub.secrets import is_secret_place

_SECRET_VALUE = expression(
    r"^\s*(bearer|basic)\s|\b(sk|pk|ak|xox[a-z]|gh[a-z])[-_]\w{6,}|[\w+/=-]{28,}|:[^\s@:]*@|[?&]\w+=", re.IGNORECASE
)

_TYPES = {
    "string": "a string",
    "number": "a number",
    "integer": "an integer",
    "boolean": "a boolean",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}


def label(path: Sequence[str | int]) -> str:
    """Write a path as people write it: ``client_args.base_url``, ``stop[0]``."""
    steps = "".join(f"[{step}]" if isinstance(step, int) else f".{shorten(step, 80)}" for step in path)
    return steps.removeprefix(".") or "the config"


def is_secret(path: Sequence[str | int]) -> bool:
    """Whether a key in the path of a value sounds like the key of a secret."""
    return any(is_secret_place(path[: end + 1]) for end, step in enumerate(path) if isinstance(step, str))


def looks_secret(text: str) -> bool:
    """Whether a text holds something that looks like a key or a password."""
    return _SECRET_VALUE.search(text) is not None


def shown(value: Any, *, secret: bool) -> str:
    """Write a scalar as a file has it; empty for a value that is long, nested or perhaps secret."""
    if secret or isinstance(value, (dict, list)):
        return ""
    if value is None or isinstance(value, bool):
        return str(value).lower() if value is not None else "null"
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str) and len(value) <= 80 and not _SECRET_VALUE.search(value):
        return repr(value)
    return ""


def kind(value: Any) -> str:
    """Name the type of a value: "a string", "a mapping"."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "a list"
        case dict():
            return "a mapping"
    return f"a Python {type(value).__name__}"


def describe(value: Any) -> str:
    """Name the type of a part of a file; here, a string is text in the place of something else."""
    return "text" if isinstance(value, str) else kind(value)


def types(names: Collection[str]) -> str:
    """Name the types that a value may have: "a string or a list"."""
    wanted = [_TYPES[name] for name in _TYPES if name in names and not (name == "integer" and "number" in names)]
    if len(wanted) > 1:
        wanted = [name for name in wanted if name != "null"]
    return either(wanted) if wanted else "another type"


def either(words: Sequence[str]) -> str:
    """Join alternatives: "a, b or c"."""
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def quoting_hint(value: Any, names: Collection[str], *, secret: bool, source: Source | None = None) -> str | None:
    """Return a hint about a value that is only written in the wrong way; None if that is not the problem.

    ``source`` is the value as it stands in its file.
    """
    if "string" in names and isinstance(value, (int, float)):
        return "put it in quotes" if secret else advise_quotes(value, source)
    if not isinstance(value, str) or not (hint := respell(value, names, source)):
        return None
    return ("write it without quotes" if hint.endswith("quotes") else None) if secret else add_note(hint, value)


def did_you_mean(word: str) -> str:
    """Ask whether ``word`` was meant."""
    return f"did you mean '{shorten(word, 80)}'?"


def suggest_name(name: str, known: Iterable[str], what: str) -> str:
    """Suggest the name that was probably meant, else list the known names; ``what`` is the plural noun for them."""
    names = list(known)
    if near := suggest_freely(name, names):
        return did_you_mean(near)
    return f"the {what} are: {', '.join(names[:20])}" if names else f"there are no {what}"
