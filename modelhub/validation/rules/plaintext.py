"""Find secrets that stand in a config in plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.wording import label
from modelhub.secrets import is_secret_place, redact
from modelhub.secrets.references import parse_pieces
from modelhub.secrets.shapes import find_keys
from modelhub.validation.rules.urls import is_local
from modelhub.validation.rules.variables import name_reference
from modelhub.validation.schema.view import View
from modelhub.validation.walk import Text

# Patterns are compiled where they are used: most configs need few of them, and starting should cost little.
_SCHEME = r"(?i)^\s*(?:bearer|basic|token|key)\s+(?:(?:token|key)=)?|^\s*(?:bearer|basic)\s*$"
_LEAD = r"[A-Za-z][A-Za-z-]{0,11}\s+(?:[A-Za-z_]{1,12}=)?"  # before a reference: Token token=${KEY}
_USER = r"://[^\s/?#@:]*@"  # a name without a password
# What people write where a server wants a key and takes any: one of these words, or several of them.
_WORDS = (
    "a|any|anything|api|auth|ci|demo|dummy|empty|example|fake|foo|foobar|for|gpustack|here|in|insert|invalid|irrelevant"
    "|key|litellm|llama|llamacpp|lm|lmstudio|local|localhost|mock|my|n|na|needed|no|nokey|none|not|null|ollama|openai"
    "|optional|placeholder|random|required|set|sk|some|string|studio|test|testing|the|token|unused|use|used|value|vllm"
    r"|works|xinference|your|x+|[.*\u2026]+|n/a|abc(?:123)?|0+|1+|1?2?3?4?5?6?7?8?9?0?"
)
_BETWEEN = r"[-_ ./]"


def find_plaintext_secrets(config: dict[str, Any], texts: list[Text], view: View) -> Iterator[Finding]:
    """Yield a warning for each secret in plain text, by its place or by its form.

    In a secret's place, any text for a server on this machine is fine, and a dummy everywhere.
    """
    local = is_local(texts)
    for path, key, text in texts:
        in_place = _is_secret_place(path, view)
        if ("://" in text and not local and _has_secret(text, "url")) or (key == "proxy" and _has_secret(text, key)):
            hint = "write its password or key as ${...}"
            yield _warn(f"{label(path)} holds a secret in plain text", path, hint)
        elif in_place and not local and not is_harmless(text):
            hint = f"move it to the environment: {name_reference(path, config)}"
            yield _warn(f"{label(path)} is a secret in plain text", path, hint)
        elif has_key(text):
            reference = name_reference(path if in_place else ("api_key",), config)
            hint = f"move it to the environment: {reference}"
            what = "is a secret in plain text" if in_place else "holds what looks like a key, in plain text"
            yield _warn(f"{label(path)} {what}", path, hint)


def has_key(text: str) -> bool:
    """Whether ``text`` holds a key of some vendor's form, not counting what its references name."""
    if len(text) < 16:
        return False
    return any(find_keys(piece.default or "" if piece.is_braced else piece.text) for piece in parse_pieces(text))


def _is_secret_place(path: Path, view: View) -> bool:
    if is_secret_place(path):
        return True
    place = view.at(path)
    return place is not None and place.secret and not any(_is_plain(view, path[:n]) for n in range(1, len(path)))


def _is_plain(view: View, path: Path) -> bool:
    """Whether what is there must not be shown, though it may stand in a file as it is."""
    place = view.at(path)
    return place is not None and place.first("x-plain") is True


def is_harmless(text: str) -> bool:
    """Whether the text of a secret key holds no secret, neither around its references nor in their defaults."""
    pieces = parse_pieces(text)
    if len(pieces) > 1 and pieces[1].is_braced and re.fullmatch(_LEAD, pieces[0].text):
        pieces = pieces[1:]
    defaults = [piece.default or "" for piece in pieces]
    rest = re.sub(_SCHEME, "", "".join(piece.text for piece in pieces if not piece.is_braced)).strip()
    return all(not word or is_dummy(word) for word in (rest, *defaults))


def is_dummy(text: str) -> bool:
    """Whether nobody could take ``text`` for a key: ``dummy-key``, ``not-needed``, ``sk-1234``."""
    if len(text) > 60:
        return False
    words = re.split(_BETWEEN, text)
    return text == "token-abc123" or all(re.fullmatch(_WORDS, word, re.IGNORECASE) for word in words)


def _has_secret(url: str, key: str) -> bool:
    url = re.sub(_USER, "://", url)
    return bool(redact({key: url})[key] != url)


def _warn(message: str, path: Path, hint: str) -> Finding:
    return Finding("MH401", message, path, hint=hint, severity="warning")
