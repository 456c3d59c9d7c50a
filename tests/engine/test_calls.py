"""Every wrapper answers, blocking and awaited, whole and streamed, and says typed errors when it cannot."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest

from modelhub import ModelHubError, ModelRegistry, ModelResponse, errors
from modelhub.testing import MockServer

CHATS = ["openai", "ollama", "post_chat"]
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
]


@pytest.mark.parametrize("name", CHATS)
def test_an_answer(hub: ModelRegistry, caller: Any, name: str) -> None:
    response = caller.call(hub.get_model(name), "echo: hello there")
    assert response.text == "hello there"
    assert response.finish_reason == "stop"
    assert response.usage.total_tokens == response.usage.prompt_tokens + response.usage.completion_tokens > 0
    assert response.request_id == "mock-1"
    assert response.raw["model"]
    assert list(response) == [response], "a whole response iterates as its one delta"


@pytest.mark.parametrize("name", CHATS)
def test_a_streamed_answer(hub: ModelRegistry, caller: Any, name: str) -> None:
    deltas, response = caller.deltas(hub.get_model(name), "count: 20")
    assert len(deltas) > 10
    assert "".join(delta.text for delta in deltas) == response.text == " ".join(map(str, range(1, 21)))
    assert response.finish_reason == "stop"
    assert response.usage.completion_tokens == 20
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == ["stop"]
    assert [delta.usage for delta in deltas if delta.usage] == [response.usage]
    assert response.request_id == "mock-1"
    assert len(response.raw) >= len(deltas)


@pytest.mark.parametrize("name", CHATS)
def test_a_tool_call(hub: ModelRegistry, caller: Any, name: str) -> None:
    model = hub.get_model(name)
    whole = caller.call(model, "What is the weather in Paris?", tools=TOOLS)
    deltas, streamed = caller.deltas(model, "What is the weather in Paris?", tools=TOOLS)
    for response in (whole, streamed):
        (call,) = response.tool_calls
        assert (call.name, call.arguments) == ("get_weather", {"city": "Paris"})
        assert call.id
        assert response.finish_reason == "tool_calls"
    pieces = [piece for delta in deltas for piece in delta.tool_calls or ()]
    assert json.loads("".join(piece.arguments for piece in pieces)) == {"city": "Paris"}


@pytest.mark.parametrize("name", CHATS)
def test_the_end_of_a_tool_loop(hub: ModelRegistry, caller: Any, name: str) -> None:
    function = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    messages = [
        {"role": "user", "content": "What is the weather in Paris?"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "c1", "type": "function", "function": function}]},
        {"role": "tool", "tool_call_id": "c1", "content": "sunny"},
    ]
    assert caller.call(hub.get_model(name), messages, tools=TOOLS).text == "The tool says: sunny"


@pytest.mark.parametrize("name", CHATS)
def test_neutral_options(hub: ModelRegistry, server: MockServer, name: str) -> None:
    response = hub.get_model(name)("count: 20", max_tokens=3, temperature=0, top_p=0.5, seed=7, stop=["x"])
    assert (response.text, response.finish_reason) == ("1 2 3", "length")
    body = server.requests[-1].json
    sent = body["options"] if name == "ollama" else body
    assert {key: sent[key] for key in ("temperature", "top_p", "seed", "stop")} == {
        "temperature": 0,
        "top_p": 0.5,
        "seed": 7,
        "stop": ["x"],
    }


def test_tools_of_the_config(server: MockServer) -> None:
    client_args = {"base_url": f"{server.url}/v1"}
    config = {"config_name": "a", "model_type": "openai_chat", "client_args": client_args}
    with ModelRegistry({**config, "generate_args": {"tools": TOOLS, "tool_choice": "auto"}}) as hub:
        assert hub.get_model("a")("What is the weather in Paris?").tool_calls[0].name == "get_weather"


def test_options_of_the_call_win_and_none_leaves_out(server: MockServer) -> None:
    config = {
        "config_name": "a",
        "model_type": "openai_chat",
        "model_name": "m",
        "client_args": {"base_url": f"{server.url}/v1/"},
        "generate_args": {"temperature": 0.1, "top_p": 0.2},
    }
    with ModelRegistry(config) as hub:
        hub.get_model("a")("hi", temperature=0.9, top_p=None)
    assert server.requests[-1].path == "/v1/chat/completions"
    assert server.requests[-1].json == {
        "model": "m",
        "messages": [{"role": "user", "content": "hi"}],
        "temperature": 0.9,
    }


def test_openai_headers_query_and_body(server: MockServer) -> None:
    config = {
        "config_name": "a",
        "model_type": "openai_chat",
        "api_key": "sk-1",
        "organization": "org-1",
        "headers": {"X-Team": "agents", "user-agent": "me"},
        "client_args": {
            "base_url": f"{server.url}/v1",
            "project": "p-1",
            "default_headers": {"X-Default": "d"},
            "default_query": {"v": "1"},
        },
    }
    with ModelRegistry(config) as hub:
        options = {"extra_headers": {"X-Extra": "e"}, "extra_query": {"q": "2"}, "extra_body": {"top_k": 3}}
        hub.get_model("a")("hi", tool_choice="get_weather", tools=TOOLS, **options)
    request = server.requests[-1]
    assert request.query == {"v": "1", "q": "2"}
    assert request.json["top_k"] == 3
    assert request.json["tool_choice"] == {"type": "function", "function": {"name": "get_weather"}}
    sent = {name: request.headers[name] for name in ("Authorization", "OpenAI-Organization", "OpenAI-Project")}
    assert sent == {"Authorization": "Bearer sk-1", "OpenAI-Organization": "org-1", "OpenAI-Project": "p-1"}
    assert [request.headers[name] for name in ("X-Team", "X-Default", "X-Extra", "User-Agent")] == [
        "agents",
        "d",
        "e",
        "me",
    ]


def test_embeddings(hub: ModelRegistry, caller: Any, server: MockServer) -> None:
    model = hub.get_model("embedding")
    both = caller.call(model, ["a", "b"])
    (one,) = caller.call(model, "a").embedding
    assert both.embedding[0] == one != both.embedding[1]
    assert both.usage.prompt_tokens == 2
    plain = caller.call(model, ["a", "b"], encoding_format="float")
    assert both.embedding == [list(struct.unpack("<8f", struct.pack("<8f", *vector))) for vector in plain.embedding]
    rows = [
        {"index": 1, "embedding": [1.0]},
        {"index": 0, "embedding": base64.b64encode(struct.pack("<f", 2)).decode()},
    ]
    server.reply({"status": 200, "body": json.dumps({"data": rows})})
    assert caller.call(model, ["a", "b"]).embedding == [[2.0], [1.0]]
    for bad in ([], {"a"}, None):
        with pytest.raises(errors.BadRequestError, match="texts must be"):
            caller.call(model, bad)


def test_post_api(hub: ModelRegistry, caller: Any, server: MockServer) -> None:
    response = caller.call(hub.get_model("post"), [{"role": "user", "content": "echo: hi"}], temperature=0.5)
    assert response.text == "hi"
    assert response.raw["data"]["response"]["choices"]
    assert server.requests[-1].json["temperature"] == 0.5
    server.reply({"status": 200, "body": '{"scores": [0.5], "labels": ["good"]}'})
    response = caller.call(hub.get_model("post"), {"text": "fine"})
    assert (response.text, response.raw) == (None, {"scores": [0.5], "labels": ["good"]})


POSTED = {
    "envelope": {"data": {"response": {"choices": [{"message": {"content": "hi"}}]}}},
    "openai": {"choices": [{"message": {"content": "hi"}}]},
    "generated_text": {"generated_text": "hi"},
    "list of generated_text": [{"generated_text": "hi"}],
    "list of lists of generated_text": [[{"generated_text": "hi"}]],
}


@pytest.mark.parametrize("body", POSTED.values(), ids=POSTED)
def test_shapes_of_post_api_chat(hub: ModelRegistry, caller: Any, server: MockServer, body: Any) -> None:
    server.reply({"status": 200, "body": json.dumps(body)})
    response = caller.call(hub.get_model("post_chat"), "hello")
    assert (response.text, response.raw) == ("hi", body)


def test_what_cannot_stream_says_so(hub: ModelRegistry, caller: Any, server: MockServer) -> None:
    with pytest.raises(errors.BadRequestError, match=r"post \(post_api\): post_api cannot stream"):
        caller.call(hub.get_model("post"), "hi", stream=True)
    assert server.requests == []


def test_post_api_keys(server: MockServer) -> None:
    config = {
        "config_name": "p",
        "model_type": "post_api",
        "api_url": f"{server.url}/llm/?a=1",
        "api_key": "k",
        "headers": {"X-A": "1"},
        "json_args": {"temperature": 0.1, "model": "m"},
        "post_args": {"params": {"b": 2}, "headers": {"X-B": "2"}, "timeout": 9},
        "messages_key": "inputs",
    }
    with ModelRegistry(config) as hub:
        model = hub.get_model("p")
        assert (model.model_name, model.messages_key) == ("m", "inputs")
        model([{"role": "user", "content": "hi"}])
        assert model.timeouts[:2] == (9, 9)
    request = server.requests[-1]
    assert request.json == {"inputs": [{"role": "user", "content": "hi"}], "temperature": 0.1, "model": "m"}
    assert request.query == {"a": "1", "b": "2"}
    assert [request.headers[name] for name in ("X-A", "X-B", "Authorization")] == ["1", "2", "Bearer k"]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        (None, "http://127.0.0.1:11434"),
        ("", "http://127.0.0.1:11434"),
        ("example.com", "http://example.com:11434"),
        ("example.com:8080", "http://example.com:8080"),
        ("http://example.com", "http://example.com"),
        ("https://example.com/", "https://example.com"),
        ("https://example.com/ollama/", "https://example.com/ollama"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:9", "http://127.0.0.1:9"),
        ("[::1]", "http://[::1]:11434"),
        ("[::1]:5", "http://[::1]:5"),
    ],
)
def test_forms_of_the_ollama_host(host: str | None, url: str) -> None:
    from modelhub.wrappers.ollama import parse_host

    assert parse_host(host) == url


def test_ollama_requests(server: MockServer) -> None:
    config = {
        "config_name": "o",
        "model_type": "ollama_chat",
        "model_name": "tiny",
        "host": server.url,
        "options": {"temperature": 0.1, "num_ctx": 64},
        "keep_alive": "1m",
        "think": False,
    }
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,QUJD"}}
    with ModelRegistry(config) as hub:
        model = hub.get_model("o")
        model(
            [
                {"role": "developer", "content": "be brief"},
                {"role": "user", "content": [{"type": "text", "text": "hi"}, image]},
            ],
            temperature=0.9,
            tools=TOOLS,
            tool_choice="none",
            response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object"}}},
        )
        with pytest.raises(errors.BadRequestError, match="tool_choice 'get_weather'"):
            model("hi", tools=TOOLS, tool_choice="get_weather")
        with pytest.raises(errors.BadRequestError, match="by URL"):
            model([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://e.com/a.png"}}]}])
    assert len(server.requests) == 1, "what the vendor cannot do is not sent"
    assert server.requests[0].json == {
        "model": "tiny",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi", "images": ["QUJD"]}],
        "stream": False,
        "keep_alive": "1m",
        "think": False,
        "format": {"type": "object"},
        "options": {"temperature": 0.9, "num_ctx": 64},
    }


BAD_MESSAGES: list[tuple[Any, str]] = [
    (3, "must be a str or a list of messages"),
    ([3], r"messages\[0\] must be a dict"),
    ([{"content": "x"}], r"messages\[0\] needs a role"),
    ([{"role": "user", "content": "x"}, {"role": "robot", "content": "x"}], r"messages\[1\] needs a role.*'robot'"),
    ([{"role": "user"}], r"messages\[0\] \(user\) has no content"),
]


@pytest.mark.parametrize(("messages", "match"), BAD_MESSAGES)
def test_messages_that_cannot_be_sent(
    hub: ModelRegistry, caller: Any, server: MockServer, messages: Any, match: str
) -> None:
    with pytest.raises(errors.BadRequestError, match=match) as caught:
        caller.call(hub.get_model("openai"), messages)
    assert caught.value.config_name == "openai"
    assert server.requests == []


class Spoken:
    """Anything with a role and content, such as a Msg."""

    role = "user"
    content = "echo: spoken"


def test_forms_of_messages(hub: ModelRegistry) -> None:
    model = hub.get_model("openai")
    assert model({"role": "user", "content": "echo: one"}).text == "one"
    assert model(({"role": "user", "content": "echo: tuple"},)).text == "tuple"
    assert model(Spoken()).text == model([Spoken()]).text == "spoken"
    assert model(messages="echo: by name").text == "by name"


REPLIES: list[tuple[str, type[errors.ModelCallError], bool, str]] = [
    ("400", errors.BadRequestError, False, "not valid"),
    ("401", errors.AuthenticationError, False, "Incorrect API key"),
    ("402", errors.QuotaExceededError, False, "402"),
    ("403", errors.PermissionDeniedError, False, "may not use"),
    ("404", errors.NotFoundError, False, "does not exist"),
    ("408", errors.TimeoutError, True, "timed out"),
    ("409", errors.BadRequestError, True, "Another request"),
    ("413", errors.BadRequestError, False, "413"),
    ("422", errors.BadRequestError, False, "422"),
    ("429", errors.RateLimitError, True, "Rate limit"),
    ("500", errors.ServerError, True, "had an error"),
    ("503", errors.ServerError, True, "overloaded"),
    ("529", errors.ServerError, True, "529"),
    ("quota", errors.QuotaExceededError, False, "quota"),
    ("context", errors.ContextLengthError, False, "maximum context length"),
    ("filter", errors.ContentFilterError, False, "content filter"),
    ("reset", errors.ConnectionError, True, "failed"),
    ("close", errors.ConnectionError, True, "failed"),
    ("html", errors.ResponseParsingError, False, "the reply is not JSON but text/html.*Welcome"),
    ("html500", errors.ServerError, True, "Internal Server Error"),
    ("empty", errors.ResponseParsingError, False, "empty"),
    ("big500", errors.ServerError, True, "Internal Server Error"),
    ("error200", errors.ServerError, True, "had an error"),
]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("fault", "kind", "retried", "message"), REPLIES, ids=[row[0] for row in REPLIES])
def test_typed_errors(
    hub: ModelRegistry,
    caller: Any,
    server: MockServer,
    fault: str,
    kind: type[errors.ModelCallError],
    retried: bool,
    message: str,
    streamed: bool,
) -> None:
    server.script(*[fault] * 3)
    with pytest.raises(kind, match=message) as caught:
        (caller.deltas if streamed else caller.call)(hub.get_model("openai"), "hello")
    error = caught.value
    assert type(error) is kind
    assert (error.config_name, error.model_type) == ("openai", "openai_chat")
    assert str(error).startswith("openai (openai_chat): ")
    assert len(str(error)) < 600
    assert len(server.requests) == (3 if retried else 1)
    if fault[:3].isdigit():
        assert error.status == int(fault)
        assert error.request_id == f"mock-{len(server.requests)}"
    assert server.wait_until(lambda: server.in_flight == 0, 5)


SPOILT = [("truncated", "valid JSON|not JSON"), ("charset", "valid JSON|not JSON")]


@pytest.mark.parametrize(("fault", "message"), SPOILT)
@pytest.mark.parametrize("name", ["openai", "ollama", "post_chat"])
def test_replies_that_cannot_be_read(
    hub: ModelRegistry, caller: Any, server: MockServer, name: str, fault: str, message: str
) -> None:
    server.script(fault, fault)
    with pytest.raises(errors.ResponseParsingError, match=message):
        caller.call(hub.get_model(name), "hello")
    with pytest.raises(errors.ResponseParsingError, match=message):
        caller.deltas(hub.get_model(name), "hello")
    assert len(server.requests) == 2


WRONG_SHAPES: list[tuple[Any, str]] = [
    ([], "a JSON list, not an object"),
    ({}, "there is no 'choices'"),
    ({"choices": [{}]}, "there is no 'message'"),
    ({"choices": {}}, "not a list"),
    ({"choices": [{"message": None}]}, "expected shape"),
    (
        {"choices": [{"message": {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{oops"}}]}}]},
        "arguments of tool call 'f' are not JSON",
    ),
    (
        {"choices": [{"message": {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "[1]"}}]}}]},
        "not a JSON object",
    ),
]


@pytest.mark.parametrize(("body", "match"), WRONG_SHAPES)
def test_replies_of_the_wrong_shape(hub: ModelRegistry, caller: Any, server: MockServer, body: Any, match: str) -> None:
    server.reply({"status": 200, "headers": {"x-request-id": "req-9"}, "body": json.dumps(body)})
    with pytest.raises(errors.ResponseParsingError, match=match) as caught:
        caller.call(hub.get_model("openai"), "hello")
    assert (caught.value.status, caught.value.config_name) == (200, "openai")


def test_a_missing_key_is_asked_for_at_the_first_call(caller: Any) -> None:
    with ModelRegistry({"config_name": "a", "model_type": "openai_chat"}) as hub:
        model = hub.get_model("a")
        with pytest.raises(errors.AuthenticationError, match="OPENAI_API_KEY"):
            caller.call(model, "hello")


def test_an_unset_variable_is_asked_for_at_the_first_call(caller: Any, monkeypatch: Any, server: MockServer) -> None:
    config = {
        "config_name": "a",
        "model_type": "openai_chat",
        "model_name": "${TEST_MODEL:-small}",
        "api_key": "${TEST_KEY}",
        "client_args": {"base_url": f"{server.url}/v1"},
    }
    with ModelRegistry(config) as hub:
        model = hub.get_model("a")
        with pytest.raises(errors.ConfigError, match=r"config 'a'.*TEST_KEY is not set"):
            caller.call(model, "hello")
        monkeypatch.setenv("TEST_KEY", "sk-late")
        assert caller.call(model, "echo: hi").text == "hi"
    assert server.requests[-1].headers["Authorization"] == "Bearer sk-late"
    assert server.requests[-1].json["model"] == "small"


def test_references_that_stand_for_numbers(server: MockServer, monkeypatch: Any) -> None:
    config = {
        "config_name": "a",
        "model_type": "openai_chat",
        "client_args": {"base_url": f"{server.url}/v1", "max_retries": "${RETRIES:-0}"},
        "timeout": "${SECONDS:-7.5}",
        "stream": "${STREAM:-false}",
        "generate_args": {"temperature": "${HEAT}", "max_tokens": "${TOKENS:-5}", "user": "${ME:-42}"},
    }
    monkeypatch.setenv("HEAT", "0.25")
    with ModelRegistry(config) as hub:
        model = hub.get_model("a")
        model("hi")
        assert (model.timeouts.idle, model.retry_policy.max_attempts, model.stream) == (7.5, 1, False)
    sent = {key: server.requests[-1].json[key] for key in ("temperature", "max_tokens", "user")}
    assert sent == {"temperature": 0.25, "max_tokens": 5, "user": "42"}
    monkeypatch.setenv("HEAT", "warm")
    with ModelRegistry(config) as hub, pytest.raises(errors.ConfigError, match=r"generate_args\.temperature must be a"):
        hub.get_model("a")("hi")


def test_a_server_that_is_not_there(caller: Any, unused_port: int) -> None:
    config = {
        "config_name": "gone",
        "model_type": "openai_chat",
        "client_args": {"base_url": f"http://127.0.0.1:{unused_port}/v1?key=sk-in-the-url"},
        "retry": {"max_attempts": 2, "initial": 0.001},
    }
    with ModelRegistry(config) as hub, pytest.raises(errors.ConnectionError, match="Connection refused") as caught:
        caller.call(hub.get_model("gone"), "hello")
    assert isinstance(caught.value, ConnectionError)
    assert f"http://127.0.0.1:{unused_port}" in str(caught.value)
    assert "sk-in-the-url" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    "url", ["http://", "http://[::1", "ftp://example.com", "http://exa mple.com:99999/v1", "nonsense"]
)
def test_urls_that_are_none(caller: Any, url: str) -> None:
    from modelhub.wrappers.openai import OpenAIChatWrapper

    model = OpenAIChatWrapper("a", client_args={"base_url": url}, retry={"max_attempts": 1})
    with pytest.raises(errors.ModelCallError) as caught:
        caller.call(model, "hello")
    assert caught.value.config_name == "a"


def test_a_redirect_is_followed_on_the_same_host(hub: ModelRegistry, caller: Any, server: MockServer) -> None:
    server.script("redirect", "ok", "redirect", "ok")
    assert caller.call(hub.get_model("openai"), "echo: hi").text == "hi"
    assert caller.deltas(hub.get_model("openai"), "echo: hi")[1].text == "hi"
    assert [request.query for request in server.requests] == [{}, {"redirected": "1"}] * 2
    with MockServer() as other:
        location = f"{other.url}/v1/chat/completions"
        server.reply({"status": 307, "headers": {"Location": location}, "body": ""})
        with pytest.raises(errors.BadRequestError, match="redirects to"):
            caller.call(hub.get_model("openai"), "echo: hi")
        assert other.requests == [], "the key does not travel to another host"


def test_a_registry_that_is_closed(server: MockServer, caller: Any) -> None:
    config = {"config_name": "a", "model_type": "openai_chat", "client_args": {"base_url": f"{server.url}/v1"}}
    hub = ModelRegistry(config)
    model = hub.get_model("a")
    caller.call(model, "hi")
    hub.close()
    with pytest.raises(ModelHubError, match="closed"):
        caller.call(model, "hi")


def test_a_response_is_shown(hub: ModelRegistry) -> None:
    response = hub.get_model("openai")("echo: hi")
    assert json.loads(str(response))["text"] == "hi"
    assert repr(response).startswith("ModelResponse(text='hi', finish_reason='stop'")
    assert repr(hub.get_model("openai")) == "<OpenAIChatWrapper 'openai'>"
    assert repr(ModelResponse(embedding=[[1.0]])) == "ModelResponse(embedding='<1 vectors>')"
