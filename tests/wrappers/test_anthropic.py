"""What the recordings of Anthropic's SDK do not show: keys, versions, refusals, errors by message, the mock."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from modelhub.wrappers.anthropic_messages import build_messages
from modelhub.wrappers.anthropic_request import build_body

from modelhub import ModelRegistry, errors
from modelhub.testing import MockServer, Replay

from ..paths import TESTS

RECORDINGS = TESTS / "recordings" / "anthropic"
ANSWER = {"content": [{"type": "text", "text": "ok"}], "stop_reason": "end_turn", "usage": {}}
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
JSON_SCHEMA = {"type": "json_schema", "json_schema": {"name": "place", "schema": SCHEMA}}


def read_exchange(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    recording = json.loads((RECORDINGS / f"{name}.json").read_text("utf-8"))
    return recording["request_json"], recording["response"]


def send(config: dict[str, Any] | None = None, messages: Any = "Hi", **options: Any) -> tuple[dict[str, Any], Any]:
    """The body and the request of one call."""
    base = {"config_name": "claude", "model_type": "anthropic_chat", "model_name": "m", "api_key": "sk-1"}
    connections = Replay([{"status": 200, "body": json.dumps(ANSWER)}])
    with ModelRegistry({**base, **(config or {})}) as hub:
        model = hub.get_model("claude")
        model.transports = connections
        assert model(messages, **options).text == "ok"
    request = connections.requests[0]
    return json.loads(request.body or b""), request


@pytest.mark.parametrize(
    ("config", "environment", "expected"),
    [
        ({}, {"ANTHROPIC_API_KEY": "sk-env"}, {"x-api-key": "sk-1"}),
        ({"api_key": None}, {"ANTHROPIC_API_KEY": "sk-env"}, {"x-api-key": "sk-env"}),
        ({"api_key": None}, {"ANTHROPIC_AUTH_TOKEN": "t-env"}, {"authorization": "Bearer t-env"}),
        ({"api_key": None, "auth_token": "t-1"}, {"ANTHROPIC_API_KEY": "sk-env"}, {"authorization": "Bearer t-1"}),
        ({"api_key": None, "client_args": {"auth_token": "t-2"}}, {}, {"authorization": "Bearer t-2"}),
        ({"auth_token": "t-1"}, {}, {"x-api-key": "sk-1", "authorization": "Bearer t-1"}),
    ],
)
def test_keys(
    config: dict[str, Any], environment: dict[str, str], expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    headers = send(config)[1].headers
    assert {name: headers[name] for name in ("x-api-key", "authorization") if name in headers} == expected
    assert headers["anthropic-version"] == "2023-06-01"


def test_no_key() -> None:
    with pytest.raises(errors.AuthenticationError, match="ANTHROPIC_API_KEY"):
        send({"api_key": None})
    assert send({"api_key": None, "client_args": {"base_url": "http://proxy/"}})[1].url == "http://proxy/v1/messages"


def test_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    assert send()[1].url == "https://api.anthropic.com/v1/messages"
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://env")
    assert send()[1].url == "http://env/v1/messages"
    args = {"base_url": "http://a", "default_query": {"v": 1}, "default_headers": {"X-A": "1"}}
    with pytest.warns(match="client_args"):
        request = send({"client_kwargs": args, "client_args": {"base_url": "http://b"}})[1]
    assert (request.url, request.headers["x-a"]) == ("http://b/v1/messages?v=1", "1")


@pytest.mark.parametrize(
    "config",
    [
        {"anthropic_version": "2026-10-21"},
        {"client_args": {"anthropic_version": "2026-10-22"}},
        {"headers": {"Anthropic-Version": "2027-01-01"}},
    ],
)
@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_sampling_ends_with_a_version(config: dict[str, Any], name: str) -> None:
    option: dict[str, Any] = {name: 1}
    with pytest.raises(errors.BadRequestError, match=rf"version 202.*'{name}'.*anthropic_version") as caught:
        send(config, **option)
    assert caught.value.config_name == "claude"
    assert send(**option)[0][name] == 1
    assert send({**config, "generate_args": {name: 1}}, **{name: None})[1].headers["anthropic-version"] > "2026"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"seed": 1}, "seed"),
        ({"response_format": {"type": "json_object"}}, "json_object"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}]}, "input_audio"),
        ({"messages": [{"role": "user", "content": [None, {1}]}]}, r"content\[1\] must be"),
        ({"messages": [{"role": "user", "content": [{"type": "file", "file": {}}]}]}, "file_data"),
        ({"messages": [{"role": "tool", "content": "21"}]}, "tool_call_id"),
        (
            {"messages": [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}]},
            "arguments of tool call 'f'",
        ),
    ],
)
def test_refused_before_sending(options: dict[str, Any], named: str) -> None:
    with pytest.raises(errors.BadRequestError, match=named):
        send(**options)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"max_tokens": 4096}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_completion_tokens": 6}, {"max_tokens": 6}),
        ({"stop": "END"}, {"max_tokens": 4096, "stop_sequences": ["END"]}),
        ({"system": "S", "max_tokens": 1}, {"max_tokens": 1, "system": "S"}),
        ({"extra_body": {"speed": "fast"}, "max_tokens": 1}, {"max_tokens": 1, "speed": "fast"}),
    ],
)
def test_options(options: dict[str, Any], expected: dict[str, Any]) -> None:
    body, _ = send(**options)
    assert body == {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **expected}


ASKED = [{"role": "user", "content": "Where?"}]


def test_response_format() -> None:
    options = {"response_format": JSON_SCHEMA, "output_config": {"effort": "low"}}
    body = build_body(ASKED, options, "2023-06-01")
    assert body["output_config"] == {"effort": "low", "format": {"type": "json_schema", "schema": SCHEMA}}
    assert "response_format" not in body
    assert "output_config" not in build_body(ASKED, {"response_format": {"type": "text"}}, "2023-06-01")


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", {"type": "auto"}),
        ("required", {"type": "any"}),
        ("any", {"type": "any"}),
        ("none", {"type": "none"}),
        ("get_weather", {"type": "tool", "name": "get_weather"}),
        ({"type": "function", "function": {"name": "get_weather"}}, {"type": "tool", "name": "get_weather"}),
        ({"type": "tool", "name": "get_weather"}, {"type": "tool", "name": "get_weather"}),
    ],
)
def test_tool_choice(choice: Any, expected: dict[str, Any]) -> None:
    body, _ = send(tools=[TOOL], tool_choice=choice)
    assert body["tool_choice"] == expected
    assert body["tools"][0].keys() == {"name", "input_schema"}


def test_tools_of_other_shapes() -> None:
    own = {"type": "web_search_20250305", "name": "web_search"}
    bare = {"type": "function", "function": {"name": "f", "description": None}, "cache_control": {"type": "ephemeral"}}
    body, _ = send(tools=[own, bare], parallel_tool_calls=False)
    assert body["tools"][0] == own
    empty = {"type": "object", "properties": {}}
    assert body["tools"][1] == {"name": "f", "input_schema": empty, "cache_control": {"type": "ephemeral"}}
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


def test_betas() -> None:
    config = {"headers": {"Anthropic-Beta": "a"}, "generate_args": {"betas": ["b", "c"]}}
    body, request = send(config)
    assert request.headers["anthropic-beta"] == "a,b,c"
    assert "betas" not in body
    assert send({}, betas="b", extra_query={"beta": "true"})[1].url.endswith("?beta=true")


@pytest.mark.parametrize(
    ("part", "block"),
    [
        (
            {"type": "image_url", "image_url": "https://a/b.png"},
            {"type": "image", "source": {"type": "url", "url": "https://a/b.png"}},
        ),
        (
            {"type": "file", "file": {"file_data": "JVBERi0="}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}},
        ),
        (
            {"type": "file", "file": {"file_data": "https://a/b.pdf", "filename": "b.pdf"}},
            {"type": "document", "source": {"type": "url", "url": "https://a/b.pdf"}, "title": "b.pdf"},
        ),
        (
            {
                "type": "file",
                "file": {"file_data": f"data:text/csv;base64,{base64.b64encode('ä,1'.encode()).decode()}"},
            },
            {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "ä,1"}},
        ),
        (
            {"type": "file", "file": {"file_id": "file_1"}},
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        ),
        (
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
            {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}},
        ),
    ],
)
def test_parts(part: dict[str, Any], block: dict[str, Any]) -> None:
    assert send(messages=[{"role": "user", "content": [part]}])[0]["messages"][0]["content"] == [block]


def test_turns() -> None:
    def call(n: int) -> dict[str, Any]:
        return {"id": f"call_{n}", "type": "function", "function": {"name": "f", "arguments": '{"n": 1}'}}

    use = [{"type": "tool_use", "id": f"call_{n}", "name": "f", "input": {"n": 1}} for n in range(2)]
    results = [{"type": "tool_result", "tool_use_id": f"call_{n}", "content": "x"} for n in range(2)]
    thinking = {"type": "redacted_thinking", "data": "="}
    system, turns = build_messages(
        [
            {"role": "system", "content": "A"},
            {"role": "user", "content": "1"},
            {"role": "assistant", "content": "", "tool_calls": [call(0), call(1)], "thinking_blocks": [thinking]},
            {"role": "tool", "tool_call_id": "call_0", "content": "x"},
            {"role": "developer", "content": "B"},
            {"role": "tool", "tool_call_id": "call_1", "content": "x"},
            {"role": "user", "content": "2"},
            {"role": "user", "content": "3"},
            {"role": "assistant", "content": None, "tool_calls": [call(0)]},
            {"role": "tool", "tool_call_id": "call_0", "content": "x"},
            {"role": "assistant", "content": "4"},
        ]
    )
    assert system == ["A", "B"]
    assert turns == [
        {"role": "user", "content": "1"},
        {"role": "assistant", "content": [thinking, *use]},
        {"role": "user", "content": [*results, {"type": "text", "text": "2"}]},
        {"role": "user", "content": "3"},
        {"role": "assistant", "content": use[:1]},
        {"role": "user", "content": results[:1]},
        {"role": "assistant", "content": "4"},
    ]


def test_system_of_several_messages() -> None:
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": "A"},
        {"role": "user", "content": "1"},
        {"role": "system", "content": "B"},
    ]
    assert send(messages=messages, system="0")[0]["system"] == "0\n\nA\n\nB"
    cached = {"type": "text", "text": "C", "cache_control": {"type": "ephemeral"}}
    messages[2] = {"role": "developer", "content": [cached]}
    assert send(messages=messages)[0]["system"] == [{"type": "text", "text": "A"}, cached]


@pytest.mark.parametrize(
    ("name", "cls", "retryable"),
    [
        ("error_400", errors.BadRequestError, False),
        ("error_400_credit", errors.QuotaExceededError, False),
        ("error_400_prompt_too_long", errors.ContextLengthError, False),
        ("error_401", errors.AuthenticationError, False),
        ("error_402", errors.QuotaExceededError, False),
        ("error_404", errors.NotFoundError, False),
        ("error_408", errors.TimeoutError, True),
        ("error_409", errors.BadRequestError, True),
        ("error_413", errors.BadRequestError, False),
        ("error_429", errors.RateLimitError, True),
        ("error_500", errors.ServerError, True),
        ("error_504", errors.ServerError, True),
        ("stream_error_event", errors.ServerError, False),
    ],
)
def test_errors(name: str, cls: type[errors.ModelCallError], retryable: bool) -> None:
    config = {"config_name": "claude", "model_type": "anthropic_chat", "api_key": "k", "retry": {"max_attempts": 1}}
    with ModelRegistry(config) as hub, pytest.raises(errors.ModelCallError) as caught:
        model = hub.get_model("claude")
        model.transports = Replay([read_exchange(name)[1]])
        for _ in model("Hi", stream=name.startswith("stream")):
            pass
    assert (type(caught.value), caught.value.retryable) == (cls, retryable)


def test_a_stream_that_fails_before_its_first_text_is_tried_again() -> None:
    failed = dict(read_exchange("stream_error_event")[1])
    failed["chunks"] = [chunk for chunk in failed["chunks"] if "content_block_delta" not in chunk]
    config = {"config_name": "claude", "model_type": "anthropic_chat", "api_key": "k", "retry": {"initial": 0}}
    with ModelRegistry(config) as hub:
        model = hub.get_model("claude")
        model.transports = Replay([failed, read_exchange("stream_usage")[1]])
        response = model("Hi", stream=True)
        assert response.text == "Hello 你好🌍"
        usage = response.usage
    assert (usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens) == (130, 20, 100)


def stream_of(*events: dict[str, Any]) -> Any:
    """The response that a stream of these events becomes, and its wrapper."""
    config = {"config_name": "claude", "model_type": "anthropic_chat", "api_key": "k", "retry": {"max_attempts": 1}}
    hub = ModelRegistry(config)
    model = hub.get_model("claude")
    text = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    model.transports = Replay([{"status": 200, "headers": {"content-type": "text/event-stream"}, "chunks": [text]}])
    response = model("Hi", stream=True)
    for _ in response:
        pass
    return model, response


def block(index: int, start: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {"type": "content_block_start", "index": index, "content_block": start},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def test_streamed_blocks() -> None:
    """Thinking is whole in the turn that goes on; the input of the server's own tools is no call of ours."""
    search = {"type": "server_tool_use", "id": "srv", "name": "web_search", "input": {}}
    model, response = stream_of(
        {"type": "message_start", "message": {"model": "claude-x", "usage": {"input_tokens": 3}}},
        *block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "h"},
            {"type": "thinking_delta", "thinking": "m"},
            {"type": "signature_delta", "signature": "sig=="},
        ),
        *block(1, {"type": "redacted_thinking", "data": "="}),
        *block(2, search, {"type": "input_json_delta", "partial_json": '{"query": "x"}'}),
        *block(3, {"type": "text", "text": ""}),
        *block(
            4,
            {"type": "text", "text": "a"},
            {"type": "text_delta", "text": "b"},
            {"type": "citations_delta", "citation": {"cited_text": "c"}},
        ),
        *block(5, {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"whole": True}}),
        *block(
            6,
            {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {}},
            {"type": "input_json_delta", "partial_json": '{"n":'},
            {"type": "input_json_delta", "partial_json": "1}"},
        ),
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
        {"type": "message_stop"},
    )
    assert (response.text, response.reasoning, response.finish_reason) == ("ab", "hm", "tool_calls")
    assert [(call.id, call.arguments) for call in response.tool_calls] == [
        ("toolu_1", {"whole": True}),
        ("toolu_2", {"n": 1}),
    ]
    assert (response.model, response.usage.prompt_tokens, response.usage.total_tokens) == ("claude-x", 3, 12)
    turn = model.build_turn(response)
    assert turn == {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "sig=="},
            {"type": "redacted_thinking", "data": "="},
            {**search, "input": {"query": "x"}},
            {"type": "text", "text": "ab", "citations": [{"cited_text": "c"}]},
            {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"whole": True}},
            {"type": "tool_use", "id": "toolu_2", "name": "g", "input": {"n": 1}},
        ],
    }
    assert build_messages([turn]) == ([], [turn])


