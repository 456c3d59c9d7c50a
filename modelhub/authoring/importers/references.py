"""Writes the references of other programs as ``${NAME}``."""

from __future__ import annotations

import re

from modelhub.secrets.dialects import find_foreign
from modelhub.secrets.references import Piece, parse_pieces
from modelhub.validation.rules.plaintext import is_dummy

ENVIRON = "os.environ/"
_SCHEME = re.compile(r"(?i)(?:bearer|basic|token|key)\s+")


def translate_environ(text: str) -> str:
    """The same for LiteLLM, which knows ``os.environ/NAME`` as a whole text, and for which ``${`` means nothing."""
    return f"${{{text.removeprefix(ENVIRON)}}}" if text.startswith(ENVIRON) else text.replace("${", "$${")


def translate(text: str) -> str:
    """``text`` with its references as modelhub has them: ``{env:X}``, ``$X``, ``{{ env.X }}``, ``env::X`` and others.

    A default that may be a secret is left out; what is no reference is escaped.
    """
    scheme = match[0] if (match := _SCHEME.match(text)) else ""
    rest = text[len(scheme) :]
    for each in find_foreign(rest):
        rest = rest.replace(each.text, each.right)
    return scheme + "".join(_write(piece) for piece in parse_pieces(rest))


def _write(piece: Piece) -> str:
    if piece.kind == "malformed":
        return f"${piece.text}"
    if piece.default and not is_dummy(piece.default) and "://" not in piece.default:
        return f"${{{piece.name}}}"
    return piece.text
