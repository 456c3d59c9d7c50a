"""Texts from etcd, by the JSON gateway of its API: https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as BadBase64
from typing import Any

from modelhub.centres.address import Place
from modelhub.centres.answers import Refused, Text
from modelhub.centres.dialect import Dialect, Flow, Session, build_failure, build_request, read_json
from modelhub.wire import Reply, Request

WAIT = 60.0  # seconds after which a watch is begun anew
_DENIED = "see whether the credentials are right and may read the key: etcd://${USER}:${PASSWORD}@host:2379/key"
_TOKEN = "token"


def read(place: Place, session: Session, last: Text | None) -> Flow[Text]:
    """Ask for the value of the key; logs in where the address says so, and again when the token has run out."""
    if not place.key:
        raise Refused("the address names no key", "write it as etcd://host:2379/key")
    if place.user is not None and _TOKEN not in session:
        yield from _log_in(place, session)
    reply = yield _build_post(place, session, "kv/range", build_range(place.key))
    if reply.status in (400, 401) and session.pop(_TOKEN, ""):
        yield from _log_in(place, session)
        reply = yield _build_post(place, session, "kv/range", build_range(place.key))
    text = parse_range(reply, place)
    if text is not None:
        return text
    inside = yield _build_post(place, session, "kv/range", build_range(f"{place.key.rstrip('/')}/", inside=True))
    raise _build_missing(inside, place)


def build_range(key: str, *, inside: bool = False) -> dict[str, Any]:
    """What asks for a key, or for the names of a few that begin with it."""
    if not inside:
        return {"key": _pack(key.encode())}
    start = key.encode()
    end = start[:-1] + bytes([start[-1] + 1])
    return {"key": _pack(start), "range_end": _pack(end), "limit": 3, "keys_only": True}


def parse_range(reply: Reply, place: Place) -> Text | None:
    """The value in a reply, None where there is no such key; its version is the revision of the store."""
    found = _read(reply, place)
    if not found.get("kvs"):
        return None
    try:
        content = b64decode(found["kvs"][0].get("value", ""))
        return Text(content, str(found["header"]["revision"]))
    except (BadBase64, ValueError, TypeError, LookupError, AttributeError):
        raise Refused("what answers is not etcd", "see whether host and port are right") from None


def build_wait(place: Place, session: Session, text: Text) -> Request | None:
    """What has the server tell of changes of the key that come after ``text``."""
    if text.version is None or not text.version.isdigit():
        return None
    wanted = {"key": _pack(place.key.encode()), "start_revision": int(text.version) + 1}
    return _build_post(place, session, "watch", {"create_request": wanted}, seconds=WAIT)


def is_news(so_far: bytes) -> bool:
    """Whether a watch has told of a change, or has ended: each line is an object, the first says that it has begun."""
    for line in so_far.splitlines():
        try:
            result = json.loads(line).get("result") or {"canceled": True}
        except (ValueError, AttributeError):  # not whole yet
            continue
        if result.get("events") or result.get("canceled"):
            return True
    return False


def _log_in(place: Place, session: Session) -> Flow[None]:
    login = {"name": place.user or "", "password": place.password or ""}
    reply = yield _build_post(place, {}, "auth/authenticate", login)
    if reply.status != 200 and b"not enabled" in reply.body:  # a store for everybody
        return
    if reply.status == 400:
        raise Refused("etcd refuses the login", _DENIED)
    session[_TOKEN] = str(_read(reply, place).get("token", ""))


def _read(reply: Reply, place: Place) -> dict[str, Any]:
    if reply.status == 404:
        raise Refused("what answers has no API of etcd's version 3", "etcd 3.4 or newer is needed")
    if reply.status == 400 and any(word in reply.body for word in (b"permission denied", b"user name is empty")):
        raise Refused("etcd refuses access", _DENIED)
    if reply.status != 200:
        raise build_failure(reply, place, denied=_DENIED)
    return read_json(reply, "etcd")


def _build_missing(reply: Reply, place: Place) -> Refused:
    message = f"there is no key {place.key!r} in etcd"
    try:
        below = [b64decode(each["key"]).decode() for each in read_json(reply, "etcd").get("kvs") or []]
    except (Refused, ValueError, TypeError, LookupError):
        below = []
    if below:
        return Refused(f"{message}, but keys that begin with it", f"name one key, such as {below[0]}")
    return Refused(message, f"write it with `etcdctl put {place.key}`; a key /a is etcd://host:2379//a")


def _build_post(place: Place, session: Session, path: str, body: dict[str, Any], *, seconds: float = 10.0) -> Request:
    headers = {"Content-Type": "application/json"}
    if session.get(_TOKEN):
        headers["Authorization"] = session[_TOKEN]
    scheme = "https" if place.scheme == "etcds" else "http"
    url = place.build_url(scheme, f"/v3/{path}")
    return build_request(url, headers, json.dumps(body).encode(), method="POST", seconds=seconds)


def _pack(data: bytes) -> str:
    return b64encode(data).decode()


DIALECT = Dialect(read, 2.0, build_wait, is_news)
