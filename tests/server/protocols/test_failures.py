"""What callers are told of errors: the status, the form of each protocol, and nothing of the house."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelhub import errors
from modelhub.response import ModelResponse
from modelhub.server.formats.failures import build_failure, find_answer
from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocols import PROTOCOLS
from modelhub.server.formats.replies import Failure

from .speaking import find_listing

SECRET = "sk-secret at http://10.0.0.7:8000/v1 and 10.1.2.3:80"
BY_NAME = {protocol.name: protocol for protocol in PROTOCOLS}
# The error, the status, and what it is in OpenAI's form (code) and in Anthropic's (type).
CASES: list[tuple[BaseException, int, str | None, str]] = [
    (errors.AuthenticationError(SECRET, status=401), 401, "invalid_api_key", "authentication_error"),
    (errors.PermissionDeniedError(SECRET, status=403), 403, "permission_denied", "permission_error"),
    (errors.NotFoundError("no such model", status=404), 404, "model_not_found", "not_found_error"),
    (errors.BadRequestError("wrong", status=400), 400, None, "invalid_request_error"),
    (errors.BadRequestError("wrong", status=422), 422, None, "invalid_request_error"),
    (errors.BadRequestError("wrong", status=405), 400, None, "invalid_request_error"),
    (errors.ContextLengthError("too long", status=400), 400, "context_length_exceeded", "invalid_request_error"),
    (errors.ContentFilterError("no"), 400, "content_filter", "invalid_request_error"),
    (errors.RateLimitError("slow", status=429), 429, "rate_limit_exceeded", "rate_limit_error"),
    (errors.QuotaExceededError("paid out"), 429, "insufficient_quota", "invalid_request_error"),
    (errors.BudgetExceededError("used up"), 429, "budget_exceeded", "rate_limit_error"),
    (errors.ServerError("broken", status=500), 500, None, "api_error"),
    (errors.ServerError("full", status=503), 503, "overloaded", "overloaded_error"),
    (errors.ServerError("in a stream", status=200), 502, None, "api_error"),
    (errors.TimeoutError(SECRET), 504, None, "timeout_error"),
    (errors.ConnectionError(SECRET), 502, None, "api_error"),
    (errors.CircuitOpenError("open"), 503, "overloaded", "overloaded_error"),
    (errors.ResponseParsingError(SECRET), 502, None, "api_error"),
    (errors.StreamInterruptedError(SECRET), 502, None, "api_error"),
    (errors.ModelCallError("other"), 502, None, "api_error"),
    (errors.ConfigError("/etc/models.yaml is wrong"), 500, None, "api_error"),
    (errors.PluginError("acme 1.0 is broken"), 500, None, "api_error"),
    (KeyError("/etc/models.yaml"), 500, None, "api_error"),
    (Failure(413, "too_large", "too much"), 413, None, "request_too_large"),
]


@pytest.mark.parametrize(("error", "status", "code", "kind"), CASES, ids=[repr(case[0])[:40] for case in CASES])
def test_errors(error: BaseException, status: int, code: str | None, kind: str) -> None:
    failure = build_failure(error)
    replies = {name: protocol.build_error(failure) for name, protocol in BY_NAME.items()}
    bodies = {name: json.loads(reply.body) for name, reply in replies.items()}
    assert (replies["openai"].status, bodies["openai"]["error"]["code"]) == (status, code)
    expected = 400 if failure.name == "quota" else status
    assert (replies["anthropic"].status, bodies["anthropic"]["error"]["type"]) == (expected, kind)
    assert (replies["ollama"].status, list(bodies["ollama"])) == (status, ["error"])
    for body in bodies.values():
        assert not any(word in json.dumps(body) for word in ("sk-secret", "10.0.0.7", "10.1.2.3", "/etc", "acme"))
    assert ("x-should-retry" in replies["openai"].headers) is (failure.name in ("quota", "budget"))


def test_addresses_are_taken_out_of_a_vendors_message() -> None:
    failure = build_failure(errors.ServerError("upstream http://10.0.0.7:8000/v1 failed, see 10.0.0.8:80"))
    assert failure.message == "upstream (an address) failed, see (an address)"


@pytest.mark.parametrize(("wait", "told"), [(2.1, "3"), (0.0, "0"), (None, None)])
def test_when_to_come_again(wait: float | None, told: str | None) -> None:
    failure = build_failure(errors.RateLimitError("slow", retry_after=wait))
    assert {p.build_error(failure).headers.get("retry-after") for p in PROTOCOLS} == {told}


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (errors.ResponseParsingError("no JSON", partial=ModelResponse("x", finish_reason="length")), True),
        (errors.ContentFilterError("no", partial=ModelResponse(refusal="no", finish_reason="stop")), True),
        (errors.ResponseParsingError("bad call", "{", partial=ModelResponse("x", finish_reason="stop")), False),
        (errors.ResponseParsingError("no reply"), False),
        (errors.StreamInterruptedError("cut", partial=ModelResponse("x", finish_reason="stop")), False),
        (ValueError("x"), False),
    ],
)
def test_answers_that_are_not_as_they_were_asked_for(error: BaseException, found: bool) -> None:
    assert (find_answer(error) is not None) is found


TASKS = {"gpt": "chat", "emb/small": "embedding"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("GET", "/v1/models", {}, {"object": "list"}),
        ("GET", "/v1/models/emb/small", {}, {"id": "emb/small", "object": "model"}),
        ("GET", "/v1/models", {"anthropic-version": "2023-06-01"}, {"first_id": "gpt", "has_more": False}),
        ("GET", "/v1/models/gpt", {"anthropic-version": "2023-06-01"}, {"type": "model", "id": "gpt"}),
        ("GET", "/api/version", {}, {"version": "0.9.3"}),
        ("GET", "/api/ps", {}, {"models": []}),
        ("POST", "/api/show", {}, {"capabilities": ["completion", "tools"]}),
    ],
)
def test_listings(method: str, path: str, headers: dict[str, str], expected: dict[str, Any]) -> None:
    ask = Ask({"model": "gpt"}, headers=headers)
    _, listing, parts = find_listing(path, method, ask)
    told = json.loads(listing.build(TASKS, Ask(ask.body, path=parts, headers=headers)).body)
    assert told.items() >= expected.items()
    listed = told.get("data", [])
    assert [model["id"] for model in listed] in ([], list(TASKS))


def test_tags_name_all_models() -> None:
    _, listing, _ = find_listing("/api/tags", "GET", Ask({}))
    assert [model["model"] for model in json.loads(listing.build(TASKS, Ask({})).body)["models"]] == list(TASKS)


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/models/lost"), ("POST", "/api/show")])
def test_what_is_not_there_is_told(method: str, path: str) -> None:
    protocol, listing, parts = find_listing(path, method, Ask({}))
    with pytest.raises(Failure) as refusal:
        listing.build(TASKS, Ask({"name": "lost"}, path=parts))
    assert protocol.build_error(refusal.value).status == 404
