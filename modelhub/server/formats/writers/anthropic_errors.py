"""Writes failures in Anthropic's form: https://platform.claude.com/docs/en/api/errors"""

from __future__ import annotations

from modelhub.server.formats.replies import Failure, Json

_TYPES = {
    "authentication": "authentication_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "timeout": "timeout_error",
    "conflict": "conflict_error",
    "too_large": "request_too_large",
    "rate_limit": "rate_limit_error",
    "token_limit": "rate_limit_error",
    "budget": "rate_limit_error",
    "server": "api_error",
    "overloaded": "overloaded_error",
}


def build_error_body(failure: Failure) -> Json:
    """The body of a failure, and the data of its event in a stream."""
    kind = _TYPES.get(failure.name, "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": failure.message}}
