"""Failures are found in replies of any status as the ``error`` of a config says."""

from __future__ import annotations

from typing import Any

import pytest

from modelhub import ConfigError, errors
from modelhub.adapters.failures import ErrorAdapter, compile_error
from modelhub.errors import ModelCallError, ResponseParsingError

from .adapted import call

CONFIG: dict[str, Any] = {
    "when": "code && code != `0`",
    "code": "code",
    "message": "msg",
    "classes": {
        "4001": "RateLimitError",
        "4003": "AuthenticationError",
        "503": "QuotaExceededError",
        "BUSY": "ServerError",
    },
    "retry_after": "wait",
    "retryable": ["4003", 4005],
}


def build(**changes: Any) -> ErrorAdapter:
    return compile_error({**CONFIG, **changes})


CLASSES: dict[str, tuple[Any, int | None, type[ModelCallError] | None]] = {
    "no error": (0, 200, None),
    "no code": (None, 200, None),
    "a code": (4001, 200, errors.RateLimitError),
    "a code as text": ("4003", 200, errors.AuthenticationError),
    "a word": ("BUSY", 200, errors.ServerError),
    "the code before the status": (4001, 503, errors.RateLimitError),
    "the status in classes": (1, 503, errors.QuotaExceededError),
    "the status": (1, 401, errors.AuthenticationError),
    "429": (1, 429, errors.RateLimitError),
    "500": (1, 500, errors.ServerError),
    "400": (1, 400, errors.BadRequestError),
    "404": (1, 404, errors.NotFoundError),
    "a success is none": (1, 200, errors.ServerError),
    "an unknown status": (1, None, errors.ServerError),
    "a status of failure is one whatever is said": (0, 404, errors.NotFoundError),
    "a redirect is nothing of it": (0, 302, None),
    "words that others use": ("insufficient_quota", 200, errors.ServerError),
    "true": (True, 200, errors.ServerError),
}


@pytest.mark.parametrize(("code", "status", "expected"), CLASSES.values(), ids=CLASSES)
def test_classes(code: Any, status: int | None, expected: type[ModelCallError] | None) -> None:
    found = build().find({"code": code, "msg": "why"}, status)
    if expected is None:
        assert found is None
        return
    assert type(found) is expected
    assert isinstance(found, ModelCallError)
    assert (found.status, found.message) == (status, "why")


@pytest.mark.parametrize(("code", "told"), [(4001, "4001"), ("A", "A"), ("", None), ({}, None), (1.5, "1.5")])
def test_codes(code: Any, told: str | None) -> None:
    found = build(when="`true`").find({"code": code}, 200)
    assert found is not None
    assert found.code == told


MESSAGES: dict[str, tuple[Any, Any, str]] = {
    "its own": ("msg", {"msg": " why \n"}, "why"),
    "a number": ("msg", {"msg": 5}, "5"),
    "a list": ("msg", {"msg": ["a", "b"]}, "ab"),
    "an object": ("msg", {"msg": {"a": float("nan")}}, '{"a": NaN}'),
    "none, but a common one": ("msg", {"error": {"message": "why"}}, "why"),
    "an empty one": ("msg", {"msg": " ", "message": "why"}, "why"),
    "no expression": (None, {"message": "why"}, "why"),
    "an expression that fails": ("length(msg)", {"msg": 1, "message": "why"}, "why"),
    "a page": ("msg", {"body": "<html><title>Bad</title> gateway</html>"}, "Bad gateway"),
    "nothing at all": ("msg", {"body": ""}, "the server gave no reason"),
    "a list of documents": ("msg", [{"message": "why"}], "why"),
}


@pytest.mark.parametrize(("expression", "document", "message"), MESSAGES.values(), ids=MESSAGES)
def test_messages(expression: Any, document: Any, message: str) -> None:
    found = build(message=expression).find(document, 500)
    assert found is not None
    assert found.message == message


@pytest.mark.parametrize("document", [None, [], {}, 3, "text", [[]], {"msg": "x" * 9000}, {"body": None}])
def test_messages_are_never_empty(document: Any) -> None:
    found = build().find(document, 500)
    assert found is not None
    assert found.message


