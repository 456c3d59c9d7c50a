"""Finds failures in replies and in events of streams, as the ``error`` of a config says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelhub import errors
from modelhub.adapters.documents import is_body
from modelhub.adapters.expressions import is_true
from modelhub.adapters.values import Field, compile_field, read_number, read_text, read_word
from modelhub.engine.classify import build_error, find_request_id
from modelhub.engine.failures import describe_text, error_from_json
from modelhub.engine.retry_after import parse_retry_after


class ErrorAdapter:
    """What ``error`` of a config says of failures."""

    __slots__ = ("classes", "code", "message", "retry_after", "retryable", "when")

    def __init__(self, config: Mapping[str, Any], where: str) -> None:
        self.when, self.code, self.message, self.retry_after = (
            compile_field(config.get(name), f"{where}.{name}") for name in ("when", "code", "message", "retry_after")
        )
        classes: Mapping[Any, str] = config.get("classes") or {}
        self.classes = {_as_code(code): find_class(name, f"{where}.classes") for code, name in classes.items()}
        self.retryable = frozenset(map(_as_code, config.get("retryable") or ()))

    def find(
        self, document: Any, status: int | None, headers: Mapping[str, str] | None = None
    ) -> errors.ModelCallError | None:
        """The error that a reply, or an event of a stream, tells of; None if it tells of none.

        Raises ResponseParsingError where ``when`` cannot be evaluated.
        """
        known = status is not None and status >= 400
        if not known and (self.when is None or not is_true(self.when(document))):
            return None
        return self.build(document, status, headers or {})

    def build(self, document: Any, status: int | None, headers: Mapping[str, str]) -> errors.ModelCallError:
        """The error of a reply that is known to tell of one."""
        code = _find_word(self.code, document)
        cls = self.classes.get(code) if code is not None else None
        cls = cls or self.classes.get(str(status))
        message = self._find_message(document, status)
        if cls is None:
            error = build_error(status, message, headers=headers)
            error.code = code
        else:
            told = headers.get("x-should-retry")
            error = cls(
                message,
                status=status,
                code=code,
                request_id=find_request_id(headers),
                retryable=told == "true" if told in ("true", "false") else None,
                retry_after=parse_retry_after(headers),
            )
        wait = read_number(self.retry_after.find(document)) if self.retry_after is not None else None
        if wait is not None:
            error.retry_after = float(wait)
        if self.is_retryable(code, status):
            error.retryable = True
        return error

    def is_retryable(self, code: str | None, status: int | None) -> bool:
        """Whether ``retryable`` names this code, or the status of what has none."""
        return (str(status) if code is None else code) in self.retryable

    def _find_message(self, document: Any, status: int | None) -> str:
        found = self.message.find(document) if self.message is not None else None
        text = _write(found) if isinstance(found, dict) and found else read_text(found)
        if not (text and text.strip()):
            text = describe_text(document["body"]) if is_body(document) else error_from_json(status, document).message
        return text.strip() or "the server gave no reason"


def _write(value: dict[str, Any]) -> str | None:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return None


def _find_word(field: Field | None, document: Any) -> str | None:
    return None if field is None else read_word(field.find(document))


def _as_code(code: Any) -> str:
    return code if isinstance(code, str) else read_word(code) or "null"


def compile_error(config: Mapping[str, Any], where: str = "error") -> ErrorAdapter:
    """The finder of failures; raises ConfigError for what cannot be one."""
    return ErrorAdapter(config, where)


def find_class(name: Any, where: str) -> type[errors.ModelCallError]:
    """The error of this name in modelhub.errors; raises ConfigError if there is no such error of calls."""
    found = getattr(errors, name, None) if isinstance(name, str) else None
    if not (isinstance(found, type) and issubclass(found, errors.ModelCallError)):
        raise errors.ConfigError(f"{where}: there is no error of calls that is called {name!r}")
    return found
