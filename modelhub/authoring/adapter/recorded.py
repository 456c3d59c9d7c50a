"""Reads recorded requests and replies: bare bodies, whole exchanges, and what browsers save as HAR."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

_EXCHANGE = {
    "method",
    "url",
    "path",
    "query",
    "headers",
    "body",
    "form",
    "json",
    "data",
    "cookies",
    "httpVersion",
    "queryString",
    "postData",
    "headersSize",
    "bodySize",
    "params",
    "content",
    "charset",
    "host",
}
_REPLY = {
    "status",
    "headers",
    "body",
    "chunks",
    "statusText",
    "content",
    "httpVersion",
    "cookies",
    "redirectURL",
    "headersSize",
    "bodySize",
    "status_code",
    "end",
    "elapsed",
    "reason",
    "text",
    "json",
}
_CHARSETS = ("utf-8", "gb18030", "shift_jis", "cp1251", "latin-1")


@dataclass(slots=True)
class Request:
    """What was sent."""

    method: str = ""
    url: str = ""
    query: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    form: dict[str, Any] | None = None
    charset: str = ""
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Recorded:
    """What was recorded: the reply's document, and how its text is encoded; the submission of a job, the request."""

    document: Any
    charset: str = "utf-8"
    is_json: bool = True
    submission: Any = None
    request: Request | None = None


def decode(content: bytes) -> tuple[str, str]:
    """The text of a file and its encoding."""
    for charset in _CHARSETS:
        try:
            return content.decode(charset).removeprefix("\ufeff"), "gbk" if charset == "gb18030" else charset
        except UnicodeDecodeError:
            continue
    return content.decode("utf-8", "replace"), "utf-8"


def read_recorded(content: bytes) -> Recorded:
    """Read a reply: its body alone, or with its status and headers, or a recorded exchange."""
    text, charset = decode(content)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return Recorded({"body": text}, charset, is_json=False)
    value = _find_entry(value)
    request = None
    if isinstance(value, dict) and isinstance(value.get("replies"), list) and value["replies"]:
        sent = value.get("sent")
        sent = sent[0] if isinstance(sent, list) and sent else sent
        request = _read_exchange(sent) if isinstance(sent, dict) else None
        if request is not None and isinstance(value.get("request"), dict):
            request.options = {key: item for key, item in value["request"].items() if key not in ("input", "stream")}
        replies = [_read_reply({"headers": {}, **each}) for each in value["replies"] if isinstance(each, dict)] or [
            None
        ]
        submission = replies[0] if len(replies) > 1 else None
        return Recorded(replies[-1], charset, submission=submission, request=request)
    if isinstance(value, dict) and isinstance(value.get("response"), dict):
        sent = value.get("request")
        if isinstance(sent, dict) and _is_exchange(sent):
            request = _read_exchange(sent)
            value = value["response"]
    return Recorded(_read_reply(value), charset, request=request)


def read_request(content: bytes) -> Request:
    """Read a request: its body alone, or with its method, address and headers; raises ValueError for no JSON."""
    text, charset = decode(content)
    try:
        value = _find_entry(json.loads(text))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError:
        form = _read_form(text.strip())
        if not form or "\n" in text.strip():
            raise
        return Request(form=form, charset=charset)
    if isinstance(value, dict):
        for key in ("sent", "request"):
            inner = value.get(key)
            inner = inner[0] if isinstance(inner, list) and inner else inner
            if isinstance(inner, dict) and _is_exchange(inner):
                return _read_exchange(inner, charset)
        if _is_exchange(value):
            return _read_exchange(value, charset)
    return Request(body=value, charset=charset)


def _find_entry(value: Any) -> Any:
    """The last entry of a HAR file; any other value as it is."""
    entries = (
        value.get("log", {}).get("entries") if isinstance(value, dict) and isinstance(value.get("log"), dict) else 0
    )
    return entries[-1] if isinstance(entries, list) and entries else value


def _is_exchange(value: dict[str, Any]) -> bool:
    known = set(value) <= _EXCHANGE
    return known and ("url" in value or "path" in value or "method" in value or {"headers", "body"} <= set(value))


def _read_reply(value: Any) -> Any:
    """The body of a reply that was recorded with its status."""
    if not isinstance(value, dict) or not set(value) <= _REPLY:
        return value
    if not isinstance(value.get("status", value.get("status_code", 200)), int):
        return value
    if not {"headers", "chunks"} & set(value):
        return value
    body = value.get("body", value.get("json", value.get("text")))
    if isinstance(value.get("content"), dict):
        body = value["content"].get("text", body)
    return _parse(body)


def _parse(body: Any) -> Any:
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return {"body": body}


def _read_exchange(value: dict[str, Any], charset: str = "utf-8") -> Request:
    url = str(value.get("url") or value.get("path") or "")
    parts = urlsplit(url)
    query = _read_form(parts.query)
    given = value.get("query") or value.get("params") or value.get("queryString") or {}
    query |= _read_form(given) if isinstance(given, str) else _read_pairs(given)
    headers = {key: str(item) for key, item in _read_pairs(value.get("headers") or {}).items()}
    form = value.get("form")
    body = next((value[key] for key in ("body", "json", "data", "content") if value.get(key) is not None), None)
    post = value.get("postData")
    kind = next((item for key, item in headers.items() if key.lower() == "content-type"), "")
    if isinstance(post, dict):
        body, kind = post.get("text"), kind or str(post.get("mimeType", ""))
    if isinstance(body, str) and "form" in kind:
        form, body = _read_form(body), None
    elif isinstance(body, dict) and "x-www-form-urlencoded" in kind:
        body, form = None, body
    elif isinstance(body, str):
        parsed = _parse(body)
        body = body if parsed == {"body": body} else parsed
    named = kind.lower().partition("charset=")[2].strip(' ";') or str(value.get("charset") or "")
    address = url.partition("?")[0].partition("#")[0]
    return Request(str(value.get("method") or "").upper(), address, query, headers, body, form, named or charset)


def _read_pairs(value: Any) -> dict[str, Any]:
    if isinstance(value, Mapping):
        return dict(value)
    pairs = value if isinstance(value, list) else []
    return {str(each.get("name")): each.get("value", "") for each in pairs if isinstance(each, dict)}


def _read_form(text: str) -> dict[str, Any]:
    """The values of an URL-encoded form; a name that it has more than once, has a list."""
    made: dict[str, Any] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        if name in made:
            made[name] = [*(made[name] if isinstance(made[name], list) else [made[name]]), value]
        else:
            made[name] = value
    return made
