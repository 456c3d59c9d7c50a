"""References to values that a config does not hold, such as ``${OPENAI_API_KEY}``: listing and resolving them.

``${NAME}``, ``${NAME:-default}`` and ``${env:NAME}`` are environment variables, ``${file:/run/secrets/key}`` is what
a file holds, ``${keyring:service/user}`` a password, and other schemes are plugins'. ``$${`` is a literal ``${``. What
has no closing brace stays as it is.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from math import isfinite
from typing import Any

from modelhub.errors import ConfigError, Problem
from modelhub.secrets import find_secret

_REFERENCE = re.compile(r"\$(?P<escaped>\$\{)|\$\{(?P<inner>[^}]*)\}")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
# A scheme is a word of small letters; `${NAME:-default}` is none, whatever NAME is.
_SOURCE = re.compile(r"(?P<scheme>[a-z][a-z0-9_+.-]*):(?P<name>(?!-).*)", re.DOTALL)
_HINTS = {
    "env": "set it",
    "file": "name a text file that this process may read",
    "keyring": "store it with `keyring set SERVICE USER`",
}

Path = tuple[str | int, ...]


Types = Mapping[Path, frozenset[str]]  # the JSON types of the places where no string may stand


def resolve(value: Any, *, where: str, path: Path = (), types: Types | None = None) -> Any:
    """Copy ``value``, which stands at ``path`` of its config, with the references in all its strings resolved.

    What stands at a place named in ``types`` becomes a number or a boolean. Raises ConfigError, which names ``where``
    and the reference: MH301 for a variable, MH302 for a file, MH104 for what is no such number or boolean.
    """
    if isinstance(value, str):
        if "${" not in value:
            return value
        text = _REFERENCE.sub(lambda match: _resolve_one(match, where, path), value)
        wanted = types.get(path) if types else None
        if wanted is None:
            return text
        try:
            return convert(text, wanted)
        except ValueError as error:
            message = f"{where}: {'.'.join(map(str, path))} {error}, and what its reference resolves to is none"
            raise ConfigError([Problem("MH104", message, path=path)]) from None
    if isinstance(value, dict):
        return {key: resolve(item, where=where, path=(*path, key), types=types) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, where=where, path=(*path, n), types=types) for n, item in enumerate(value)]
    return value


def convert(text: str, types: frozenset[str]) -> Any:
    """The number or boolean that ``text`` writes.

    Raises ValueError when it writes none; the text itself is not quoted then, for it may be a secret.
    """
    if "boolean" in types and text.lower() in ("true", "false"):
        return text.lower() == "true"
    for name, kind in (("integer", int), ("number", float)):
        if name in types or "number" in types:
            with suppress(ValueError):
                value = kind(text)
                if isfinite(value):
                    return value
    raise ValueError(f"must be a {' or '.join(sorted(types))}")


def reference_names(value: Any) -> list[str]:
    """List what the strings of ``value`` refer to, as ``NAME`` or ``file:/path``, each once."""
    names: dict[str, None] = {}
    for text in _find_texts(value):
        for match in _REFERENCE.finditer(text):
            if match["inner"] is not None:
                variable = _VARIABLE.fullmatch(match["inner"])
                names[variable["name"] if variable else match["inner"]] = None
    return list(names)


def find_files(value: Any) -> list[str]:
    """List the files that the strings of ``value`` refer to."""
    return [name.removeprefix("file:") for name in reference_names(value) if name.startswith("file:")]


def _resolve_one(match: re.Match[str], where: str, path: Path) -> str:
    inner = match["inner"]
    if inner is None:
        return "${"
    source = _SOURCE.fullmatch(inner)
    if source is not None:
        try:
            return find_secret(source["scheme"], source["name"])
        except LookupError as error:
            code = "MH301" if source["scheme"] == "env" else "MH302"
            hint = _HINTS.get(source["scheme"], "`modelhub plugins` lists what is installed")
            raise ConfigError([Problem(code, f"{where}: {error.args[0]}", hint, path=path)]) from None
    variable = _VARIABLE.fullmatch(inner)
    if variable is None:
        message = f"{where}: a ${{...}} does not hold the name of an environment variable"
        hint = "write ${NAME}, ${NAME:-default} or ${file:/path}, and $${ for a literal ${"
        raise ConfigError([Problem("MH301", message, hint, path=path)])
    name, default = variable["name"], variable["default"]
    found = os.environ.get(name)
    if default is not None:
        return found or default
    if found is None:
        message = f"{where}: environment variable {name} is not set"
        raise ConfigError([Problem("MH301", message, f"set {name}, or write ${{{name}:-default}}", path=path)])
    return found


def _find_texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _find_texts(item)]
