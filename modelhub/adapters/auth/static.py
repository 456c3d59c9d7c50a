"""Keys that every request has: in a header, or in the query of its URL."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote, quote_plus, unquote_plus

from modelhub.adapters.auth.base import AuthorizationBase, with_headers
from modelhub.engine.interface import Authorized, Sources
from modelhub.overriding import override
from modelhub.wire import Request


class HeaderKey(AuthorizationBase):
    """A key in a header."""

    def __init__(self, identity: str, secrets: tuple[str, ...], headers: Mapping[str, str]) -> None:
        super().__init__(identity, secrets)
        self._headers = dict(headers)

    @override
    def authorize(self, request: Request, sources: Sources) -> Authorized:
        return Authorized(with_headers(request, self._headers))


class QueryKey(AuthorizationBase):
    """A key in the query of the URL, which a server may repeat as it is or percent-encoded."""

    def __init__(self, identity: str, secrets: tuple[str, ...], name: str, value: str) -> None:
        super().__init__(identity, (*secrets, quote_plus(value), quote(value, "")))
        self._name = name
        self._value = value

    @override
    def authorize(self, request: Request, sources: Sources) -> Authorized:
        return Authorized(request.replace(url=put_in_query(request.url, self._name, self._value)))


def put_in_query(url: str, name: str, value: str) -> str:
    """``url`` with one parameter ``name``, in place of those that it has: a redirect may repeat it."""
    place, _, query = url.partition("#")[0].partition("?")
    others = [each for each in query.split("&") if each and unquote_plus(each.partition("=")[0]) != name]
    return f"{place}?{'&'.join([*others, f'{quote_plus(name)}={quote_plus(value)}'])}"


def build_basic(username: str, password: str) -> str:
    """What logs in with a name and a password, as a header (RFC 7617)."""
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()
