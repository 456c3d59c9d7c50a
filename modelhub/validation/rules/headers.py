"""Check that headers, and the keys that are sent in headers, hold nothing that HTTP cannot carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.wording import label
from modelhub.secrets.references import parse_pieces
from modelhub.validation.walk import Text

HEADERS = frozenset({"headers", "extra_headers", "default_headers"})  # the keys whose values are headers
# The keys whose values are sent as the value of a header.
_SENT = frozenset({"api_key", "auth_token", "organization", "project", "workspace", "anthropic_version"})
_KEYS = frozenset({"api_key", "auth_token"})  # those of them that may follow the word Bearer
_ONE_LINE = "write it in one line; with | and > YAML keeps the line end, with |- and >- it does not"


def find_unsendable(config: dict[str, Any], texts: Iterable[Text]) -> Iterator[Finding]:
    """Yield a finding for each header or key that no request could carry."""
    for path, key, text in texts:
        in_header = is_header(path)
        is_sent = key in _SENT and path[:-1] in ((), ("client_args",))
        if not in_header and not is_sent:
            continue
        given = "".join(piece.default or "x" if piece.is_braced else piece.text for piece in parse_pieces(text))
        if why := explain_header(given):
            hint = _ONE_LINE if why == "a line end" else "write it in the letters of Latin"
            yield Finding("MH203", f"{label(path)} holds {why}, which no HTTP header can carry", path, hint=hint)
        elif in_header and given[:1] in (" ", "\t"):
            yield Finding(
                "MH203", f"{label(path)} begins with a blank, which no HTTP header can", path, hint="remove it"
            )
    yield from _find_bad_names(config, ())


def find_doubled(texts: Iterable[Text]) -> Iterator[Finding]:
    """Yield a warning for each key with the word before it that is sent before it anyway."""
    for path, key, text in texts:
        if key in _KEYS and path[:-1] in ((), ("client_args",)) and text[:7].lower() == "bearer ":
            message = f"{label(path)} begins with the word Bearer, which is sent before it anyway"
            yield Finding("MH203", message, path, hint="write the key alone", severity="warning")


def is_header(path: Path) -> bool:
    """Whether the value at ``path`` is the value of a header."""
    return len(path) > 1 and path[-2] in HEADERS


def _find_bad_names(node: dict[str, Any], path: Path) -> Iterator[Finding]:
    for key, value in node.items():
        if not isinstance(value, dict):
            continue
        for name in value if key in HEADERS else ():
            if isinstance(name, str) and not _is_name(name):
                message = f"{label((*path, key))} has {name[:60]!r}, which is no name of an HTTP header"
                hint = "a name is letters, digits and hyphens: X-Team"
                yield Finding("MH203", message, (*path, key, name), key=True, hint=hint)
        if len(path) < 2:
            yield from _find_bad_names(value, (*path, key))


def explain_header(text: str) -> str | None:
    """What in ``text`` a header cannot carry; None if there is nothing."""
    if text.isascii() and text.isprintable():  # as nearly all are, which spares an import
        return None
    from modelhub.wire.headers import explain_unsendable

    return explain_unsendable(text)


def _is_name(name: str) -> bool:
    if name.isascii() and name.replace("-", "").isalnum():
        return True
    from modelhub.wire.headers import is_header_name

    return is_header_name(name)
