"""What callers are told of errors: modelhub's own, and all others, as a failure that each protocol has a form for.

Nothing of the house goes out: no key, no address of a server, no name of a file; the log of the gateway has all of it.
"""

from __future__ import annotations

import re

from modelhub import errors
from modelhub.patterns import expression
from modelhub.response import ModelResponse
from modelhub.server.formats.replies import Failure

_URL = expression(r"\b[a-z][a-z+.-]{0,20}://\S+|\b(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?\b", re.I)
_KEY = "the vendor of this model has refused the gateway's own key; whoever runs the gateway must look at its log"
_RIGHT = "the gateway's own key may not use this model at its vendor; whoever runs the gateway must look at its log"
_CONFIG = "this model cannot be used as the gateway has it; whoever runs the gateway must look at its log"
_BUG = "the gateway has failed; whoever runs it must look at its log"
_ADDRESS = "the server of this model cannot be reached, or has closed the connection"
_TIME = "the model has not answered in time"

# The class of an error, the status, the name, and a message where the error's own is not for callers.
_FORMS: tuple[tuple[type[errors.ModelCallError], int, str, str | None], ...] = (
    (errors.AuthenticationError, 401, "authentication", _KEY),
    (errors.PermissionDeniedError, 403, "permission", _RIGHT),
    (errors.NotFoundError, 404, "not_found", None),
    (errors.ContextLengthError, 400, "context", None),
    (errors.ContentFilterError, 400, "filter", None),
    (errors.BadRequestError, 400, "bad_request", None),
    (errors.RateLimitError, 429, "rate_limit", None),
    (errors.BudgetExceededError, 429, "budget", None),
    (errors.QuotaExceededError, 429, "quota", None),
    (errors.TimeoutError, 504, "timeout", _TIME),
    (errors.ConnectionError, 502, "server", _ADDRESS),
    (errors.CircuitOpenError, 503, "overloaded", "this model has failed too often, and is left alone for a while"),
    (errors.ResponseParsingError, 502, "server", "the model's answer cannot be read"),
    (errors.StreamInterruptedError, 502, "server", "the model's answer broke off before its end"),
)


def build_failure(error: BaseException) -> Failure:
    """The failure that a caller is told of for any error of a call."""
    if isinstance(error, Failure):
        return error
    if not isinstance(error, errors.ModelCallError):
        known = isinstance(error, errors.ModelHubError)
        return Failure(500, "server", _CONFIG if known else _BUG)
    wait = error.retry_after
    for kind, status, name, message in _FORMS:
        if isinstance(error, kind):
            return Failure(_keep(error.status, status), name, message or _clean(error), wait)
    status = error.status if error.status is not None and 500 <= error.status <= 599 else 502
    name = "overloaded" if status in (503, 529) else "server"
    return Failure(status, name, _clean(error), wait)


def _keep(given: int | None, status: int) -> int:
    """A vendor's own 4xx of the same kind, such as 413 or 422 for a bad request."""
    return given if status == 400 and given in (413, 422) else status


def _clean(error: errors.ModelCallError) -> str:
    """The message of an error, without the addresses in it."""
    return _URL.sub("(an address)", error.message)


def find_answer(error: BaseException) -> ModelResponse | None:
    """The whole answer of a model that was given but is no JSON as it was asked for, or is a refusal; None if none is.

    Callers of a protocol get it as it is, and see for themselves; that of a stream that broke is no whole one.
    """
    if not isinstance(error, errors.ResponseParsingError | errors.ContentFilterError):
        return None
    partial, unread = error.partial, getattr(error, "raw_response", None)
    whole = isinstance(partial, ModelResponse) and partial.finish_reason is not None and unread is None
    return partial if whole else None