def test_a_stream_may_end_without_a_reason() -> None:
    _, response = stream_of(*block(0, {"type": "text", "text": "a"}), {"type": "message_stop"})
    assert (response.text, response.finish_reason) == ("a", "stop")
    with pytest.raises(errors.StreamInterruptedError) as caught:
        stream_of(*block(0, {"type": "text", "text": "a"}))
    assert caught.value.partial is not None
    assert caught.value.partial.text == "a"


def test_count_tokens() -> None:
    wanted, reply = read_exchange("count_tokens")
    config = {"config_name": "claude", "model_type": "anthropic_chat", "model_name": wanted["model"], "api_key": "k"}
    with ModelRegistry(
        {**config, "generate_args": {"temperature": 0.5, "system": wanted["system"], "betas": ["b"]}}
    ) as hub:
        model = hub.get_model("claude")
        model.transports = connections = Replay([reply])
        count = model.count_tokens(wanted["messages"])
    assert (count, count.estimated) == (14, False)
    assert json.loads(connections.requests[0].body or b"") == wanted
    assert connections.requests[0].url == "https://api.anthropic.com/v1/messages/count_tokens"
    assert connections.requests[0].headers["anthropic-beta"] == "b"


@pytest.fixture
def claude(server: MockServer) -> Any:
    config = {
        "config_name": "claude",
        "model_type": "anthropic_chat",
        "api_key": "sk-1",
        "client_args": {"base_url": server.url},
        "retry": {"initial": 0.001},
    }
    with ModelRegistry(config) as hub:
        yield hub.get_model("claude")


