"""Texts from Nacos: the HTTP API of versions 1 and 2 with a listener, https://nacos.io/en-us/docs/open-api.html; the
client API of version 3, which is asked again and again: https://nacos.io/docs/v3.0/manual/user/open-api/
"""

from __future__ import annotations

from hashlib import md5
from typing import Any
from urllib.parse import urlencode

from modelhub.centres.address import Place
from modelhub.centres.answers import Refused, Text
from modelhub.centres.dialect import READ, Dialect, Flow, Session, build_failure, build_request, read_json
from modelhub.wire import Reply, Request

WAIT = 30  # seconds that the listener may wait
_DENIED = "see whether the credentials are right and may read it: nacos://${USER}:${PASSWORD}@host:8848/dataId"
_TOKEN, _API = "token", "api"
_ABSENT = 20004  # version 3: there is no such config
_LOGINS = (  # by the version of the API; the second is what clients of version 1 use
    ("v1", "/nacos/v1/auth/login"),
    ("v1", "/nacos/v1/auth/users/login"),
    ("v3", "/nacos/v3/auth/user/login"),
)
_KNOWN = ("group", "namespace")


def read(place: Place, session: Session, last: Text | None) -> Flow[Text]:
    """Ask for the config, by the API that the server has; logs in where the address says so."""
    check(place)
    reply = yield from _ask(place, session)
    if reply.status in (401, 403) and session.pop(_TOKEN, ""):  # it may have run out
        reply = yield from _ask(place, session)
    return parse_v3(reply, place) if session.get(_API) == "v3" else parse_reply(reply, place)


def check(place: Place) -> None:
    """Raise Refused for an address that names no config, or has parameters of somebody else's."""
    if not place.key or "/" in place.key:
        raise Refused("the address names no dataId", "write it as nacos://host:8848/dataId?group=G&namespace=N")
    for name, _ in place.query:
        if name not in _KNOWN:
            raise Refused(f"the address has an unknown parameter {name!r}", f"the known ones are {', '.join(_KNOWN)}")


def build_get(place: Place, session: Session) -> Request:
    """The request of versions 1 and 2."""
    group, tenant = find_names(place)
    query = {"dataId": place.key, "group": group, **({"tenant": tenant} if tenant else {}), **_build_token(session)}
    return build_request(_build_url(place, f"/nacos/v1/cs/configs?{urlencode(query)}"))


def build_get_v3(place: Place, session: Session) -> Request:
    """The request of version 3."""
    group, tenant = find_names(place)
    query = {"dataId": place.key, "groupName": group, "namespaceId": tenant or "public", **_build_token(session)}
    return build_request(_build_url(place, f"/nacos/v3/client/cs/config?{urlencode(query)}"))


def build_wait(place: Place, session: Session, text: Text) -> Request | None:
    """The request that is answered when the config is another one than ``text``, or after a while."""
    if session.get(_API) == "v3":
        return None
    group, tenant = find_names(place)
    words = [place.key, group, text.version or "", *([tenant] if tenant else [])]
    body = urlencode({"Listening-Configs": "\x02".join(words) + "\x01"}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Long-Pulling-Timeout": str(WAIT * 1000)}
    query = urlencode(_build_token(session))
    url = _build_url(place, "/nacos/v1/cs/configs/listener" + (f"?{query}" if query else ""))
    return build_request(url, headers, body, method="POST", seconds=WAIT + READ)


def parse_reply(reply: Reply, place: Place) -> Text:
    """The text in a reply of versions 1 and 2."""
    if reply.status == 404 and b"not exist" in reply.body:
        raise _build_missing(place)
    if reply.status != 200:
        raise build_failure(reply, place, denied=_DENIED)
    return build_text(reply.body)


def parse_v3(reply: Reply, place: Place) -> Text:
    """The text in a reply of version 3."""
    found = parse_object(reply)
    if found.get("code") == _ABSENT:
        raise _build_missing(place)
    if reply.status != 200:
        raise build_failure(reply, place, denied=_DENIED)
    data = found.get("data")
    content = data.get("content") if isinstance(data, dict) else data
    if found.get("code") != 0 or not isinstance(content, str):
        raise Refused("what answers is not Nacos", "see whether host and port are right")
    return build_text(content.encode())


def build_text(content: bytes) -> Text:
    """A text; its version is the digest that Nacos knows it by."""
    return Text(content, md5(content, usedforsecurity=False).hexdigest())


def parse_object(reply: Reply) -> dict[str, Any]:
    """The object in a reply, an empty one for any other."""
    try:
        value = reply.json()
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def find_names(place: Place) -> tuple[str, str]:
    """The group, and the namespace, which is empty for the public one."""
    query = dict(place.query)
    namespace = query.get("namespace", "")
    return query.get("group") or "DEFAULT_GROUP", "" if namespace == "public" else namespace


def _ask(place: Place, session: Session) -> Flow[Reply]:
    """The reply of the API that the server has, which is found out once."""
    if place.user is not None and _TOKEN not in session:
        yield from _log_in(place, session)
    if session.get(_API) == "v3":
        return (yield build_get_v3(place, session))
    reply = yield build_get(place, session)
    if not _is_gone(reply):
        session[_API] = "v1"
        return reply
    answer = yield build_get_v3(place, session)
    if not _is_known(parse_object(answer)):
        return reply
    session[_API] = "v3"
    return answer


def _is_gone(reply: Reply) -> bool:
    """Whether a server has no API of version 1: newer ones say so with any of these."""
    return reply.status in (404, 410, 501) and b"not exist" not in reply.body


def _is_known(found: dict[str, Any]) -> bool:
    return isinstance(found.get("code"), int) and "data" in found


def _log_in(place: Place, session: Session) -> Flow[None]:
    body = urlencode({"username": place.user or "", "password": place.password or ""}).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    reply = Reply(404, {})
    for version, path in _LOGINS:
        if session.get(_API, version) == version:
            reply = yield build_request(_build_url(place, path), headers, body, method="POST")
            if not _is_gone(reply):
                break
    if reply.status in (401, 403) or (reply.status == 500 and b"user" in reply.body.lower()):  # 1.x: unknown user
        raise Refused("Nacos refuses the login", _DENIED)
    if reply.status != 200:
        raise build_failure(reply, place, denied=_DENIED)
    found = read_json(reply, "Nacos")
    found = found["data"] if isinstance(found.get("data"), dict) else found
    session[_TOKEN] = str(found.get("accessToken", ""))


def _build_token(session: Session) -> dict[str, str]:
    return {"accessToken": session[_TOKEN]} if session.get(_TOKEN) else {}


def _build_missing(place: Place) -> Refused:
    group, tenant = find_names(place)
    where = f"the group {group} of {f'the namespace {tenant}' if tenant else 'the public namespace'}"
    return Refused(f"there is no config {place.key!r} in {where}", "see whether dataId, group and namespace are right")


def _build_url(place: Place, path: str) -> str:
    return place.build_url("https" if place.scheme == "nacoss" else "http", path)


DIALECT = Dialect(read, 3.0, build_wait)
