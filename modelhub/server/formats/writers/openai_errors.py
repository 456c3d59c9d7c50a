"""Writes failures in OpenAI's form: https://platform.openai.com/docs/guides/error-codes"""

from __future__ import annotations

from modelhub.server.formats.replies import Failure, Json

_CODES = {
    "authentication": ("invalid_request_error", "invalid_api_key"),
    "permission": ("request_forbidden", "permission_denied"),
    "not_found": ("invalid_request_error", "model_not_found"),
    "timeout": ("timeout", None),
    "conflict": ("conflict", None),
    "rate_limit": ("requests", "rate_limit_exceeded"),
    "token_limit": ("tokens", "rate_limit_exceeded"),
    "quota": ("insufficient_quota", "insufficient_quota"),
    "budget": ("insufficient_quota", "budget_exceeded"),
    "context": ("invalid_request_error", "context_length_exceeded"),
    "filter": ("invalid_request_error", "content_filter"),
    "server": ("server_error", None),
    "overloaded": ("server_error", "overloaded"),
}


def build_error_body(failure: Failure) -> Json:
    """The body of a failure, and the data of its event in a stream."""
    kind, code = _CODES.get(failure.name, ("invalid_request_error", None))
    return {"error": {"message": failure.message, "type": kind, "param": None, "code": code}}
