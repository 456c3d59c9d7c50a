"""References to values that a config does not hold, such as ``${OPENAI_API_KEY}``: listing and resolving them.

``${NAME}`` and ``${NAME:-default}`` are environment variables, ``${file:/run/secrets/key}`` is what a file holds,
and ``$${`` is a literal ``${``. What has no closing brace stays as it is.
"""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path as FilePath
from typing import Any

from modelhub.errors import ConfigError, Problem

_REFERENCE = re.compile(r"\$(?P<escaped>\$\{)|\$\{(?P<inner>[^}]*)\}")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_MAX_BYTES = 1024 * 1024

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
        return text if wanted is None else _convert(text, wanted, where, path)
    if isinstance(value, dict):
        return {key: resolve(item, where=where, path=(*path, key), types=types) for key, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, where=where, path=(*path, n), types=types) for n, item in enumerate(value)]
    return value


def _convert(text: str, types: frozenset[str], where: str, path: Path) -> Any:
    """The number or boolean that ``text`` writes; the text itself is not quoted, for it may be a secret."""
    if "boolean" in types and text.lower() in ("true", "false"):
        return text.lower() == "true"
    for name, kind in (("integer", int), ("number", float)):
        if name in types or "number" in types:
            with suppress(ValueError):
                return kind(text)
    wanted = " or ".join(sorted(types))
    message = f"{where}: {'.'.join(map(str, path))} must be a {wanted}, and what its reference resolves to is none"
    raise ConfigError([Problem("MH104", message, path=path)])


def reference_names(value: Any) -> list[str]:
    """List what the strings of ``value`` refer to, as ``NAME`` or ``file:/path``, each once."""
    names: dict[str, None] = {}
    for text in _find_texts(value):
        for match in _REFERENCE.finditer(text):
            if match["inner"] is not None:
                variable = _VARIABLE.fullmatch(match["inner"])
                names[variable["name"] if variable else match["inner"]] = None
    return list(names)


def _resolve_one(match: re.Match[str], where: str, path: Path) -> str:
    inner = match["inner"]
    if inner is None:
        return "${"
    if inner.startswith("file:"):
        return _read_secret(inner.removeprefix("file:"), where, path)
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


def _read_secret(name: str, where: str, path: Path) -> str:
    try:
        file = FilePath(name)
        if not file.is_file():
            reason = "it is not a regular file" if file.exists() else "it does not exist"
        elif file.stat().st_size > _MAX_BYTES:
            reason = "it is larger than 1 MB"
        else:
            return file.read_bytes().decode().rstrip("\r\n")
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    except ValueError as error:
        reason = str(error)
    message = f"{where}: the file '{name}' of a ${{file:...}} cannot be used: {reason}"
    raise ConfigError([Problem("MH302", message, "name a text file that this process may read", path=path)])


def _find_texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _find_texts(item)]
