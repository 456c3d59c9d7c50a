"""How a token is asked for with a client's credentials, and what the answer says (RFC 6749, sections 4.4 and 5)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from math import inf, isnan
from typing import Any, NamedTuple
from urllib.parse import quote_plus, urlencode

from modelhub.engine.classify import Codes, build_error
from modelhub.engine.connection_errors import show_address
from modelhub.engine.failures import parse_error_body
from modelhub.errors import AuthenticationError, ModelCallError, ResponseParsingError
from modelhub.wire import Reply, Request

STYLES = ("basic", "body")
EARLY = 30.0  # seconds before its end when a token is used no more
_MAX_BODY = 1 << 20
_CODES: Codes = {  # RFC 6749, section 5.2
    "invalid_client": AuthenticationError,
    "unauthorized_client": AuthenticationError,
    "invalid_grant": AuthenticationError,
}


class Token(NamedTuple):
    """A token, and until when it may be used, by the clock of who asked for it."""

    text: str
    until: float


class TokenEndpoint:
    """Where a client gets its tokens, and how it shows there who it is: by Basic, or in the body of the form."""

    def __init__(self, url: str, client: tuple[str, str], fields: Mapping[str, str], style: str) -> None:
        self.url = url
        encoded = tuple(map(quote_plus, client))  # section 2.3.1: each is encoded before they are joined
        login = b64encode(":".join(encoded).encode()).decode()
        self.secrets = (*encoded, login)  # as they are sent: a server may repeat them
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
            "Accept-Encoding": "gzip, deflate",
        }
        form = {"grant_type": "client_credentials", **fields}
        if style == "basic":
            headers["Authorization"] = f"Basic {login}"
        else:
            form["client_id"], form["client_secret"] = client
        self._headers = headers
        self._body = urlencode(form).encode()

    def build_request(self, request: Request) -> Request:
        """The request of a token for ``request``, with the same bounds and on the same way."""
        agent = next((value for name, value in request.headers.items() if name.lower() == "user-agent"), "modelhub")
        return Request(
            self.url,
            {**self._headers, "User-Agent": agent},
            self._body,
            timeout=request.timeout,
            connect_timeout=request.connect_timeout,
            first_token=request.first_token,
            deadline=request.deadline,
            max_body=_MAX_BODY,
            way=request.way,
        )

    def parse_reply(self, reply: Reply, asked_at: float) -> Token:
        """The token in a reply; raises the error by which it was refused, or ResponseParsingError if there is none."""
        body: Any = None
        with suppress(ValueError):
            body = reply.json()
        told = body if isinstance(body, dict) else {}
        text = told.get("access_token")
        if not 200 <= reply.status < 300 or (not text and told.get("error")):
            raise self._refused(reply, told)
        if isinstance(text, str) and text and text.isascii() and text.isprintable():
            return Token(text, asked_at + _read_seconds(told.get("expires_in")) - EARLY)
        host = show_address(self.url)
        if text:
            message = f"the access_token in the reply of {host} is no text that a header can carry"
        else:
            has = ", ".join(sorted(map(repr, told)))[:300]
            message = f"the reply of {host} has no access_token, {f'only {has}' if has else 'and no other key'}"
        raise ResponseParsingError(message, status=reply.status)

    def _refused(self, reply: Reply, told: Mapping[str, Any]) -> ModelCallError:
        """The error for a token that was refused."""
        code, why = told.get("error"), told.get("error_description")
        if isinstance(code, str):
            status = reply.status if reply.status >= 300 else 400
            text = why if isinstance(why, str) and why else code
            error = build_error(status, text, code, headers=reply.headers, vendor=_CODES)
        else:
            error = parse_error_body(reply, _CODES)
        error.message = f"the token was refused by {show_address(self.url)}: {error.message}"
        error.args = (error.message,)
        return error


def _read_seconds(value: Any) -> float:
    """The lifetime of a token, which some servers write as a text; endless where none is told."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return inf
    try:
        seconds = float(value)
    except (ValueError, OverflowError):
        return inf
    return inf if isnan(seconds) else seconds
