"""A failure that a body tells, wherever it stands in it: the same error from a whole reply and from a stream."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.engine.failures import find_failure
from modelhub.testing import Replay

WORDS = "the worker is out of memory"
# A body under a status of success, the class of its error, and the status that it tells.
FAILURES: dict[str, tuple[dict[str, Any], type[errors.ModelCallError], int | None]] = {
    "error": ({"error": {"message": WORDS, "type": "server_error"}}, errors.ServerError, None),
    "error as text": ({"error": WORDS}, errors.ServerError, None),
    "a list of errors": ({"success": False, "errors": [{"code": 7, "message": WORDS}]}, errors.ServerError, None),
    "a status": ({"error": {"message": WORDS, "code": 402}}, errors.QuotaExceededError, 402),
    "a status in digits": ({"error": {"message": WORDS, "code": "403"}}, errors.PermissionDeniedError, 403),
    "a status beside the error": ({"error": {"message": WORDS}, "status": 401}, errors.AuthenticationError, 401),
    "a status of its own name": ({"error": {"message": WORDS, "status_code": 404}}, errors.NotFoundError, 404),
    "not a status": ({"error": {"message": WORDS, "code": 7000}}, errors.ServerError, None),
    "fastchat": ({"text": WORDS, "error_code": 50002}, errors.ServerError, None),
    "baidu": ({"error_code": 336000, "error_msg": WORDS}, errors.ServerError, None),
    "vllm of old": ({"object": "error", "message": WORDS, "code": 50002}, errors.ServerError, None),
    "vllm of old, 400": ({"object": "error", "message": WORDS, "code": 400}, errors.BadRequestError, 400),
    "deepinfra": (
        {"choices": None, "error_type": "BadRequestError", "error_message": WORDS},
        errors.BadRequestError,
        None,
    ),
    "minimax": ({"base_resp": {"status_code": 1004, "status_msg": WORDS}}, errors.ServerError, None),
    "minimax, beside choices": (
        {"choices": None, "base_resp": {"status_code": 1013, "status_msg": WORDS}},
        errors.ServerError,
        None,
    ),
    "zhipuai": ({"code": 500, "msg": WORDS, "success": False}, errors.ServerError, 500),
    "a code and a message": ({"code": 10013, "message": WORDS}, errors.ServerError, None),
    "a detail": ({"detail": WORDS}, errors.ServerError, None),
    "anthropic": (
        {"type": "error", "error": {"type": "permission_error", "message": WORDS}},
        errors.PermissionDeniedError,
        None,
    ),
    "google": ({"error": {"code": 429, "message": WORDS, "status": "RESOURCE_EXHAUSTED"}}, errors.RateLimitError, 429),
    "a class of python": ({"error": {"message": WORDS, "type": "RateLimitError"}}, errors.RateLimitError, None),
}
OPENAI = ("openai_chat", "zhipuai_chat", "yi_chat", "litellm_chat", "post_api_chat")
ALL = (*OPENAI, "anthropic_chat", "gemini_chat", "ollama_chat", "ollama_generate", "dashscope_chat")


def build(model_type: str, replies: list[dict[str, Any]], api_key: str = "k.1") -> tuple[Any, Replay]:
    at: dict[str, dict[str, Any]] = {
        "post_api_chat": {"api_url": "http://recorded/chat", "max_retries": 1},
        "ollama_chat": {"host": "http://recorded"},
        "ollama_generate": {"host": "http://recorded"},
    }
    more = at.get(model_type, {"client_args": {"base_url": "http://recorded"}})
    given = {"config_name": "f", "model_type": model_type, "api_key": api_key, **more}
    if model_type != "post_api_chat":
        given |= {"model_name": "m", "retry": {"max_attempts": 1}}
    model = ModelRegistry(given).get_model("f")
    model.drivers = connections = Replay(replies)
    return model, connections


def frame(model_type: str, body: Any) -> str:
    """One event of a stream of this type."""
    text = json.dumps(body)
    return f"{text}\n" if model_type.startswith("ollama") else f"data: {text}\n\n"


@pytest.mark.parametrize("model_type", ALL)
@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_under_a_status_of_success(name: str, model_type: str, caller: Any) -> None:
    body, cls, status = FAILURES[name]
    model, _ = build(model_type, [{"status": 200, "headers": {}, "body": json.dumps(body)}])
    with pytest.raises(errors.ModelCallError) as whole:
        caller.call(model, "hello")
    chunks = [frame(model_type, body), "" if model_type.startswith("ollama") else "data: [DONE]\n\n"]
    model, _ = build(model_type, [{"status": 200, "headers": {}, "chunks": chunks}])
    with pytest.raises(errors.ModelCallError) as streamed:
        caller.deltas(model, "hello")
    for error in (whole.value, streamed.value):
        assert WORDS in str(error), error
        if (model_type in OPENAI and (model_type, name) != ("zhipuai_chat", "minimax")) or status is not None:
            assert type(error) is cls
            assert error.retryable == cls.retryable
        assert error.status in ((None, 200) if status is None else (status,))


@pytest.mark.parametrize("model_type", ALL)
def test_a_refusal_as_an_event_of_a_stream(model_type: str, caller: Any) -> None:
    body = {"error": {"message": WORDS, "code": "invalid_api_key"}}
    reply = {"status": 401, "headers": {"content-type": "text/event-stream"}, "body": f"data: {json.dumps(body)}\n\n"}
    for stream in (False, True):
        model, _ = build(model_type, [reply])
        with pytest.raises(errors.AuthenticationError, match=WORDS):
            caller.call(model, "hello", stream=stream) if not stream else caller.deltas(model, "hello")


def test_what_came_before_the_text_may_be_asked_for_again(caller: Any) -> None:
    begun = [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]},
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}},
    ]
    broken = [*(frame("", chunk) for chunk in begun), frame("", {"error": {"message": "busy", "code": 503}})]
    right = [frame("", {"choices": [{"index": 0, "delta": {"content": "At nine."}, "finish_reason": "stop"}]})]
    model, connections = build("openai_chat", [{"status": 200, "chunks": chunks} for chunks in (broken, right)])
    model.retry = {"max_attempts": 2, "initial": 0.001}
    _, response = caller.deltas(model, "hello")
    assert response.text == "At nine."
    assert response.usage is None
    assert len(connections.requests) == 2


@pytest.mark.parametrize("word", ["", "null", None])
def test_words_that_say_nothing_end_no_stream(word: str | None, caller: Any) -> None:
    chunk = {"choices": [{"index": 0, "delta": {"content": "At"}, "finish_reason": word}], "model": word}
    model, _ = build("openai_chat", [{"status": 200, "chunks": [frame("", chunk)]}])
    with pytest.raises(errors.StreamInterruptedError) as caught:
        caller.deltas(model, "hello")
    assert (caught.value.partial.text, caught.value.partial.model) == ("At", None)


EMPTY = {
    "openai_chat": {"choices": [{"index": 0, "delta": {"role": "assistant"}}]},
    "anthropic_chat": {"type": "ping"},
    "gemini_chat": {"candidates": [{"content": {"role": "model"}}]},
    "dashscope_chat": {"output": {"choices": [{"message": {"content": ""}, "finish_reason": "null"}]}},
}


@pytest.mark.parametrize("model_type", EMPTY)
def test_a_stream_that_told_nothing(model_type: str, caller: Any) -> None:
    chunks = [frame(model_type, EMPTY[model_type]), "data: [DONE]\n\n"]
    model, _ = build(model_type, [{"status": 200, "chunks": chunks}])
    with pytest.raises(errors.ResponseParsingError, match=r"ended without an answer; its last event was \{"):
        caller.deltas(model, "hello")


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [], "error": None},
        {"choices": [], "error": ""},
        {"choices": [], "error": "null"},
        {"choices": [], "error": {}},
        {"choices": [], "error": {"code": 0, "message": ""}},
        {"choices": [], "error_code": 0, "error_msg": ""},
        {"choices": [], "base_resp": {"status_code": 0, "status_msg": "success"}},
        {"choices": [], "code": 0, "message": "Success", "success": True},
        {"choices": [], "object": "chat.completion", "type": "message"},
    ],
)
def test_what_is_no_failure(body: dict[str, Any]) -> None:
    assert find_failure(body) is None


@pytest.mark.parametrize("model_type", ALL)
def test_what_is_said_at_length_is_shortened_and_no_half_of_a_key_is_left(model_type: str, caller: Any) -> None:
    key = "k.1" * 10
    said = "words " * 300 + key * 20 + " words" * 100_000
    body = {"error": {"message": said, "code": said}, "request_id": said}
    model, _ = build(model_type, [{"status": 400, "headers": {}, "body": json.dumps(body)}], api_key=key)
    with pytest.raises(errors.ModelCallError) as raised:
        caller.call(model, "hello")
    assert "k.1" not in str(raised.value)
    assert 1500 < len(raised.value.message) < len(str(raised.value)) < 3000
