"""Connections to centres that speak HTTP: sends what their dialects build, within bounds of time and size."""

from __future__ import annotations

import socket
import threading
from importlib import import_module
from ipaddress import ip_address
from typing import TypeVar
from urllib.parse import urlsplit

from modelhub.centres.address import Address
from modelhub.centres.answers import MAX_BYTES, OutOfReach, Refused, Text
from modelhub.centres.connection import TOTAL
from modelhub.centres.dialect import CHECK, TRUST, Dialect, Flow, Session
from modelhub.errors import BadRequestError, ModelCallError, ResponseParsingError, TimeoutError
from modelhub.sync.pool import Pool
from modelhub.wire import Reply, Request

T = TypeVar("T")
MAX_NEWS = 1 << 20  # bytes of a long poll's reply that are looked at
_DIALECTS = {
    "http": "web",
    "https": "web",
    "etcd": "etcd",
    "etcds": "etcd",
    "consul": "consul",
    "consuls": "consul",
    "nacos": "nacos",
    "nacoss": "nacos",
}


class HttpConnection:
    """A connection to a centre that speaks HTTP; it is kept open between two questions."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._dialect: Dialect = import_module(f"modelhub.centres.{_DIALECTS[address.scheme]}").DIALECT
        self._session: Session = {}
        self._pool = Pool()
        self._took_too_long = False

    @property
    def every(self) -> float | None:
        """Seconds between two questions; None where the server tells."""
        if self._address.every is not None:
            return self._address.every
        has_wait = self._dialect.build_wait is not None and self._session.get("api") != "v3"
        return None if has_wait else self._dialect.every

    def ask(self, last: Text | None) -> Text:
        """The text of now; raises Refused and OutOfReach."""
        place = self._address.resolve()
        timer = threading.Timer(TOTAL, self._give_up)
        timer.daemon = True
        timer.start()
        try:
            text = self._run(self._dialect.read(place, self._session, last))
        except OutOfReach:
            if self._took_too_long:
                raise OutOfReach(f"the server took longer than {TOTAL:g} s", CHECK) from None
            raise
        finally:
            timer.cancel()
        if len(text.content) > MAX_BYTES:
            raise _build_too_large()
        return text

    def wait(self, text: Text) -> None:
        """Have the server tell when the text may be another one; raises OutOfReach."""
        build_wait = self._dialect.build_wait
        request = build_wait(self._address.resolve(), self._session, text) if build_wait is not None else None
        if request is None:
            raise OutOfReach("the server tells of no changes")
        try:
            self._listen(request)
        except TimeoutError:  # nothing has happened
            return
        except ModelCallError as error:
            raise _translate(error) from None

    def close(self) -> None:
        """Close it; who waits for something of it comes back at once."""
        self._pool.close()

    def _give_up(self) -> None:
        self._took_too_long = True
        self._pool.close()

    def _run(self, flow: Flow[T]) -> T:
        try:
            request = next(flow)
            while True:
                request = flow.send(self._fetch(request))
        except StopIteration as end:
            found: T = end.value
            return found
        except ModelCallError as error:
            failure = _translate(error)
        except ValueError:  # a host whose name cannot be one
            failure = Refused("the server cannot be asked: its name, or the path, is not one that can be sent", CHECK)
        raise failure

    def _fetch(self, request: Request) -> Reply:
        if self._dialect.only_private and request.url.startswith("http:"):
            check_private(request.url)
        return self._pool.fetch(request)

    def _listen(self, request: Request) -> None:
        body, reply = self._pool.open(request)
        if reply.status != 200:
            body.close()
            raise OutOfReach(f"the server answers with HTTP {reply.status}")
        so_far = b""
        while piece := body.read():
            so_far += piece
            if self._dialect.is_news(so_far) or len(so_far) > MAX_NEWS:
                body.close()
                return
        body.give_back()


def check_private(url: str) -> None:
    """Raise Refused where what is sent without TLS would leave private nets; a host that is not known is let pass."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # it is told when it is asked
        return
    if any(is_public(str(each[4][0])) for each in found):
        raise Refused("without TLS, configs are read on this machine and in private nets only", "write https://")


def is_public(address: str) -> bool:
    """Whether an IP address may be anywhere in the world."""
    found = ip_address(address.partition("%")[0])
    return bool((getattr(found, "ipv4_mapped", None) or found).is_global)


def _translate(error: ModelCallError) -> Exception:
    """What an error of a connection means here; its hints are for the configs of models."""
    message = str(error).partition("; ")[0]
    if isinstance(error, ResponseParsingError):
        return _build_too_large()
    if isinstance(error, BadRequestError):
        return Refused(message, "see whether the address and what it refers to are right")
    is_trust = "certificate" in message and "no secure connection" in message
    return OutOfReach(message, TRUST if is_trust else CHECK)


def _build_too_large() -> Refused:
    return Refused(f"the text is larger than {MAX_BYTES // 1024 // 1024} MB", "keep other data elsewhere")
