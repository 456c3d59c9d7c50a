"""Texts from web servers: ``https://host/models.yaml``; in a private net ``http://``, too. What has not changed is told
by its ETag.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode, urljoin, urlsplit

from modelhub.centres.address import PORTS, Place
from modelhub.centres.answers import Refused, Text
from modelhub.centres.dialect import Dialect, Flow, Session, build_failure, build_request
from modelhub.network.proxies import build_login
from modelhub.wire import Reply, Request

MAX_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_DENIED = "see whether the credentials in the address are right: https://${USER}:${PASSWORD}@host/..."


def read(place: Place, session: Session, last: Text | None) -> Flow[Text]:
    """Ask for the text, and follow redirects; what has not changed since ``last`` is ``last``."""
    request = build_get(place, last)
    for _ in range(MAX_REDIRECTS + 1):
        reply = yield request
        if reply.status not in _REDIRECTS:
            return parse_reply(reply, place, last)
        request = build_redirected(request, reply)
    raise Refused(f"the server redirects more than {MAX_REDIRECTS} times", "write the address where it ends")


def build_get(place: Place, last: Text | None) -> Request:
    """The request for a text, or for the news that it is still ``last``."""
    headers = {"Cache-Control": "no-cache"}
    if place.user is not None:
        headers["Authorization"] = build_login(_encode(place))
    if last is not None and last.version is not None:
        headers["If-None-Match"] = last.version
    query = f"?{urlencode(place.query)}" if place.query else ""
    return build_request(place.build_url(place.scheme, place.path + query), headers)


def build_redirected(request: Request, reply: Reply) -> Request:
    """The request that a redirect leads to; another server is not shown the credentials. Raises Refused."""
    try:
        url = urljoin(request.url, reply.headers.get("location") or "")
        old, new = urlsplit(request.url), urlsplit(url)
        is_same = (old.hostname, old.port or PORTS[old.scheme]) == (new.hostname, new.port or PORTS.get(new.scheme))
    except ValueError:
        raise Refused("the server redirects to what is no address", "ask who runs it") from None
    if new.scheme != "https" and (old.scheme, new.scheme) != ("http", "http"):
        raise Refused("the server redirects to an address without TLS", "it must begin with https://")
    if url == request.url or not new.hostname:
        raise Refused("the server redirects to the same address", "ask who runs it")
    headers = {name: value for name, value in request.headers.items() if is_same or name != "Authorization"}
    return build_request(url, headers)


def parse_reply(reply: Reply, place: Place, last: Text | None) -> Text:
    """The text of a reply; raises Refused and OutOfReach."""
    if reply.status == 304 and last is not None:
        return last
    if reply.status != 200:
        raise build_failure(reply, place, denied=_DENIED, missing="see whether the path is right")
    kind = (reply.headers.get("content-type") or "").partition(";")[0].strip().lower()
    if kind == "text/html":
        raise Refused("the server sends a web page, not configs", "name the file itself; it may also ask to log in")
    return Text(reply.body, reply.headers.get("etag"))


def _encode(place: Place) -> str:
    return f"{quote(place.user or '', safe='')}:{quote(place.password or '', safe='')}"


DIALECT = Dialect(read, every=5.0, only_private=True)
