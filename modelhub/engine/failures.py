"""Finds what a body tells of a failure: servers put it in many places, and often under a status of success."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelhub import errors
from modelhub.engine.classify import Codes, build_error
from modelhub.engine.connection_errors import show_address
from modelhub.patterns import expression
from modelhub.wire import Reply, SSEDecoder, said

_MESSAGES = ("message", "detail", "error", "msg", "error_msg", "error_message", "status_msg", "text", "title")
_CODES = ("code", "error_code", "status_code")
_STATUSES = (*_CODES, "status")
_TYPES = ("type", "error_type")
_STATUS = expression(r"[45]\d\d")
_MARKUP = expression(r"<!--.*?(?:-->|$)|<(script|style)\b.*?(?:</\1>|$)|<[^<>]*>", re.S | re.I)
_PLACES = frozenset({"error", "errors", "base_resp", "error_code", "error_message", "success"})
_NO_CODE = (None, "", "null", "None", 0, "0", 200, "200")  # LiteLLM's proxy says None in words


def find_failure(body: Mapping[str, Any], answered: bool = True) -> Any:
    """What a body says of a failure, None if it says nothing of one.

    It is under ``error`` or ``errors``, in ``base_resp`` (MiniMax), or beside ``error_code`` (FastChat, Baidu),
    ``error_message`` (DeepInfra), ``object: error`` (vLLM), ``type: error`` (Anthropic), ``success: false`` (ZhipuAI).
    If the body has not ``answered``, its own ``message`` or the like says why.
    """
    if answered and _PLACES.isdisjoint(body) and body.get("object") != "error" and body.get("type") != "error":
        return None
    error = body.get("error")
    if error and _tells(error):
        return error
    told = body.get("base_resp")
    if isinstance(told, dict) and told.get("status_code"):
        return told
    if (
        body.get("error_code") not in _NO_CODE
        or said(body.get("error_message")) is not None
        or body.get("object") == "error"
        or body.get("type") == "error"
        or body.get("success") is False
    ):
        listed = body.get("errors")
        return listed[0] if isinstance(listed, list) and listed else body
    complains = not answered and any(said(body.get(name)) is not None for name in _MESSAGES if name != "text")
    return body if complains else None


def _tells(error: Any) -> bool:
    """Whether the value of ``error`` says more than that there was none."""
    if isinstance(error, dict):
        return any(value not in _NO_CODE for value in error.values())
    return said(error) is not None


def raise_for_failure(body: Any, reply: Reply, codes: Codes | None = None, answered: bool = True) -> None:
    """Raise a typed error if the body of a successful reply reports one, as ``find_failure`` finds it.

    ``codes`` are the vendor's own error codes. A body that is no object is a ResponseParsingError.
    """
    if not isinstance(body, dict):
        raise errors.ResponseParsingError(
            f"the reply is a JSON {type(body).__name__}, not an object", status=reply.status
        )
    if find_failure(body, answered) is not None:
        raise error_from_json(reply.status, body, reply.headers, codes)


def parse_error_body(reply: Reply, vendor: Codes | None = None) -> errors.ModelCallError:
    """The typed error for a reply that is not a success; its body may have any of the common shapes.

    The shapes are those of ``find_failure``, the same without the envelope, FastAPI's ``detail``, any of them as an
    event of a stream, and pages of text or HTML.
    """
    body = decode_error(reply)
    if body is None:
        return build_error(reply.status, _page_message(reply), headers=reply.headers)
    return error_from_json(reply.status, body, reply.headers, vendor)


def decode_error(reply: Reply) -> Any:
    """The decoded body of a refusal, which may be one event of a stream; None if it is no JSON."""
    try:
        return reply.json()
    except ValueError:
        decoder = SSEDecoder()
        try:
            events = decoder.feed(reply.body) + decoder.flush()
        except ValueError:
            events = decoder.pending
        return events[-1].data if events else None


def error_from_json(
    status: int | None, body: Any, headers: Mapping[str, str] | None = None, vendor: Codes | None = None
) -> errors.ModelCallError:
    """The typed error that a decoded body reports.

    A status from 400 to 599 that the body tells, as a number or in digits, counts where the reply has none or says
    success.
    """
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    inner = body
    if isinstance(body, dict):
        inner = find_failure(body)
        if inner is None:
            inner = body.get("error", body)
    if not isinstance(inner, dict):
        inner = {"message": inner}
    message = next((inner[name] for name in _MESSAGES if said(inner.get(name)) is not None), None)
    if isinstance(message, dict):  # an error in an error, or FastAPI's detail
        message = next((message[name] for name in _MESSAGES if said(message.get(name)) is not None), message)
    if not isinstance(message, str):
        message = as_words(message if message is not None else body)
    status = find_status(status, inner, body)
    code = next((inner[name] for name in _CODES if inner.get(name) not in _NO_CODE), None)
    type: str | None = next((told for name in _TYPES if isinstance(told := inner.get(name), str)), None)
    request_id = body.get("request_id") if isinstance(body, dict) else None
    return build_error(
        status,
        message.strip() or "the server gave no reason",
        # llama.cpp repeats the status, LiteLLM's proxy as a string.
        code=as_words(code) if code is not None and (as_words(code) != str(status) or not type) else None,
        type=type,
        headers=headers,
        request_id=request_id if isinstance(request_id, str) else None,
        vendor=vendor,
    )


def as_words(value: Any) -> str:
    """``value`` as text, also if it is nested deeper than Python can write."""
    try:
        return str(value)
    except RecursionError:
        return f"a {type(value).__name__} that is nested too deep"


def find_status(status: int | None, *bodies: Any) -> int | None:
    """``status`` if it says that a request failed, else the one from 400 to 599 that the first of ``bodies`` tells."""
    if status is not None and status >= 300:
        return status
    told = (as_words(body.get(name)) for body in bodies if isinstance(body, dict) for name in _STATUSES)
    return next((int(digits) for digits in told if _STATUS.fullmatch(digits)), status)


def _page_message(reply: Reply) -> str:
    location = reply.headers.get("location")
    if location:
        location = f"https:{location}" if location.startswith("//") else location
        where = show_address(location) if "://" in location else "another path of its own"
        return f"the server redirects to {where}, which is not followed"
    text = reply.body[:20000].decode("utf-8", "replace")
    return describe_text(text) or "the server gave no reason"


def describe_text(text: str) -> str:
    """The first words of a body that should have been JSON, without its markup."""
    if re.search(r"<!doctype|<html|</[a-z]", text[:2000], re.I):
        import html  # its tables are large, and most errors are JSON

        text = html.unescape(_MARKUP.sub(" ", text))
    words = " ".join("".join(c if c.isprintable() else " " for c in text[:20000]).split())
    return words if len(words) <= 300 else words[:300] + "..."
