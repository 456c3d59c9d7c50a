"""Finds the error class of a failure, from its meaning and not only from its status."""

from __future__ import annotations

from collections.abc import Mapping

from modelhub import errors
from modelhub.engine.retry_after import parse_retry_after
from modelhub.engine.too_long import says_too_long
from modelhub.patterns import expression
from modelhub.wire import mend

_BY_STATUS: dict[int, type[errors.ModelCallError]] = {
    401: errors.AuthenticationError,
    402: errors.QuotaExceededError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    408: errors.TimeoutError,
    429: errors.RateLimitError,
}
_RETRYABLE_STATUS = frozenset({408, 409, 429})

# The codes and types that servers put beside or instead of a telling status, in lower case and without `_` or `error`.
_BY_CODE: dict[str, type[errors.ModelCallError]] = {
    "insufficientquota": errors.QuotaExceededError,
    "insufficientbalance": errors.QuotaExceededError,
    "billinghardlimitreached": errors.QuotaExceededError,
    "contextlengthexceeded": errors.ContextLengthError,
    "contextwindowexceeded": errors.ContextLengthError,  # LiteLLM
    "exceedcontextsize": errors.ContextLengthError,  # llama.cpp
    "contentfilter": errors.ContentFilterError,
    "contentpolicyviolation": errors.ContentFilterError,
    "invalidapikey": errors.AuthenticationError,
    "authentication": errors.AuthenticationError,
    "unauthenticated": errors.AuthenticationError,  # Google's names: https://cloud.google.com/apis/design/errors
    "unauthorized": errors.AuthenticationError,
    "nodbconnection": errors.AuthenticationError,  # LiteLLM's proxy, of a key that it has nowhere to look up
    "permission": errors.PermissionDeniedError,
    "permissiondenied": errors.PermissionDeniedError,
    "forbidden": errors.PermissionDeniedError,
    "modelnotfound": errors.NotFoundError,
    "notfound": errors.NotFoundError,
    "ratelimit": errors.RateLimitError,
    "ratelimitexceeded": errors.RateLimitError,
    "resourceexhausted": errors.RateLimitError,
    "toomanyrequests": errors.RateLimitError,
    "server": errors.ServerError,
    "internal": errors.ServerError,
    "internalserver": errors.ServerError,
    "unavailable": errors.ServerError,
    "serviceunavailable": errors.ServerError,
    "overloaded": errors.ServerError,
    "badrequest": errors.BadRequestError,
    "invalidargument": errors.BadRequestError,
    "invalidrequest": errors.BadRequestError,
    "unprocessableentity": errors.BadRequestError,
    "validation": errors.BadRequestError,
}
_PLAIN = frozenset({errors.BadRequestError, errors.ServerError, errors.RateLimitError, errors.NotFoundError})
_WORDS = expression(r"error$|exception$|[^a-z0-9]")


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
        by_code = _BY_CODE.get(_WORDS.sub("", (code or "").lower()))
        # `invalid_request_error` comes with 401s and 404s too: the plain classes never override a status.
        if by_code is not None and (by_status is None or by_code not in _PLAIN):
            return by_code
    return by_status or errors.ServerError


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
    if cls in (errors.BadRequestError, errors.ServerError) and says_too_long(message):
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
    told: str | None = mend(headers.get("x-request-id") or headers.get("request-id"))
    return told
