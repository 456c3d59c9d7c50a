"""What is wrong with an ``auth`` that a schema cannot say: keys that need each other, and what no header can carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.diagnostics import Finding
from modelhub.secrets.references import parse_pieces
from modelhub.validation.rules.headers import explain_header
from modelhub.validation.schema.view import View


def find_auth_faults(config: dict[str, Any], view: View) -> Iterator[Finding]:
    """Yield a finding for each such fault."""
    auth = config.get("auth")
    if not isinstance(auth, dict) or "auth" not in view.properties:
        return
    match auth.get("type"):
        case "hmac":
            sign = auth.get("sign")
            if isinstance(sign, str) and "{nonce}" in sign and auth.get("nonce_header") is None:
                message = "the key 'nonce_header' is missing in auth"
                hint = "add 'nonce_header': the server needs the nonce that is signed, for example 'X-Nonce'"
                yield Finding("MH102", message, ("auth",), hint=hint)
        case "basic":
            name = auth.get("username")
            if isinstance(name, str) and any(":" in piece.text for piece in parse_pieces(name) if not piece.is_braced):
                message = "auth.username holds a colon, which would end it"
                yield Finding("MH203", message, ("auth", "username"), hint="what follows it belongs into password")
        case "bearer" | "header":
            for key in ("token", "value"):
                text = auth.get(key)
                if isinstance(text, str):
                    yield from _find_unsendable(key, text)


def _find_unsendable(key: str, text: str) -> Iterator[Finding]:
    given = "".join(piece.default or "x" if piece.is_braced else piece.text for piece in parse_pieces(text))
    if why := explain_header(given):
        message = f"auth.{key} holds {why}, which no HTTP header can carry"
        yield Finding("MH203", message, ("auth", key), hint="write it in one line, in the letters of Latin")
