"""How a kind of centre is spoken to over HTTP: which requests ask it, and what its replies mean."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeVar

from modelhub.centres.address import Place
from modelhub.centres.answers import MAX_BYTES, OutOfReach, Refused, Text
from modelhub.printable import printable, shorten
from modelhub.secrets import scrub
from modelhub.wire import Reply, Request

CONNECT, READ = 5.0, 10.0  # seconds
CHECK = "see whether it runs, and whether host and port are right"
TRUST = "name the file of its CA in SSL_CERT_FILE or REQUESTS_CA_BUNDLE"
T = TypeVar("T")
Flow = Generator[Request, Reply, T]  # what to send, one request after the other, and what came of it in the end
Session = dict[str, str]  # what was learnt of a centre that is asked again: a token, a version of its API


class Dialect(NamedTuple):
    """How one kind of centre is spoken to.

    ``read`` asks for the text of a place; it may be given what was read last. ``build_wait`` is the request whose reply
    comes when that text may have changed, and ``is_news`` says whether what has come of the reply so far is enough;
    without ``build_wait``, and where it gives None, the centre is asked every ``every`` seconds. ``only_private`` keeps
    what is sent without TLS to private nets.
    """

    read: Callable[[Place, Session, Text | None], Flow[Text]]
    every: float
    build_wait: Callable[[Place, Session, Text], Request | None] | None = None
    is_news: Callable[[bytes], bool] = lambda so_far: False
    only_private: bool = False


def build_request(
    url: str,
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
    *,
    method: str = "GET",
    seconds: float = READ,
) -> Request:
    """A request that is bounded in time and in size; a text may be a third longer in JSON."""
    given = {"User-Agent": "modelhub", "Accept": "*/*", **(headers or {})}
    return Request(
        url, given, body, method=method, timeout=seconds, connect_timeout=CONNECT, max_body=MAX_BYTES // 3 * 4 + 65536
    )


def build_failure(reply: Reply, place: Place, *, denied: str, missing: str = "see whether it is right") -> Exception:
    """What a reply means that brings no text: OutOfReach or Refused; the hints say what to do where access is
    ``denied``, and where what was asked for is ``missing``.
    """
    status = reply.status
    said = _quote(reply.body, place.secrets)
    if status >= 500 or status in (408, 425, 429):
        return OutOfReach(f"the server answers with HTTP {status}{said}", "its own log may say why")
    if status in (401, 403):
        return Refused(f"the server refuses access: HTTP {status}{said}", denied)
    if status in (404, 410):
        return Refused(f"there is nothing at this address: HTTP {status}{said}", missing)
    return Refused(f"the server refuses the request: HTTP {status}{said}", "see whether the address is right")


def read_json(reply: Reply, what: str) -> dict[str, Any]:
    """The object that a reply holds; raises Refused for anything else, which ``what`` does not send."""
    try:
        value = reply.json()
    except ValueError:
        value = None
    if isinstance(value, dict):
        return value
    raise Refused(f"what answers is not {what}", "see whether host and port are right")


def _quote(body: bytes, secrets: tuple[str, ...]) -> str:
    """The beginning of what a server said, if that is a line of text; without anything that it was sent."""
    text = body[:1000].decode("utf-8", "replace").strip()
    if not text or text.startswith("<"):
        return ""
    return f" ({shorten(printable(scrub(' '.join(text.split()), secrets)), 150)})"
