"""The guard of requests: what cannot be sent names its place; what is added by hand goes where it belongs."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub import ModelRegistry
from modelhub.base import ChatWrapper, Endpoint, ModelResponse, Reply, Request, override
from modelhub.errors import BadRequestError
from modelhub.testing import Replay

from ..messages.test_forms import REPLIES

ROW = {"data": [{"index": 0, "embedding": [1.0]}]}
IMAGE = {"data": [{"url": "http://images.test/1"}]}
TASK = {"output": {"task_id": "t", "task_status": "SUCCEEDED", "results": [{"url": "http://images.test/1"}]}}
# Every built-in type with the reply to one call of it.
ALL: dict[str, Any] = {
    **REPLIES,
    "ollama_generate": {"response": "ok", "done": True},
    "openai_embedding": ROW,
    "zhipuai_embedding": ROW,
    "post_api_embedding": ROW,
    "dashscope_text_embedding": {"output": {"embeddings": [{"text_index": 0, "embedding": [1.0]}]}},
    "gemini_embedding": {"embeddings": [{"values": [1.0]}]},
    "ollama_embedding": {"embeddings": [[1.0]]},
    "openai_dall_e": IMAGE,
    "post_api_dall_e": IMAGE,
    "dashscope_image_synthesis": TASK,
    "post_api": {"text": "ok"},
}


def build_model(model_type: str, **more: Any) -> tuple[Any, Replay]:
    config: dict[str, Any] = {"config_name": "m", "model_type": model_type, "model_name": "m", "api_key": "k", **more}
    if model_type == "litellm_chat":
        config["client_args"] = {"base_url": "http://proxy.test/v1"}
    if model_type.startswith("post_api"):
        config["api_url"] = "http://private.test/chat"
    model = ModelRegistry(config).get_model("m")
    replay = Replay([{"status": 200, "headers": {}, "body": json.dumps(ALL[model_type])}] * 9)
    model.drivers = replay
    return model, replay


@pytest.mark.parametrize("model_type", ALL)
def test_what_is_added_by_hand(model_type: str, caller: Any) -> None:
    plain, replay = build_model(model_type)
    caller.call(plain, "hi")
    body = json.loads(replay.requests[0].body or b"")
    model, replay = build_model(model_type)
    extra: dict[str, Any] = {"brand_new": {"deep": 1}, "big": 2**70}
    headers, query = {"x-team": "ferries", "user-agent": "mine"}, {"trace": "a b", "tag": ["1", "2"]}
    caller.call(model, "hi", extra_body=extra, extra_headers=headers, extra_query=query)
    request = replay.requests[0]
    sent = json.loads(request.body or b"")
    if model_type.startswith("dashscope"):  # whose bodies have parameters in a place of their own
        body["parameters"] = {**body["parameters"], **extra}
        extra = {}
    assert sent == {**body, **extra}
    names = [name.lower() for name in request.headers]
    assert sorted(names) == sorted(set(names))
    told = {name.lower(): value for name, value in request.headers.items()}
    assert (told["x-team"], told["user-agent"]) == ("ferries", "mine")
    assert request.url.endswith("trace=a+b&tag=1&tag=2")


@pytest.mark.parametrize("model_type", ALL)
def test_headers_are_a_shorter_name(model_type: str) -> None:
    model, replay = build_model(model_type)
    model("hi", headers={"X-One": 1, "Accept-Encoding": None}, extra_headers={"X-Two": "2"})
    headers = replay.requests[0].headers
    assert (headers["X-One"], headers["X-Two"]) == ("1", "2")
    assert "Accept-Encoding" not in headers


def test_objects_are_merged() -> None:
    model, replay = build_model("ollama_chat", options={"num_ctx": 9})
    model("hi", extra_body={"options": {"seed": 1}, "messages": None})
    assert json.loads(replay.requests[0].body or b"")["options"] == {"num_ctx": 9, "seed": 1}
    assert json.loads(replay.requests[0].body or b"")["messages"] is None


NOT_FOR_THE_MODEL = [
    "api_key",
    "base_url",
    "request_timeout",
    "num_retries",
    "client_args",
    "config_name",
    "model_type",
]


@pytest.mark.parametrize("model_type", ALL)
@pytest.mark.parametrize("name", NOT_FOR_THE_MODEL)
def test_options_that_are_not_for_the_model(name: str, model_type: str, caller: Any) -> None:
    model, replay = build_model(model_type)
    with pytest.raises(BadRequestError, match=f"no option '{name}'.*extra_body") as caught:
        caller.call(model, "hi", **{name: "sk-of-the-call"})
    assert caught.value.config_name == "m"
    assert "sk-of-the-call" not in str(caught.value)
    assert replay.requests == []


WRONG_EXTRAS: dict[str, tuple[dict[str, Any], str]] = {
    "headers in a list": ({"extra_headers": ["X-A: b"]}, "extra_headers must be a dict, not list"),
    "a header with a line end": ({"headers": {"X-A": "b\nX-C: d"}}, "headers: the header X-A holds a line end"),
    "a header of two words": ({"extra_headers": {"X A": "b"}}, "'X A' is no name of a header"),
    "a header that is a list": ({"extra_headers": {"X-A": []}}, "the header X-A is list, not a str"),
    "a body in text": ({"extra_body": "{}"}, "extra_body must be a dict, not str"),
    "a query in text": ({"extra_query": "a=b"}, "extra_query must be a dict, not str"),
    "a query of objects": ({"extra_query": {"a": {"b": {}}}}, "the parameter 'a' of a query must be a text, not dict"),
    "a query of lists": ({"extra_query": {"a": [["b"]]}}, "the parameter 'a' of a query must be a text, not list"),
}


@pytest.mark.parametrize("model_type", ALL)
@pytest.mark.parametrize("wrong", WRONG_EXTRAS)
def test_what_cannot_be_added(wrong: str, model_type: str) -> None:
    options, why = WRONG_EXTRAS[wrong]
    model, replay = build_model(model_type)
    with pytest.raises(BadRequestError, match=why):
        model("hi", **options)
    assert replay.requests == []


def test_a_count_of_tokens_has_the_headers_of_the_call() -> None:
    model, replay = build_model("anthropic_chat")
    model.drivers = replay = Replay([{"status": 200, "headers": {}, "body": '{"input_tokens": 3}'}])
    assert model.count_tokens("hi", extra_headers={"X-Team": "ferries"}, extra_body={"speed": "fast"}) == 3
    assert replay.requests[0].headers["X-Team"] == "ferries"
    assert "speed" not in json.loads(replay.requests[0].body or b"")


class Careless(ChatWrapper):
    """A wrapper of somebody else that looks at nothing before it uses it."""

    model_type = "careless_chat"

    @override
    def build_endpoint(self) -> Endpoint:
        return Endpoint("http://careless.test", {})

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        lines = [message["content"].upper() for message in input]
        return self.build_post({"lines": lines, "heat": options.get("heat", 1) / 2, **options})

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        return ModelResponse(reply.json()["text"])


TEXTS = [{"role": "user", "content": "a"}] * 5
PART = {"role": "user", "content": [{"type": "text", "text": "b"}]}
CARELESS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "a message": ([*TEXTS, PART, *TEXTS], {}, r"messages\[5\] cannot be sent: 'list' object has no attribute 'upper'"),
    "an option": (TEXTS, {"heat": "hot"}, "heat cannot be sent: unsupported operand"),
    "what JSON does not have": (TEXTS, {"price": {1}}, "price cannot be sent: price is a set"),
}


@pytest.mark.parametrize("wrong", CARELESS)
def test_the_code_of_others_names_the_place_too(wrong: str, caller: Any) -> None:
    messages, options, why = CARELESS[wrong]
    hub = ModelRegistry({"config_name": "c", "model_type": "careless_chat"}, wrappers=[Careless])
    with hub, pytest.raises(BadRequestError, match=why) as caught:
        caller.call(hub.get_model("c"), messages, **options)
    assert caught.value.config_name == "c"
    assert caught.value.__cause__ is not None  # who wrote the wrapper can see where


REFUSED_BY_VENDORS: dict[str, tuple[str, Any, str]] = {
    "Ollama, a URL": (
        "ollama_chat",
        [*TEXTS, {"role": "user", "content": ["a", {"type": "image_url", "image_url": {"url": "http://i.test/1"}}]}],
        r"messages\[5\]\.content\[1\]",
    ),
    "Gemini, a part it does not have": (
        "gemini_chat",
        [{"role": "user", "content": ["a", "b", {"type": "hologram", "hologram": 1}]}],
        r"messages\[0\]\.content\[2\].*hologram",
    ),
}


@pytest.mark.parametrize("refused", REFUSED_BY_VENDORS)
def test_what_a_vendor_does_not_take_names_its_place(refused: str) -> None:
    model_type, messages, place = REFUSED_BY_VENDORS[refused]
    model, replay = build_model(model_type)
    with pytest.raises(BadRequestError, match=place):
        model(messages)
    assert replay.requests == []


WEIRD: Any = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.decimals()
    | st.sets(st.text(), max_size=2)
    | st.just(print)
    | st.builds(object),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4) | st.integers(), inner, max_size=2),
    max_leaves=6,
)
NAMES = st.sampled_from(
    [
        "temperature",
        "top_p",
        "max_tokens",
        "stop",
        "seed",
        "tools",
        "tool_choice",
        "response_format",
        "stream_options",
        "user",
        "n",
        "logit_bias",
        "parallel_tool_calls",
        "extra_body",
        "extra_headers",
        "extra_query",
        "headers",
        "metadata",
        "system",
        "betas",
        "options",
        "format",
        "think",
        "keep_alive",
        "config",
        "generation_config",
        "dimensions",
        "task_type",
        "size",
        "thinking",
        "safety_settings",
    ]
)


@pytest.mark.parametrize("model_type", ALL)
@settings(max_examples=30)
@given(options=st.dictionaries(NAMES, WEIRD, max_size=3))
def test_any_options_are_sent_or_refused(model_type: str, options: dict[str, Any]) -> None:
    model, replay = build_model(model_type)
    before = repr(options)
    try:
        model("hi", **options)
    except BadRequestError as error:
        assert error.config_name == "m"
        assert replay.requests == []
    else:
        json.loads((replay.requests[0].body or b"").decode("utf-8"))
    assert repr(options) == before


REFUSALS = [
    "stream_options is not known here",
    "Extra inputs are not permitted: body.stream_options",
    "Unsupported parameter(s): `stream_options`",
]
CHUNK = 'data: {"choices": [{"index": 0, "delta": {"content": "ok"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'


@pytest.mark.parametrize("message", REFUSALS)
@pytest.mark.parametrize("status", [400, 422])
def test_a_refused_stream_options_is_left_out_from_then_on(message: str, status: int, caller: Any) -> None:
    configs = [
        {
            "config_name": name,
            "model_type": "openai_chat",
            "model_name": model,
            "api_key": "k",
            "retry": {"max_attempts": 1},
        }
        for name, model in (("m", "m"), ("same", "m"))
    ]
    hub = ModelRegistry(configs)
    replay = Replay(
        [
            {"status": status, "headers": {}, "body": json.dumps({"error": {"message": message}})},
            *[{"status": 200, "headers": {"Content-Type": "text/event-stream"}, "chunks": [CHUNK]}] * 3,
        ]
    )
    for name, asked in (("m", 2), ("m", 3), ("same", 4)):
        model = hub.get_model(name)
        model.drivers = replay
        assert caller.deltas(model, "hi")[1].text == "ok"
        assert len(replay.requests) == asked
    told = ["stream_options" in json.loads(request.body or b"") for request in replay.requests]
    assert told == [True, False, False, False]


def test_stream_options_of_the_caller_are_the_callers() -> None:
    model, _ = build_model("openai_chat")
    body = json.dumps({"error": {"message": "stream_options is not known here"}})
    model.drivers = replay = Replay([{"status": 400, "headers": {}, "body": body}])
    with pytest.raises(BadRequestError, match="stream_options"):
        list(model("hi", stream=True, stream_options={"include_usage": True}))
    assert len(replay.requests) == 1


WANTED = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
FAMILIES = {
    **dict.fromkeys(("o1", "o3-mini", "o4-mini-2025-04-16", "gpt-5", "gpt-5-mini", "gpt-6.1", "GPT-5"), True),
    **dict.fromkeys(("gpt-4o", "gpt-4.1-mini", "gpt-oss-120b", "llama-3.1-8b", "o", "openai/o3", "ollama"), False),
}


@pytest.mark.parametrize(("name", "renamed"), FAMILIES.items())
def test_the_name_of_the_limit(name: str, renamed: bool) -> None:
    model, replay = build_model("openai_chat", model_name=name)
    model("hi", max_tokens=9)
    body = json.loads(replay.requests[0].body or b"")
    assert ("max_completion_tokens" in body, "max_tokens" in body) == (renamed, not renamed)
    for other in ("zhipuai_chat", "yi_chat", "litellm_chat"):
        model, replay = build_model(other, model_name=name)
        model("hi", max_tokens=9)
        assert json.loads(replay.requests[0].body or b"")["max_tokens"] == 9


def test_a_deployment_that_wants_the_other_name_is_remembered(caller: Any) -> None:
    model, _ = build_model("openai_chat", model_name="my-deployment")
    refusal = {"status": 400, "headers": {}, "body": json.dumps({"error": {"message": WANTED}})}
    done = {"status": 200, "headers": {}, "body": json.dumps(ALL["openai_chat"])}
    model.drivers = replay = Replay([refusal, done, done])
    for asked in (2, 3):
        assert caller.call(model, "hi", max_tokens=9).text == "ok"
        assert len(replay.requests) == asked
    told = [json.loads(request.body or b"") for request in replay.requests]
    assert ["max_tokens" in body for body in told] == [True, False, False]
    assert [body.get("max_completion_tokens") for body in told] == [None, 9, 9]