def test_mock(claude: Any, caller: Any) -> None:
    response = caller.call(claude, "count: 3", thinking={"type": "adaptive"})
    assert (response.text, response.finish_reason, response.model) == ("1 2 3", "stop", "claude")
    assert response.reasoning.startswith("Thinking")
    assert caller.call(claude, "count: 9", max_tokens=2).finish_reason == "length"
    deltas, whole = caller.deltas(claude, "count: 3", thinking={"type": "adaptive"})
    assert len([delta for delta in deltas if delta.text]) == 3
    assert (whole.text, whole.reasoning, whole.usage) == (response.text, response.reasoning, response.usage)
    assert claude.build_turn(whole) == claude.build_turn(response)


def test_mock_tools(claude: Any, caller: Any) -> None:
    question = {"role": "user", "content": 'get_weather in "Paris"'}
    response = caller.call(claude, [question], tools=[TOOL], tool_choice="get_weather")
    _, whole = caller.deltas(claude, [question], tools=[TOOL], tool_choice="required")
    assert (whole.tool_calls, whole.finish_reason) == (response.tool_calls, "tool_calls")
    result = {"role": "tool", "tool_call_id": response.tool_calls[0].id, "content": "21 degrees"}
    answer = caller.call(claude, [question, claude.build_turn(response), result], tools=[TOOL])
    assert answer.text == "The tool says: 21 degrees"


