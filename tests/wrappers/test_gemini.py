"""Gemini beyond its recordings: forms of input, addresses and keys, what is refused, and round trips to the mock."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.errors import (
    AuthenticationError,
    BadRequestError,
    ContextLengthError,
    RateLimitError,
    ResponseParsingError,
    ServerError,
)
from modelhub.testing import MockServer, Replay

from ..paths import TESTS

RECORDINGS = TESTS / "recordings" / "gemini"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Tells the weather.", "parameters": CITY},
}
DECLARATION = {"name": "get_weather", "description": "Tells the weather.", "parametersJsonSchema": CITY}
LIMITS = {"maxOutputTokens": 5, "topP": 0.5, "stopSequences": ["x"], "seed": 1, "candidateCount": 2}
ONLY_F = {"mode": "ANY", "allowedFunctionNames": ["f"]}
F = {"type": "function", "function": {"name": "f"}}
WITH_F = {"tools": [{"functionDeclarations": [{"name": "f"}]}]}
PIXEL = "data:image/png;base64,iVBORw0KGgo="


def answer(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    content = {"role": "model", "parts": list(parts)}
    return {"candidates": [{"content": content, "finishReason": "STOP", **more}], "responseId": "r1"}


def build(*replies: Any, model_type: str = "gemini_chat", **config: Any) -> tuple[Any, Replay]:
    """A model whose replies are recorded: bodies of successes, or whole replies."""
    exchanges = [
        reply if isinstance(reply, dict) and "status" in reply else {"status": 200, "body": json.dumps(reply)}
        for reply in replies or (answer({"text": "ok"}),)
    ]
    config = {"model_name": "m", "api_key": "key-1", "retry": {"initial": 0, "max_attempts": 1}, **config}
    model = ModelRegistry({"config_name": "g", "model_type": model_type, **config}).get_model("g")
    model.transports = connections = Replay(exchanges)
    return model, connections


def sent(*args: Any, **options: Any) -> dict[str, Any]:
    """The body of one chat call."""
    model, connections = build()
    model(*args, **options)
    body: dict[str, Any] = json.loads(connections.requests[0].body or b"")
    return body


USER = [{"role": "user", "parts": [{"text": "hi"}]}]


@pytest.mark.parametrize(
    ("messages", "contents"),
    [
        ("hi", USER),
        (["hi"], USER),
        ({"parts": "hi"}, USER),
        ([{"role": "user", "parts": "hi"}], USER),
        ([{"role": "user", "parts": ["hi"]}], USER),
        ([{"role": "user", "content": [{"text": "hi"}]}], USER),
        ([{"role": "user", "parts": [{"text": "hi"}]}], USER),
        (["a", {"text": "b"}], [{"role": "user", "parts": [{"text": "a"}, {"text": "b"}]}]),
        ([*USER, "more"], [*USER, {"role": "user", "parts": [{"text": "more"}]}]),
        ([{"role": "assistant", "content": None}], [{"role": "model", "parts": [{"text": ""}]}]),
        ([{"role": "model", "parts": "yes"}], [{"role": "model", "parts": [{"text": "yes"}]}]),
        (
            [{"role": "assistant", "content": "yes", "thought_signature": "c2ln"}],
            [{"role": "model", "parts": [{"text": "yes", "thoughtSignature": "c2ln"}]}],
        ),
    ],
)
def test_messages_and_contents(messages: Any, contents: Any) -> None:
    assert sent(messages) == {"contents": contents}
    assert sent(contents=messages) == {"contents": contents}


@pytest.mark.parametrize(
    ("part", "wanted"),
    [
        (
            {"type": "image_url", "image_url": {"url": PIXEL}},
            {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
        ),
        (
            {"type": "image_url", "image_url": "https://a.b/c.jpg?sig=1"},
            {"fileData": {"fileUri": "https://a.b/c.jpg?sig=1", "mimeType": "image/jpeg"}},
        ),
        (
            {"type": "file", "file": {"file_id": "https://g/v1beta/files/abc"}},
            {"fileData": {"fileUri": "https://g/v1beta/files/abc"}},
        ),
        (
            {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERg==", "filename": "a.pdf"}},
            {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}},
        ),
        (
            {"inline_data": {"mime_type": "image/png", "data": "x"}},
            {"inline_data": {"mime_type": "image/png", "data": "x"}},
        ),
    ],
)
def test_parts(part: Any, wanted: Any) -> None:
    assert sent([{"role": "user", "content": [part]}])["contents"][0]["parts"] == [wanted]


def test_system_messages_stand_apart_wherever_they_are() -> None:
    system = {"role": "system", "content": "one"}
    body = sent([system, {"role": "user", "content": "hi"}, {"role": "developer", "content": "two"}])
    assert body == {"systemInstruction": {"parts": [{"text": "one"}, {"text": "two"}]}, "contents": USER}
    body = sent([system, {"role": "user", "content": "hi"}], system_instruction="zero")
    assert body["systemInstruction"]["parts"] == [{"text": "zero"}, {"text": "one"}]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        ({"max_tokens": 5, "top_p": 0.5, "stop": "x", "seed": 1, "n": 2}, {"generationConfig": LIMITS}),
        ({"top_k": 3, "topK": 4}, {"generationConfig": {"topK": 4}}),
        (
            {"generation_config": {"max_output_tokens": 3, "top_k": 1}, "temperature": 0},
            {"generationConfig": {"maxOutputTokens": 3, "topK": 1, "temperature": 0}},
        ),
        (
            {"config": {"temperature": 0.1, "cached_content": "c"}},
            {"generationConfig": {"temperature": 0.1}, "cachedContent": "c"},
        ),
        ({"safety_settings": [{"category": "C"}]}, {"safetySettings": [{"category": "C"}]}),
        ({"response_format": {"type": "text"}}, {}),
        ({"extra_body": {"generationConfig": {"a": 1}}, "seed": 1}, {"generationConfig": {"seed": 1, "a": 1}}),
        (
            {"tools": [WEATHER, {"google_search": {}}]},
            {"tools": [{"functionDeclarations": [DECLARATION]}, {"googleSearch": {}}]},
        ),
        ({"tools": [F], "tool_choice": "auto"}, {**WITH_F, "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}}}),
        (
            {"tools": [F], "tool_choice": "required"},
            {**WITH_F, "toolConfig": {"functionCallingConfig": {"mode": "ANY"}}},
        ),
        ({"tools": [F], "tool_choice": "f"}, {**WITH_F, "toolConfig": {"functionCallingConfig": ONLY_F}}),
        (
            {"tools": [F], "tool_choice": {"type": "function", "function": {"name": "f"}}},
            {**WITH_F, "toolConfig": {"functionCallingConfig": ONLY_F}},
        ),
        ({"tool_choice": "auto", "parallel_tool_calls": False}, {}),
        ({"automatic_function_calling": {"disable": True}}, {}),
    ],
)
def test_options(options: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert sent("hi", **options) == {"contents": USER, **wanted}


@pytest.mark.parametrize(
    ("messages", "options", "named"),
    [
        ("hi", {"logit_bias": {"1": 1}}, "logit_bias"),
        ("hi", {"tools": [F], "parallel_tool_calls": False}, "parallel_tool_calls"),
        ("hi", {"http_options": {}}, "http_options"),
        ("hi", {"config": {"user": "x"}}, "user"),
        ("hi", {"automatic_function_calling": {"disable": False}}, "automatic_function_calling"),
        ("hi", {"response_format": {"type": "grammar"}}, "grammar"),
        ("hi", {"tools": [{"type": "web_search"}]}, "web_search"),
        ("hi", {"tools": [F], "tool_choice": {"type": "allowed_tools"}}, "allowed_tools"),
        ([{"role": "user", "content": [{"type": "refusal"}]}], {}, "refusal"),
        ([{"role": "user", "content": {5}}], {}, "set"),
        ([{"role": "tool", "tool_call_id": "x", "content": "1"}], {}, r"messages\[0\]"),
        ([{"role": "host", "content": "x"}], {}, "host"),
        ([{"role": "user", "content": [{"type": "text"}]}], {}, "text must be"),
        ([{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "[1]"}}]}], {}, "object"),
        (None, {}, "messages must be"),
    ],
)
def test_what_is_refused_is_named_and_not_sent(messages: Any, options: dict[str, Any], named: str) -> None:
    model, connections = build()
    with pytest.raises(BadRequestError, match=named) as caught:
        model(messages, **options)
    assert connections.requests == []
    assert caught.value.config_name == "g"


def test_tool_results_are_one_turn_of_objects() -> None:
    calls = [
        {"id": f"c{n}", "type": "function", "function": {"name": f"f{n}", "arguments": '{"x": 1}'}} for n in range(3)
    ]
    results = ['{"a": 1}', "[1]", [{"type": "text", "text": "see"}, {"type": "image_url", "image_url": {"url": PIXEL}}]]
    body = sent(
        [
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "", "tool_calls": calls},
            *({"role": "tool", "tool_call_id": f"c{n}", "content": result} for n, result in enumerate(results)),
        ]
    )
    answered, told = body["contents"][1:]
    assert answered == {
        "role": "model",
        "parts": [{"functionCall": {"id": f"c{n}", "name": f"f{n}", "args": {"x": 1}}} for n in range(3)],
    }
    assert told["role"] == "user"
    first, second, third = (part["functionResponse"] for part in told["parts"])
    assert first == {"id": "c0", "name": "f0", "response": {"a": 1}}
    assert second["response"] == {"result": "[1]"}
    assert third["response"] == {"result": "see"}
    assert third["parts"] == [{"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}]


CALL: dict[str, Any] = {"functionCall": {"name": "get_weather", "args": {"city": "Oslo"}}, "thoughtSignature": "c2ln"}


@pytest.mark.parametrize("keep", [lambda ident: ident, copy.deepcopy, lambda ident: pickle.loads(pickle.dumps(ident))])
def test_a_thought_signature_goes_back_with_its_call(caller: Any, keep: Any) -> None:
    model, connections = build(answer(CALL), answer({"text": "mild"}))
    called = model("weather?")
    call = called.tool_calls[0]
    assert (called.finish_reason, called.text) == ("tool_calls", "")
    assert call.id.thought_signature == "c2ln"
    told = {"name": call.name, "arguments": json.dumps(call.arguments)}
    model(
        [
            {"role": "user", "content": "weather?"},
            {"role": "assistant", "content": None, "tool_calls": [{"id": keep(call.id), "function": told}]},
            {"role": "tool", "tool_call_id": call.id, "content": "mild"},
        ]
    )
    part = json.loads(connections.requests[1].body or b"")["contents"][1]["parts"][0]
    assert part == {"functionCall": {**CALL["functionCall"], "id": str(call.id)}, "thoughtSignature": "c2ln"}


def test_an_answer_may_go_back_as_it_came() -> None:
    content = {"role": "model", "parts": [{**CALL, "functionCall": {**CALL["functionCall"], "id": "c1"}}]}
    body = sent([content, {"role": "tool", "tool_call_id": "c1", "content": "mild"}])
    assert body["contents"][0] == content
    assert body["contents"][1]["parts"][0]["functionResponse"]["name"] == "get_weather"


@pytest.mark.parametrize(
    "extra", [{"thought_signature": "c2ln"}, {"extra_content": {"google": {"thought_signature": "c2ln"}}}]
)
def test_a_stored_thought_signature_goes_back(extra: dict[str, Any]) -> None:
    call = {"id": "c", "function": {"name": "f", "arguments": "{}"}, **extra}
    body = sent([{"role": "assistant", "content": None, "tool_calls": [call]}])
    assert body["contents"][0]["parts"][0]["thoughtSignature"] == "c2ln"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("m", "models/m"),
        ("models/m", "models/m"),
        ("tunedModels/m", "tunedModels/m"),
        ("a/b", "models/a/b"),
        ("m?key=x", "models/m%3Fkey%3Dx"),
    ],
)
def test_address(name: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def url(**client_args: Any) -> str:
        model, connections = build(model_name=name, client_args=client_args)
        model("hi")
        return connections.requests[0].url

    assert url() == f"https://generativelanguage.googleapis.com/v1/{path}:generateContent"
    assert url(base_url="http://gw/x/", api_version="v1beta") == f"http://gw/x/v1beta/{path}:generateContent"
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", "http://other")
    monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "beta")
    assert url() == f"http://other/v1beta/{path}:generateContent"
    assert url(base_url="http://gw") == f"http://gw/v1beta/{path}:generateContent"


def test_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def header(**config: Any) -> str | None:
        model, connections = build(**config)
        model("hi", extra_headers={"x-extra": "1"}, extra_query={"trace": "a"})
        request = connections.requests[0]
        assert request.headers["x-extra"] == "1" and request.url.endswith(":generateContent?trace=a")
        return request.headers.get("x-goog-api-key")

    assert header() == "key-1"
    with pytest.raises(AuthenticationError, match="GOOGLE_API_KEY or GEMINI_API_KEY"):
        header(api_key=None)
    assert header(api_key=None, client_args={"base_url": "http://gw"}) is None
    monkeypatch.setenv("GEMINI_API_KEY", "key-2")
    assert header(api_key=None) == "key-2"
    monkeypatch.setenv("GOOGLE_API_KEY", "key-3")
    assert header(api_key=None) == "key-3"


@pytest.mark.filterwarnings("ignore::modelhub.errors.ConfigWarning")
def test_the_http_options_of_googles_client() -> None:
    options = {"base_url": "http://gw", "api_version": "v1beta", "headers": {"x-team": "a"}, "timeout": 2500}
    model, connections = build(client_args={"http_options": options})
    model("hi")
    request = connections.requests[0]
    assert request.url == "http://gw/v1beta/models/m:generateContent"
    assert (request.headers["x-team"], request.timeout) == ("a", 2.5)


def failure(status: int, message: str, word: str, *details: dict[str, Any], wrap: bool = False) -> dict[str, Any]:
    body: Any = {"error": {"code": status, "message": message, "status": word, "details": list(details)}}
    return {"status": status, "body": json.dumps([body] if wrap else body)}


@pytest.mark.parametrize("wrap", [False, True])
def test_errors(wrap: bool) -> None:
    invalid = {"@type": "ErrorInfo", "reason": "API_KEY_INVALID"}
    delay = {"@type": "RetryInfo", "retryDelay": "36.5s"}
    cases: list[tuple[dict[str, Any], type[Exception], dict[str, Any]]] = [
        (failure(400, "no", "INVALID_ARGUMENT", invalid, wrap=wrap), AuthenticationError, {"code": "API_KEY_INVALID"}),
        (failure(429, "slow", "RESOURCE_EXHAUSTED", delay, wrap=wrap), RateLimitError, {"retry_after": 36.5}),
        (
            failure(400, "The input token count (9) exceeds the maximum number of tokens allowed (8).", "X", wrap=wrap),
            ContextLengthError,
            {"status": 400},
        ),
        (failure(503, "busy", "UNAVAILABLE", wrap=wrap), ServerError, {"code": "UNAVAILABLE", "retryable": True}),
    ]
    for reply, cls, facts in cases:
        model, _ = build(reply)
        with pytest.raises(cls) as caught:
            model("hi")
        assert {name: getattr(caught.value, name) for name in facts} == facts
        assert "key-1" not in str(caught.value)


@pytest.mark.usefixtures("exact_pauses")
def test_the_asked_delay_is_waited_for() -> None:
    slow = failure(429, "slow", "RESOURCE_EXHAUSTED", {"retryDelay": "7s"})
    model, connections = build(slow, answer({"text": "ok"}), retry={"initial": 0, "max_attempts": 2})
    assert model("hi").text == "ok"
    assert connections.delays == [0, 7]


def test_continuations_are_joined_and_structured() -> None:
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}
    first = answer({"text": '{"a":'}, finishReason="CONTINUATION", continuationToken="t1")
    model, connections = build({**first, "usageMetadata": usage}, {**answer({"text": "1}"}), "usageMetadata": usage})
    response = model("hi", response_format={"type": "json_object"})
    assert response.parsed == {"a": 1}
    assert (response.finish_reason, response.usage.total_tokens, len(response.raw)) == ("stop", 6, 2)
    assert json.loads(connections.requests[1].body or b"")["continuationToken"] == "t1"


def test_images_arrive_in_streams_too() -> None:
    event = answer({"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}})
    model, _ = build({"status": 200, "chunks": [f"data: {json.dumps(event)}\n\n"]})
    deltas = list(response := model("draw", stream=True))
    assert deltas[0].image_urls == response.image_urls == [PIXEL]


def test_a_blocked_prompt_has_no_text() -> None:
    model, _ = build({"promptFeedback": {"blockReason": "SAFETY"}})
    response = model("hi", response_format={"type": "json_object"})
    assert (response.text, response.finish_reason, response.parsed) == (None, "content_filter", None)


def test_strange_replies() -> None:
    for reply in (5, answer({"functionCall": {"name": "f", "args": [1]}}), {"candidates": [5]}, [], ""):
        model, _ = build(reply)
        with pytest.raises(ResponseParsingError):
            model("hi")


def test_counting() -> None:
    recording = json.loads((RECORDINGS / "count_tokens.json").read_text("utf-8"))
    model, connections = build(recording["response"], model_name="gemini-2.5-flash")
    count = model.count_tokens("hi")
    assert (count, count.estimated) == (5, False)
    assert json.loads(connections.requests[0].body or b"") == recording["request_json"]
    assert connections.requests[0].url.endswith(recording["request"]["path"])
    model, connections = build(recording["response"])
    model.count_tokens("hi", tools=[WEATHER])
    full = json.loads(connections.requests[0].body or b"")["generateContentRequest"]
    assert full["model"] == "models/m" and full["tools"] and full["contents"]


@pytest.mark.parametrize(
    "call",
    [
        lambda m: m("a", task_type="T", title="U"),
        lambda m: m("a", "T", "U"),
        lambda m: m(content="a", task_type="T", title="U"),
        lambda m: m(texts=["a"], task_type="T", title="U"),
    ],
)
def test_embedding_calls(call: Any) -> None:
    model, connections = build({"embeddings": [{"values": [1.0]}]}, model_type="gemini_embedding")
    assert call(model).embedding == [[1.0]]
    content = {"role": "user", "parts": [{"text": "a"}]}
    wanted = {"model": "models/m", "content": content, "taskType": "T", "title": "U"}
    assert json.loads(connections.requests[0].body or b"") == {"requests": [wanted]}


def test_embeddings_refuse_what_does_not_match() -> None:
    model, connections = build({"embeddings": [{"values": [1.0]}]}, model_type="gemini_embedding")
    for texts in ([], None, [1], ["a", None]):
        with pytest.raises(BadRequestError, match=r"texts(\[1\])? must be"):
            model(texts)
    assert connections.requests == []
    with pytest.raises(ResponseParsingError, match="1 embeddings of 2 texts"):
        model(["a", "b"])


@pytest.fixture
def hub(server: MockServer) -> Any:
    client_args = {"base_url": server.url, "api_version": "v1beta"}
    common = {"api_key": "key-1", "client_args": client_args, "retry": {"initial": 0.001}, "timeout": 20}
    with ModelRegistry(
        [
            {"config_name": "chat", "model_type": "gemini_chat", **common},
            {"config_name": "tuned", "model_type": "gemini_chat", "model_name": "tunedModels/x", **common},
            {"config_name": "vectors", "model_type": "gemini_embedding", **common},
        ]
    ) as hub:
        yield hub


def test_chat_with_the_mock(hub: ModelRegistry, caller: Any) -> None:
    model = hub.get_model("chat")
    response = caller.call(model, "echo: hi there")
    assert (response.text, response.finish_reason, response.model) == ("hi there", "stop", "chat")
    assert response.usage.total_tokens == response.usage.prompt_tokens + response.usage.completion_tokens
    assert caller.call(model, contents="echo: hi").text == "hi"
    assert caller.call(hub.get_model("tuned"), "echo: hi").text == "hi"
    assert caller.call(model, "count: 9", max_tokens=2).finish_reason == "length"
    thinking = caller.call(model, "hi", thinking_config={"include_thoughts": True})
    assert thinking.reasoning and thinking.usage.reasoning_tokens
    deltas, response = caller.deltas(model, "count: 4")
    assert len(deltas) > 3
    assert (response.text, response.finish_reason) == ("1 2 3 4", "stop")
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    shape = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    assert isinstance(caller.call(model, "how many?", response_format=shape).parsed["n"], int)


@pytest.mark.parametrize("stream", [False, True])
def test_tools_with_the_mock(hub: ModelRegistry, server: MockServer, caller: Any, stream: bool) -> None:
    model = hub.get_model("chat")
    question = {"role": "user", "content": "the weather?"}
    response = caller.deltas(model, [question], tools=[WEATHER])[1] if stream else None
    response = response or caller.call(model, [question], tools=[WEATHER])
    call = response.tool_calls[0]
    assert (response.finish_reason, call.name, list(call.arguments)) == ("tool_calls", "get_weather", ["city"])
    asked = {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
    told = {"role": "tool", "tool_call_id": call.id, "content": "21 degrees"}
    messages = [question, {"role": "assistant", "content": None, "tool_calls": [asked]}, told]
    assert caller.call(model, messages, tools=[WEATHER]).text == "The tool says: 21 degrees"
    assert server.requests[-1].json["contents"][1]["parts"][0]["thoughtSignature"] == "bW9jaw=="


def test_embeddings_with_the_mock(hub: ModelRegistry, server: MockServer, caller: Any) -> None:
    model = hub.get_model("vectors")
    texts = [f"text {n}" for n in range(250)]
    response = caller.call(model, texts, dimensions=3)
    assert sorted(len(request.json["requests"]) for request in server.requests) == [50, 100, 100]  # sent at once
    assert (len(response.embedding), len(response.embedding[0]), len(response.raw)) == (250, 3, 3)
    assert response.usage.prompt_tokens == 500
    assert caller.call(model, texts[249], dimensions=3).embedding == response.embedding[249:]


def test_counting_with_the_mock(hub: ModelRegistry) -> None:
    assert hub.get_model("chat").count_tokens("one two three") == 3
    assert (
        hub.get_model("chat").count_tokens([{"role": "system", "content": "a"}, {"role": "user", "content": "b"}]) == 2
    )


@pytest.mark.parametrize(
    ("fault", "cls"), [("401", AuthenticationError), ("429", RateLimitError), ("context", ContextLengthError)]
)
def test_faults_of_the_mock(hub: ModelRegistry, server: MockServer, caller: Any, fault: str, cls: Any) -> None:
    server.script(*[fault] * 3)
    with pytest.raises(cls):
        caller.call(hub.get_model("chat"), "hi")


def test_a_stream_that_fails_keeps_what_came(hub: ModelRegistry, server: MockServer, caller: Any) -> None:
    server.script("stream-error")
    with pytest.raises(ServerError) as caught:
        caller.deltas(hub.get_model("chat"), "count: 9")
    assert caught.value.partial is not None
    assert (caught.value.partial.text, caught.value.code) == ("1 2", "INTERNAL")
