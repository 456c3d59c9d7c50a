"""References to values outside of a config, such as ``${OPENAI_API_KEY}``: finding them and resolving them.

``${NAME}``, ``${NAME:-default}``, ``${env:NAME}`` and ``${env:NAME:-default}`` are environment variables,
``${file:/run/secrets/key}`` is the content of a file, ``${keyring:service/user}`` is a password, and plugins may add
other schemes. ``$${`` is a literal ``${``. Text without a closing brace is not changed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from math import isfinite
from typing import Any, Literal, NamedTuple

from modelhub.errors import ConfigError, Problem
from modelhub.patterns import expression
from modelhub.secrets.dialects import read_foreign
from modelhub.secrets.sources import find_secret, read_variable

# What may be a reference, for those who must write a pattern: JSON Schema, and the parts of a URL.
PATTERN = r"\$\{[^}]+\}"
BUILT_IN = ("env", "file", "keyring")  # the schemes that need no plugin
HOW_TO_WRITE = "write ${NAME}, ${NAME:-default} or ${file:/path}, and $${ for a literal ${"
_PIECE = expression(rf"\$\$\{{|{PATTERN}|\$\{{\}}")
_ESCAPE = expression(r"\$\$\{")
_NAME = expression(r"[A-Za-z_][A-Za-z0-9_]*")
_SCHEME = expression(r"[a-z][a-z0-9_+.-]*")
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

    A reference without a scheme, or with ``env``, names an environment variable, and only such a reference may have a
    default. A malformed reference is written like one, but its name is not possible for a variable or for a source.
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
    default: str | None
    if not colon or rest.startswith("-"):
        scheme, name, default = "", word, rest[1:] if colon else None
        is_right = _NAME.fullmatch(name) is not None
    elif word in BUILT_IN:
        scheme, (name, dash, spare) = word, rest.partition(":-")
        default = spare if dash else None
        is_right = not name or (_NAME.fullmatch(name) is not None if word == "env" else default is None)
    else:
        scheme, name, default = word, rest, None
        is_right = _SCHEME.fullmatch(word) is not None
    kind: Kind = "reference" if is_right and "${" not in (default or "") else "malformed"
    return Piece(kind, text, start, end, scheme, name, default)


def resolve(value: Any, *, where: str, path: Path = (), types: Types | None = None) -> Any:
    """Copy ``value``, whose place in its config is ``path``, and resolve the references in all its strings.

    A value at a place in ``types`` becomes a number or a boolean. Raises ConfigError, which names ``where`` and the
    reference: MH301 for a variable, MH302 for a file, MH104 for a text that is not such a number or boolean, MH402 for
    a reference of another tool, which would be sent as it is.
    """
    if isinstance(value, str):
        if "${" not in value:
            return _refuse_foreign(value, where, path)
        text = "".join(_resolve_piece(piece, where, path) for piece in parse_pieces(value))
        wanted = types.get(path) if types else None
        if wanted is None:
            return text
        try:
            return convert(text, wanted)
        except ValueError as error:
            message = (
                f"{where}: {'.'.join(map(str, path))} {error}, and what {name_references(value)} resolves to is none"
            )
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
    raise ValueError(f"must be {describe_types(types)}")


def describe_types(types: Iterable[str]) -> str:
    """Name the JSON types of scalars as one writes them: "a number", "true or false"."""
    names = {"boolean": "true or false", "integer": "an integer", "number": "a number"}
    wanted = set(types) - ({"integer"} if "number" in types else set())
    return " or ".join(names[name] for name in names if name in wanted) or "another type"


def name_references(text: str) -> str:
    """Write the references in ``text`` without their defaults: ``${A} and ${file:b}``."""
    found = (piece for piece in parse_pieces(text) if piece.is_braced)
    return " and ".join(dict.fromkeys(f"${{{f'{p.scheme}:' if p.scheme else ''}{p.name}}}" for p in found))


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
    is_variable = not piece.scheme or piece.default is not None
    return _find_variable(piece, where, path) if is_variable else _find_value(piece, where, path)


def _refuse_foreign(text: str, where: str, path: Path) -> str:
    if foreign := read_foreign(text, certain=True):
        key = ".".join(map(str, path)) or "a value"
        message = f"{where}: {key} is a reference in another tool's form, which is not looked up"
        raise ConfigError([Problem("MH402", message, f"write {foreign.hint}", path=path)])
    return text


def _find_value(piece: Piece, where: str, path: Path) -> str:
    try:
        return find_secret(piece.scheme, piece.name)
    except LookupError as error:
        code = "MH301" if piece.scheme == "env" else "MH302"
        hint = _HINTS.get(piece.scheme, "`modelhub plugins` lists what is installed")
        raise ConfigError([Problem(code, f"{where}: {error.args[0]}", hint, path=path)]) from None


def _find_variable(piece: Piece, where: str, path: Path) -> str:
    name, found = piece.name, read_variable(piece.name)
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
