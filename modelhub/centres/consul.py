"""Texts from Consul's key-value store, https://developer.hashicorp.com/consul/api-docs/kv; its blocking queries tell of
changes.
"""

from __future__ import annotations

from urllib.parse import quote, urlencode

from modelhub.centres.address import Place
from modelhub.centres.answers import Refused, Text
from modelhub.centres.dialect import READ, Dialect, Flow, Session, build_failure, build_request
from modelhub.wire import Reply, Request

WAIT = 55  # seconds; Consul adds up to a sixteenth of it
_DENIED = "see whether the token is right and may read the key: consul://${TOKEN}@host:8500/key"
_INDEX = "x-consul-index"


def read(place: Place, session: Session, last: Text | None) -> Flow[Text]:
    """Ask for the value of the key."""
    if not place.key.strip("/"):
        raise Refused("the address names no key", "write it as consul://host:8500/key")
    reply = yield build_get(place)
    if reply.status == 404:
        raise build_missing((yield build_list(place)), place)
    return parse_reply(reply, place)


def build_get(place: Place, *extra: tuple[str, str], seconds: float = READ) -> Request:
    """The request for the value as it is; parameters such as ``dc`` and ``ns`` are Consul's."""
    return _build(place, place.key, ("raw", ""), *place.query, *extra, seconds=seconds)


def build_list(place: Place) -> Request:
    """The request for the keys below the key."""
    return _build(place, f"{place.key.rstrip('/')}/", ("keys", ""), *place.query)


def build_wait(place: Place, session: Session, text: Text) -> Request | None:
    """The request that is answered when the value is another one than ``text``, or after a while."""
    if text.version is None:
        return None
    return build_get(place, ("index", text.version), ("wait", f"{WAIT}s"), seconds=WAIT * 17 / 16 + READ)


def parse_reply(reply: Reply, place: Place) -> Text:
    """The value in a reply; its version is Consul's index."""
    if reply.status != 200:
        raise build_failure(reply, place, denied=_DENIED)
    index = reply.headers.get(_INDEX) or ""
    if not index.isdigit():
        raise Refused("what answers is not Consul", "see whether host and port are right")
    if place.key.endswith("/") and not reply.body:
        raise Refused(f"the key {place.key!r} is a folder", "name a key in it")
    return Text(reply.body, index if int(index) > 0 else None)


def build_missing(reply: Reply, place: Place) -> Exception:
    """What to say of a key that does not exist; ``reply`` has those below it."""
    message = f"there is no key {place.key!r} in Consul"
    try:
        below = [str(each) for each in reply.json()] if reply.status == 200 else []
    except (ValueError, TypeError):
        below = []
    if below:
        return Refused(f"{message}, but a folder of that name", f"name a key in it, such as {below[0]}")
    return Refused(message, f"write it with `consul kv put {place.key} @models.yaml`")


def _build(place: Place, key: str, *query: tuple[str, str], seconds: float = READ) -> Request:
    headers = {"X-Consul-Token": place.user} if place.user else {}
    scheme = "https" if place.scheme == "consuls" else "http"
    path = f"/v1/kv/{quote(key, safe='/')}?{urlencode(query)}"
    return build_request(place.build_url(scheme, path), headers, seconds=seconds)


DIALECT = Dialect(read, 2.0, build_wait)
