"""``agentscope.exception``: the errors of parse functions, and the error for the quota of a counter."""

from __future__ import annotations

from typing import Any

from modelhub.compat.agentscope.scope import refuse
from modelhub.errors import QuotaExceededError as QuotaExceededError
from modelhub.errors import ResponseParsingError as ResponseParsingError


class JsonParsingError(ResponseParsingError):
    """The answer is not JSON."""


class JsonDictValidationError(ResponseParsingError):
    """The answer is not the JSON object that was asked for."""


class JsonTypeError(ResponseParsingError):
    """The answer is JSON, but of the wrong type."""


class RequiredFieldNotFoundError(ResponseParsingError):
    """The answer lacks a field."""


class TagNotFoundError(ResponseParsingError):
    """The answer lacks a tag."""

    def __init__(
        self,
        message: str,
        raw_response: str | None = None,
        missing_begin_tag: bool = True,
        missing_end_tag: bool = True,
        **facts: Any,
    ) -> None:
        super().__init__(message, raw_response, **facts)
        self.missing_begin_tag = missing_begin_tag
        self.missing_end_tag = missing_end_tag


__getattr__ = refuse("agentscope.exception")