def test_mock_answers_after_a_schema(claude: Any, caller: Any) -> None:
    assert caller.call(claude, 'city of "Oslo"', response_format=JSON_SCHEMA).parsed == {"city": "Oslo"}


@pytest.mark.parametrize(
    ("fault", "cls"),
    [
        ("401", errors.AuthenticationError),
        ("429", errors.RateLimitError),
        ("503", errors.ServerError),
        ("quota", errors.QuotaExceededError),
        ("context", errors.ContextLengthError),
        ("filter", errors.ContentFilterError),
        ("error200", errors.ServerError),
        ("cut", errors.StreamInterruptedError),
        ("stream-error", errors.ServerError),
    ],
)
def test_mock_faults(claude: Any, caller: Any, fault: str, cls: type[errors.ModelCallError]) -> None:
    with pytest.raises(cls):
        caller.deltas(claude, "count: 20", extra_headers={"x-mock-fault": fault})


def test_mock_counts_and_refuses(claude: Any) -> None:
    assert claude.count_tokens("one two three") == 3
    with pytest.raises(errors.BadRequestError, match="max_tokens"):
        claude("Hi", extra_body={"max_tokens": 0})
    with pytest.raises(errors.BadRequestError, match="at least one message"):
        claude([{"role": "system", "content": "Hi"}])
