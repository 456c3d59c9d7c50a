"""A config that describes a protocol makes a model of its own kind, which has all that other models have."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from modelhub.wrappers.adapted import AdaptedChatWrapper
from modelhub.wrappers.post_api import PostAPIChatWrapper, PostAPIEmbeddingWrapper

from modelhub import ModelRegistry
from modelhub.errors import BadRequestError, ConfigError, RateLimitError, ServerError
from modelhub.testing import Replay

RISK = {
    "config_name": "risk",
    "model_type": "post_api_chat",
    "api_url": "https://risk.internal/v2/generate",
    "request": {"body": {"conversation": "=messages", "params": {"temp": "=temperature"}}},
    "response": {"text": "result.text"},
    "error": {"when": "code", "code": "code", "message": "msg", "classes": {"4001": "RateLimitError"}},
}
CHUNK = 'data: {"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def build(config: dict[str, Any], *replies: Any, **keys: Any) -> tuple[Any, Replay]:
    hub = ModelRegistry({**config, **keys})
    model = hub.get_model(str(config["config_name"]))
    model.drivers = Replay(
        [each if "status" in each else {"status": 200, "body": json.dumps(each)} for each in replies]
    )
    return model, model.drivers


def test_only_what_describes_a_protocol_makes_another_class() -> None:
    plain = {key: RISK[key] for key in ("config_name", "api_url")}
    assert type(PostAPIChatWrapper(**plain)) is PostAPIChatWrapper
    for key in ("request", "response", "error"):
        assert type(PostAPIChatWrapper(**plain, **{key: RISK[key]})) is AdaptedChatWrapper
    assert type(PostAPIChatWrapper(**plain, stream={"framing": "text"})) is AdaptedChatWrapper
    assert type(PostAPIChatWrapper(**plain, stream=True)) is PostAPIChatWrapper


def test_a_class_of_a_program_keeps_what_it_has() -> None:
    class Loud(PostAPIChatWrapper):
        def _parse_response(self, response: Any) -> Any:
            answer = super()._parse_response(response)
            answer.text = answer.text.upper()
            return answer

    model = Loud("loud", "https://risk.internal", request={"body": {"q": "=input"}})
    model.drivers = Replay([{"status": 200, "body": json.dumps({"generated_text": "hi"})}])
    assert isinstance(model, Loud)
    assert (model("Hi").text, json.loads(model.drivers.requests[0].body)) == ("HI", {"q": "Hi"})


def test_a_model_without_a_registry_crosses_to_another_process() -> None:
    model = PostAPIChatWrapper("risk", "https://risk.internal", response={"text": "a"})
    twin = pickle.loads(pickle.dumps(model))
    twin.drivers = Replay([{"status": 200, "body": '{"a": "hi"}'}])
    assert (type(twin), twin("Hi").text) == (AdaptedChatWrapper, "hi")


def test_only_a_key_is_told_and_the_rest_has_a_known_form() -> None:
    config = {"config_name": "a", "model_type": "post_api_chat", "api_url": "https://a.internal/chat"}
    auth = {"type": "header", "name": "X-Token", "value": "${A_TOKEN:-0123456789}"}
    answer = {"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}
    model, replay = build(config, answer, {"status": 200, "chunks": [CHUNK]}, auth=auth, json_args={"model": "m"})
    assert model("Hi", temperature=0.5).text == "Hi"
    assert "".join(delta.text for delta in model("Hi", stream=True)) == "Hi"
    whole, streamed = (json.loads(request.body) for request in replay.requests)
    assert whole == {"messages": [{"role": "user", "content": "Hi"}], "model": "m", "temperature": 0.5}
    assert (streamed["stream"], replay.requests[1].headers["X-Token"]) == (True, "0123456789")


def test_a_stream_without_expressions_has_a_known_form() -> None:
    model, _ = build(
        {"config_name": "a", "model_type": "post_api_chat", "api_url": "https://a.internal/chat"},
        {"status": 200, "chunks": [CHUNK]},
        stream={"framing": "sse", "url": "/stream"},
    )
    assert "".join(delta.text for delta in model("Hi", stream=True)) == "Hi"
    assert model.drivers.requests[0].url == "https://a.internal/stream"


def test_a_stream_that_nothing_describes_is_refused() -> None:
    model, replay = build(RISK)
    with pytest.raises(BadRequestError, match="cannot stream"):
        model("Hi", stream=True)
    assert replay.requests == []


def test_an_error_within_a_success_is_repeated_kept_apart_and_told() -> None:
    slow, answer = {"code": 4001, "msg": "slow down"}, {"result": {"text": "hi"}}
    model, replay = build(
        RISK, slow, answer, {"code": 9, "msg": "broken"}, cache={"ttl": 60}, retry={"max_attempts": 2}
    )
    first, second = model("Hi"), model("Hi")
    assert (first.text, second.text, second.cached, len(replay.requests)) == ("hi", "hi", True, 2)
    assert [entry.outcome for entry in first.trail] == ["failed", "answered"]
    with pytest.raises(ServerError, match="broken") as caught:
        model("Another", retry={"max_attempts": 1})
    assert (caught.value.code, caught.value.status) == ("9", 200)


def test_another_model_answers_for_one_that_is_out() -> None:
    other = {**RISK, "config_name": "other"}
    both = {"config_name": "both", "model_type": "fallback", "models": ["risk", "other"]}
    hub = ModelRegistry([{**RISK, "retry": {"max_attempts": 1}}, other, both])
    model = hub.get_model("both")
    replies = {"code": 4001, "msg": "slow down"}, {"result": {"text": "hi"}}
    model.drivers = Replay([{"status": 200, "body": json.dumps(reply)} for reply in replies])
    response = model("Hi")
    assert (response.text, response.config_name) == ("hi", "other")
    assert isinstance(response.trail[0].error, RateLimitError)


def test_texts_are_a_list_and_vectors_are_counted() -> None:
    model = PostAPIEmbeddingWrapper(
        "e", "https://e.internal", request={"body": {"texts": "=input"}}, response={"embedding": "vectors"}
    )
    model.drivers = Replay([{"status": 200, "body": '{"vectors": [[1, 2]]}'}] * 2)
    assert model("a").embedding == [[1, 2]]
    assert json.loads(model.drivers.requests[0].body) == {"texts": ["a"]}
    with pytest.raises(Exception, match="1 embeddings of 2 texts"):
        model(["a", "b"])


def test_what_cannot_be_compiled_names_the_config() -> None:
    model = PostAPIChatWrapper("risk", "https://risk.internal", response={"text": "a["})
    with pytest.raises(ConfigError, match=r"config 'risk': response\.text: 'a\[' is no expression"):
        model("Hi")


def test_a_reference_is_never_an_expression(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ODD", "=messages")
    model, replay = build(RISK, {"result": {"text": "hi"}}, request={"body": {"key": "${ODD}", "q": "=input"}})
    model("Hi")
    assert json.loads(replay.requests[0].body) == {"key": "=messages", "q": "Hi"}