WAITS: dict[str, tuple[Any, dict[str, str], float | None]] = {
    "seconds": (3, {}, 3.0),
    "zero": (0, {"retry-after": "5"}, 0.0),
    "in digits": ("2.5", {}, 2.5),
    "before the header": (3, {"retry-after": "5"}, 3.0),
    "null": (None, {"retry-after": "5"}, 5.0),
    "nothing": (None, {}, None),
    "below zero": (-1, {}, None),
    "a word": ("soon", {}, None),
    "without end": (float("inf"), {}, None),
    "no number": (float("nan"), {}, None),
    "true": (True, {}, None),
    "an object": ({}, {}, None),
    "a huge one": ("1e999", {}, None),
}


@pytest.mark.parametrize(("told", "headers", "wait"), WAITS.values(), ids=WAITS)
def test_how_long_to_wait(told: Any, headers: dict[str, str], wait: float | None) -> None:
    found = build().find({"code": 4001, "wait": told}, 200, headers)
    assert found is not None
    assert found.retry_after == wait


RETRYABLE: dict[str, tuple[Any, int, bool]] = {
    "as its class": (4001, 200, True),
    "listed": (4003, 200, True),
    "listed as a number": ("4005", 400, True),
    "not listed": (7, 400, False),
    "a status that may pass": (7, 409, True),
}


@pytest.mark.parametrize(("code", "status", "retryable"), RETRYABLE.values(), ids=RETRYABLE)
def test_what_may_be_repeated(code: Any, status: int, retryable: bool) -> None:
    found = build().find({"code": code}, status)
    assert found is not None
    assert found.retryable is retryable


@pytest.mark.parametrize("headers", [{"x-should-retry": "false"}, {"x-request-id": "7", "x-should-retry": "true"}])
def test_what_the_headers_tell(headers: dict[str, str]) -> None:
    for code in (4001, 99):
        found = build().find({"code": code}, 500, headers)
        assert found is not None
        assert found.retryable is (headers["x-should-retry"] == "true")
        assert found.request_id == headers.get("x-request-id")


def test_without_when_the_status_decides() -> None:
    adapter = build(when=None)
    assert adapter.find({"code": 5}, 200) is None
    assert adapter.find({"code": 5}, 400) is not None


def test_what_is_known_to_have_failed() -> None:
    assert build().build({"code": 0, "msg": "the job failed"}, 200, {}).message == "the job failed"


def test_when_that_cannot_be_evaluated_is_named() -> None:
    with pytest.raises(ResponseParsingError, match=r"error\.when \(length\(code\)\) cannot be evaluated"):
        build(when="length(code)").find({"code": 5}, 200)


@pytest.mark.parametrize("name", ["KeyError", "ConfigError", "Problem", "annotations", "no", 3])
def test_classes_that_are_no_errors_of_calls(name: Any) -> None:
    with pytest.raises(ConfigError, match=r"error\.classes"):
        build(classes={"1": name})


@pytest.mark.parametrize("status", [200, 429, 500])
def test_a_call_raises_it(status: int) -> None:
    reply = {"status": status, "body": {"code": 4003, "msg": "no key"}}
    with pytest.raises(errors.AuthenticationError, match="no key") as caught:
        call({"response": {"text": "t"}, "error": CONFIG}, reply)
    assert (caught.value.status, caught.value.code) == (status, "4003")


def test_an_event_of_a_stream_raises_it() -> None:
    chunks = ['data: {"t": "a"}\n\n', 'data: {"code": 4001, "msg": "slow down", "wait": 7}\n\n']
    parts = {"stream": {"framing": "sse", "text": "t"}, "error": CONFIG}
    with pytest.raises(errors.RateLimitError, match="slow down") as caught:
        str(call(parts, {"status": 200, "chunks": chunks}, stream=True))
    assert (caught.value.status, caught.value.retry_after, caught.value.partial.text) == (200, 7.0, "a")


def test_an_event_in_a_common_form_is_an_error_without_a_config() -> None:
    chunks = ['data: {"error": {"message": "overloaded", "code": 503}}\n\n']
    with pytest.raises(errors.ServerError, match="overloaded"):
        str(call({"stream": {"framing": "sse", "text": "t"}}, {"status": 200, "chunks": chunks}, stream=True))
