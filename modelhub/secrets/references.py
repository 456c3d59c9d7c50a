"""References to values outside of a config, such as ``${OPENAI_API_KEY}``: finding them and resolving them.

``${NAME}``, ``${NAME:-default}`` and ``${env:NAME}`` are environment variables, ``${file:/run/secrets/key}`` is the
content of a file, ``${keyring:service/user}`` is a password, and plugins may add other schemes. ``$${`` is a literal
``${``. Text without a closing brace is not changed.
"""

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from math import isfinite
from typing import Any, Literal, NamedTuple

from modelhub.errors import ConfigError, Problem
from modelhub.secrets.sources import find_secret

# What may be a reference, for those who must write a pattern: JSON Schema, and the parts of a URL.
PATTERN = r"\$\{[^}]+\}"
HOW_TO_WRITE = "write ${NAME}, ${NAME:-default} or ${file:/path}, and $${ for a literal ${"
_PIECE = re.compile(rf"\$\$\{{|{PATTERN}|\$\{{\}}")
_ESCAPE = re.compile(r"\$\$\{")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEME = re.compile(r"[a-z][a-z0-9_+.-]*")
_HINTS = {
    "env": "set it",
    "file": "name a text file that this process may read",
    "keyring": "store it with `keyring set SERVICE USER`",
}

Kind = Literal["literal", "escape", "reference", "malformed"]
Path = tuple[str | int, ...]
Types = Mapping[Path, frozenset[str]]  # the JSON types of the places where no string may stand


class Piece(NamedTuple):
    """One part of a longer text: ``text``, its characters from ``start`` to ``end``.

    A reference without a scheme names an environment variable, and only such a reference may have a default. A
    malformed reference is written like one, but its name is not possible for a variable or for a source.
    """

    kind: Kind
    text: str
    start: int
    end: int
    scheme: str = ""
    name: str = ""
    default: str | None = None

    @property
    def is_braced(self) -> bool:
        """Whether it is written as a reference, correct or malformed."""
        return self.kind in ("reference", "malformed")


def parse_pieces(text: str) -> tuple[Piece, ...]:
    """Parse a text into its pieces; joined, they are the same text."""
    if "${" in text:
        return _parse(text)
    return (Piece("literal", text, 0, len(text)),) if text else ()


@lru_cache(maxsize=256)  # the checks of a config ask for the same text many times
def _parse(text: str) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    done = 0
    for match in _find_braced(text):
        start, end = match.span()
        if done < start:
            pieces.append(Piece("literal", text[done:start], done, start))
        pieces.append(_parse_piece(match[0], start, end))
        done = end
    if done < len(text):
        pieces.append(Piece("literal", text[done:], done, len(text)))
    return tuple(pieces)


def _find_braced(text: str) -> Iterator[re.Match[str]]:
    """Find what looks like a reference. No brace closes after the last one, and to search for it takes long."""
    last = text.rfind("}") + 1
    yield from _PIECE.finditer(text, 0, last)
    yield from _ESCAPE.finditer(text, last)


def _parse_piece(text: str, start: int, end: int) -> Piece:
    if text == "$${":
        return Piece("escape", text, start, end)
    word, colon, rest = text[2:-1].partition(":")
    kind: Kind = "malformed"
    if colon and not rest.startswith("-"):
        if _SCHEME.fullmatch(word):
            kind = "reference"
        return Piece(kind, text, start, end, word, rest)
    if _NAME.fullmatch(word):
        kind = "reference"
    return Piece(kind, text, start, end, "", word, rest[1:] if colon else None)


def resolve(value: Any, *, where: str, path: Path = (), types: Types | None = None) -> Any:
    """Copy ``value``, whose place in its config is ``path``, and resolve the references in all its strings.

    A value at a place in ``types`` becomes a number or a boolean. Raises ConfigError, which names ``where`` and the
    reference: MH301 for a variable, MH302 for a file, MH104 for a text that is not such a number or boolean.
    """
    if isinstance(value, str):
        if "${" not in value:
            return value
        text = "".join(_resolve_piece(piece, where, path) for piece in parse_pieces(value))
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
    """The number or boolean that ``text`` means.

    Raises ValueError for any other text; the error does not quote the text, since it may be a secret.
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
    """List the targets of all references in ``value``, as ``NAME`` or ``file:/path``, each once."""
    names: dict[str, None] = {}
    for text in _find_texts(value):
        for piece in parse_pieces(text):
            if piece.is_braced:
                names[f"{piece.scheme}:{piece.name}" if piece.scheme not in ("", "env") else piece.name] = None
    return list(names)


def find_files(value: Any) -> list[str]:
    """List the files that the strings of ``value`` refer to."""
    return [name.removeprefix("file:") for name in reference_names(value) if name.startswith("file:")]


def _resolve_piece(piece: Piece, where: str, path: Path) -> str:
    match piece.kind:
        case "literal":
            return piece.text
        case "escape":
            return "${"
        case "malformed":
            message = f"{where}: a ${{...}} does not hold the name of an environment variable"
            raise ConfigError([Problem("MH301", message, HOW_TO_WRITE, path=path)])
    return _find_value(piece, where, path) if piece.scheme else _find_variable(piece, where, path)


def _find_value(piece: Piece, where: str, path: Path) -> str:
    try:
        return find_secret(piece.scheme, piece.name)
    except LookupError as error:
        code = "MH301" if piece.scheme == "env" else "MH302"
        hint = _HINTS.get(piece.scheme, "`modelhub plugins` lists what is installed")
        raise ConfigError([Problem(code, f"{where}: {error.args[0]}", hint, path=path)]) from None


def _find_variable(piece: Piece, where: str, path: Path) -> str:
    name, found = piece.name, os.environ.get(piece.name)
    if piece.default is not None:
        return found or piece.default
    if found is None:
        message = f"{where}: environment variable {name} is not set"
        raise ConfigError([Problem("MH301", message, f"set {name}, or write ${{{name}:-default}}", path=path)])
    return found


def _find_texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in items for text in _find_texts(item)]
