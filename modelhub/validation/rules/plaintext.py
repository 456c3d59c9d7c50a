"""Find secrets that stand in a config in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.wording import label
from modelhub.secrets import is_secret_name, redact
from modelhub.secrets.references import parse_pieces
from modelhub.validation.rules.urls import is_local
from modelhub.validation.rules.variables import name_reference
from modelhub.validation.schema.view import View
from modelhub.validation.walk import find_texts, last_key

# Patterns are compiled where they are used: most configs need few of them, and starting should cost little.
_SCHEME = r"(?i)^\s*(?:bearer|basic|token|key)\s+|^\s*(?:bearer|basic)\s*$"
_USER = r"://[^\s/?#@:]*@"  # a name without a password
# What people write where a server wants a key and takes any.
_DUMMIES = (
    r"(?i)any(thing)?|dummy|empty|fake|local|lm-studio|n/?a|(sk-)?no[-_ ]?key([-_ ]required)?|none|not[-_ ]needed"
    r"|not[-_ ]required|null|ollama|(sk-)?test(ing)?|token-abc123|unused|vllm|x+"
)


def find_plaintext_secrets(config: dict[str, Any], view: View) -> Iterator[Finding]:
    """Yield a warning for each secret in plain text, unless it is a dummy or for a server on this machine."""
    if is_local(config):
        return
    for path, text in find_texts(config):
        if "://" in text and _has_secret(text):
            hint = "write its password or key as ${...}"
            yield _warn(f"{label(path)} holds a secret in plain text", path, hint)
        elif _is_secret_place(path, view) and not is_harmless(text):
            hint = f"move it to the environment: {name_reference(path, config)}"
            yield _warn(f"{label(path)} is a secret in plain text", path, hint)


def _is_secret_place(path: Path, view: View) -> bool:
    if is_secret_name(last_key(path)):
        return True
    place = view.at(path)
    return place is not None and place.secret


def is_harmless(text: str) -> bool:
    """Whether the text of a secret key holds no secret, neither around its references nor in their defaults."""
    pieces = parse_pieces(text)
    defaults = [piece.default or "" for piece in pieces]
    rest = re.sub(_SCHEME, "", "".join(piece.text for piece in pieces if not piece.is_braced)).strip()
    return all(not word or re.fullmatch(_DUMMIES, word) for word in (rest, *defaults))


def _has_secret(url: str) -> bool:
    url = re.sub(_USER, "://", url)
    return bool(redact({"url": url})["url"] != url)


def _warn(message: str, path: Path, hint: str) -> Finding:
    return Finding("MH401", message, path, hint=hint, severity="warning")
