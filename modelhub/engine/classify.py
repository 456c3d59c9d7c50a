"""Finds the error class of a failure, from its meaning and not only from its status."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from modelhub import errors
from modelhub.engine.connection_errors import show_address
from modelhub.engine.retry_after import parse_retry_after
from modelhub.wire import Reply

_BY_STATUS: dict[int, type[errors.ModelCallError]] = {
    401: errors.AuthenticationError,
    402: errors.QuotaExceededError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    408: errors.TimeoutError,
    429: errors.RateLimitError,
}
_RETRYABLE_STATUS = frozenset({408, 409, 429})

# The codes and types that vendors put beside or instead of a telling status.
BY_CODE: dict[str, type[errors.ModelCallError]] = {
    "insufficient_quota": errors.QuotaExceededError,
    "billing_hard_limit_reached": errors.QuotaExceededError,
    "context_length_exceeded": errors.ContextLengthError,
    "exceed_context_size_error": errors.ContextLengthError,  # llama.cpp
    "content_filter": errors.ContentFilterError,
    "content_policy_violation": errors.ContentFilterError,
    "invalid_api_key": errors.AuthenticationError,
    "authentication_error": errors.AuthenticationError,
    "no_db_connection": errors.AuthenticationError,  # LiteLLM's proxy, of a key that it has nowhere to look up
    "permission_error": errors.PermissionDeniedError,
    "model_not_found": errors.NotFoundError,
    "not_found_error": errors.NotFoundError,
    "rate_limit_exceeded": errors.RateLimitError,
    "rate_limit_error": errors.RateLimitError,
    "server_error": errors.ServerError,
    "internal_server_error": errors.ServerError,
    "invalid_request_error": errors.BadRequestError,
}


Codes = Mapping[str, type[errors.ModelCallError]]


def error_class(
    status: int | None, codes: tuple[str | None, ...] = (), vendor: Codes | None = None
) -> type[errors.ModelCallError]:
    """The class of a failure; a common code wins if it says more than the status, a code of ``vendor`` always wins."""
    for code in codes:
        if vendor is not None and code is not None and code in vendor:
            return vendor[code]
    by_status = _BY_STATUS.get(status or 0)
    if by_status is None and status is not None:
        by_status = errors.ServerError if status >= 500 else errors.BadRequestError if status >= 300 else None
    for code in codes:
        by_code = BY_CODE.get(code or "")
        # `invalid_request_error` comes with 401s and 404s too: the plain classes never override a status.
        if by_code is not None and (by_status is None or by_code not in _PLAIN):
            return by_code
    return by_status or errors.ServerError


# How vLLM, FastChat and LiteLLM's proxy say that the prompt is too long, beside a code that says nothing.
_TOO_LONG = re.compile(r"maximum context length is|ContextWindowExceededError")
_PLAIN = frozenset({errors.BadRequestError, errors.ServerError, errors.RateLimitError, errors.NotFoundError})


def build_error(
    status: int | None,
    message: str,
    code: str | None = None,
    type: str | None = None,
    headers: Mapping[str, str] | None = None,
    request_id: str | None = None,
    vendor: Codes | None = None,
) -> errors.ModelCallError:
    """The typed error of a failure reported with these facts; ``vendor`` maps that vendor's own codes."""
    cls = error_class(status, (code, type), vendor)
    if cls is errors.BadRequestError and _TOO_LONG.search(message):
        cls = errors.ContextLengthError
    retryable = cls.retryable or (status in _RETRYABLE_STATUS and cls is not errors.QuotaExceededError)
    retry_after = None
    if headers is not None:
        told = headers.get("x-should-retry")
        if told in ("true", "false"):
            retryable = told == "true"
        retry_after = parse_retry_after(headers)
        request_id = request_id or find_request_id(headers)
    return cls(
        message,
        status=status,
        code=code or type,
        request_id=request_id,
        retryable=retryable,
        retry_after=retry_after,
    )


def find_request_id(headers: Mapping[str, str]) -> str | None:
    """The id under which the vendor can find this call."""
    return headers.get("x-request-id") or headers.get("request-id")


def parse_error_body(reply: Reply, vendor: Codes | None = None) -> errors.ModelCallError:
    """The typed error for a reply that is not a success; its body may have any of the common shapes.

    The shapes are ``{"error": {"message", "code", "type"}}``, ``{"error": "text"}``, the same without the envelope,
    FastAPI's ``detail``, and pages of text or HTML.
    """
    try:
        body = reply.json()
    except ValueError:
        return build_error(reply.status, _page_message(reply), headers=reply.headers)
    return error_from_json(reply.status, body, reply.headers, vendor)


def error_from_json(
    status: int | None, body: Any, headers: Mapping[str, str] | None = None, vendor: Codes | None = None
) -> errors.ModelCallError:
    """The typed error that a decoded body reports."""
    if isinstance(body, list) and len(body) == 1:
        body = body[0]
    inner = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(inner, dict):
        inner = {"message": inner}
    message = inner.get("message") or inner.get("detail") or inner.get("error") or inner.get("msg")
    if not isinstance(message, str):
        message = str(message if message is not None else body)
    code, type = inner.get("code"), inner.get("type")
    request_id = body.get("request_id") if isinstance(body, dict) else None
    return build_error(
        status,
        message.strip()[:2000] or "the server gave no reason",
        # llama.cpp repeats the status, LiteLLM's proxy as a string.
        code=str(code) if code is not None and (str(code) != str(status) or not type) else None,
        type=type if isinstance(type, str) else None,
        headers=headers,
        request_id=request_id if isinstance(request_id, str) else None,
        vendor=vendor,
    )


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
        text = html.unescape(re.sub(r"<!--.*?(-->|$)|<(script|style)\b.*?</\2>|<[^>]*>", " ", text, flags=re.S | re.I))
    words = " ".join("".join(c if c.isprintable() else " " for c in text[:20000]).split())
    return words if len(words) <= 300 else words[:300] + "..."
