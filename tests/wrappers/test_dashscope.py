"""DashScope: what its recordings do not show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from modelhub.wrappers.dashscope import DashScopeImageSynthesisWrapper
from modelhub.wrappers.dashscope_endpoint import parse_failure

from modelhub import ModelRegistry, errors
from modelhub.testing import MockServer, Replay

NAMES = {"chat": "qwen-max", "multimodal": "qwen-vl-max", "image_synthesis": "wanx", "text_embedding": "v4"}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}
PNG = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture
def served(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModelRegistry]:
    monkeypatch.setattr(DashScopeImageSynthesisWrapper, "poll_interval", 0.01)
    with ModelRegistry([build_config(kind, f"{server.url}/api/v1") for kind in NAMES]) as hub:
        yield hub


def build_config(kind: str, base_url: str, **more: Any) -> dict[str, Any]:
    client_args = {"base_url": base_url, **more.pop("client_args", {})}
    retry = {"max_attempts": 1}
    model = {"config_name": kind, "model_type": f"dashscope_{kind}", "model_name": NAMES[kind], "api_key": "sk-dash"}
    return {**model, "client_args": client_args, "retry": retry, "timeout": 20, **more}


def reply(output: Any = None, status: int = 200, **more: Any) -> dict[str, Any]:
    return {"status": status, "body": json.dumps({"output": output, "request_id": "r1", **more})}


TEXT = reply({"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "ok"}}]})


def send(
    kind: str, *args: Any, replies: list[dict[str, Any]], config: dict[str, Any] | None = None, **options: Any
) -> tuple[Any, Replay]:
    """The outcome of a call that is answered with ``replies``, and what was sent."""
    connections = Replay(replies)
    with ModelRegistry(build_config(kind, "http://recorded/api/v1", **(config or {}))) as hub:
        model = hub.get_model(kind)
        model.transports = connections
        return model(*args, **options), connections


def sent(kind: str, *args: Any, **options: Any) -> Any:
    """The body of the one request that a call sends."""
    _, connections = send(kind, *args, replies=[TEXT], **options)
    return json.loads(connections.requests[0].body or b"")


def test_chat_whole_streamed_and_calling_tools(served: ModelRegistry, caller: Any) -> None:
    for name in ("chat", "multimodal"):
        model = served.get_model(name)
        response = caller.call(model, "echo: hello you")
        assert (response.text, response.finish_reason) == ("hello you", "stop")
        assert response.usage.total_tokens == response.usage.prompt_tokens + response.usage.completion_tokens > 0
        deltas, response = caller.deltas(model, "echo: one two three", enable_thinking=True)
        assert [delta.text for delta in deltas if delta.text] == ["one", " two", " three"]
        assert response.reasoning.startswith("Thinking") and response.finish_reason == "stop"
        assert response.request_id and response.usage.completion_tokens > 0
        for call in (caller.call(model, "weather?", tools=[TOOL]), caller.deltas(model, "weather?", tools=[TOOL])[1]):
            assert [c.name for c in call.tool_calls] == ["get_weather"]
            assert call.finish_reason == "tool_calls"
        asked = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"properties": {"a": {"const": 1}}}}}
        assert caller.call(model, "json", response_format=asked).parsed == {"a": 1}


def test_embeddings_of_more_texts_than_one_request_takes(served: ModelRegistry, caller: Any) -> None:
    model = served.get_model("text_embedding")
    texts = [f"text {n}" for n in range(23)]
    response = caller.call(model, texts, dimensions=4)
    assert len(response.embedding) == 23 and len(response.raw) == 3
    assert response.usage.prompt_tokens == response.usage.total_tokens == 46
    assert response.embedding[22] == caller.call(model, texts[22], dimension=4).embedding[0]


def test_batches_of_the_older_models_are_larger() -> None:
    rows = [{"embedding": [float(n)], "text_index": n} for n in range(25)]
    full, rest = reply({"embeddings": rows[::-1]}, usage={"total_tokens": 30}), reply({"embeddings": rows[:1]})
    config = {"model_name": "text-embedding-v2"}
    response, connections = send("text_embedding", ["a"] * 26, replies=[full, rest], config=config)
    assert [len(json.loads(r.body or b"")["input"]["texts"]) for r in connections.requests] == [25, 1]
    assert response.embedding == [[float(n)] for n in range(25)] + [[0.0]]
    assert (response.usage.prompt_tokens, response.request_id) == (30, "r1")
    with pytest.raises(errors.ResponseParsingError, match="1 embeddings of 2 texts"):
        send("text_embedding", ["a", "b"], replies=[rest])


def test_images(served: ModelRegistry, caller: Any) -> None:
    response = caller.call(served.get_model("image_synthesis"), "a cat", n=2, size="1024x1024")
    assert len(set(response.image_urls)) == 2


def task(status: str, **output: Any) -> dict[str, Any]:
    return reply({"task_id": "t1", "task_status": status, **output})


def test_a_task_is_looked_at_less_and_less_often() -> None:
    done = task("SUCCEEDED", results=[{"url": "http://i/1.png"}, {"code": "InternalError", "message": "no"}])
    waiting = [task("PENDING"), *[task("RUNNING")] * 9, task("SUSPENDED")]
    options = {"negative_prompt": "low", "ref_img": "http://i/ref.png", "n": 2, "size": "720x1280"}
    response, connections = send("image_synthesis", "a cat", replies=[*waiting, done], **options)
    assert response.image_urls == ["http://i/1.png"]
    assert connections.delays == [0, 1, 1, 1, 2, 2, 2, 4, 4, 4, 5, 5]
    first, second, *_ = connections.requests
    assert first.url == "http://recorded/api/v1/services/aigc/text2image/image-synthesis"
    assert first.headers["X-DashScope-Async"] == "enable"
    assert json.loads(first.body or b"") == {
        "model": "wanx",
        "input": {"prompt": "a cat", "negative_prompt": "low", "ref_img": "http://i/ref.png"},
        "parameters": {"n": 2, "size": "720*1280"},
    }
    assert (second.method, second.url, second.body) == ("GET", "http://recorded/api/v1/tasks/t1", None)


@pytest.mark.parametrize(
    ("ending", "error", "text"),
    [
        (task("FAILED", code="DataInspectionFailed", message="bad"), errors.ContentFilterError, "bad"),
        (task("UNKNOWN"), errors.ServerError, "the task t1 ended as UNKNOWN without an image"),
        (task("CANCELED"), errors.ServerError, "CANCELED"),
        (task("SUCCEEDED", results=[{"code": "Throttling.X", "message": "slow"}]), errors.RateLimitError, "slow"),
        (task("SUCCEEDED", results=[]), errors.ServerError, "without an image"),
    ],
)
def test_tasks_that_end_without_an_image(ending: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text) as raised:
        send("image_synthesis", "a cat", replies=[task("PENDING"), ending])
    assert (raised.value.request_id, raised.value.config_name) == ("r1", "image_synthesis")


@pytest.mark.parametrize("model", ["wan2.5-i2i-preview", "wanx2.1-imageedit", "other"])
def test_editing_models_have_a_service_of_their_own(model: str) -> None:
    options = {"task": "image2image"} if model == "other" else {}
    done = task("SUCCEEDED", results=[{"url": "u"}])
    _, connections = send("image_synthesis", "x", replies=[done], config={"model_name": model}, **options)
    assert connections.requests[0].url.endswith("/aigc/image2image/image-synthesis")


@pytest.mark.parametrize(
    ("kind", "args", "options", "text"),
    [
        (
            "chat",
            "hi",
            {"tools": [TOOL], "tool_choice": "required"},
            "cannot be made to call a tool by tool_choice 'required': it can be auto, none or a name",
        ),
        ("chat", [{"type": "image_url", "image_url": {"url": PNG}}], {}, "dashscope_multimodal"),
        ("multimodal", [{"type": "file", "file": {"file_id": "f"}}], {}, "takes no files"),
        ("multimodal", [{1}], {}, r"messages\[0\].content\[0\] must be a str or a dict"),
        ("multimodal", [{"image": "/no/such.png"}], {}, "cannot be read"),
        ("image_synthesis", "a cat", {"save_local": True}, "save_local"),
        ("image_synthesis", "", {}, "prompt"),
        ("text_embedding", [], {}, "texts"),
    ],
)
def test_what_is_refused_before_sending(kind: str, args: Any, options: dict[str, Any], text: str) -> None:
    if kind in ("chat", "multimodal"):
        args = [{"role": "user", "content": args}]
    with pytest.raises(errors.BadRequestError, match=text) as raised:
        send(kind, args, replies=[], **options)
    assert raised.value.config_name == kind


def test_messages_in_the_forms_of_both_services(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n")
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    asked = [
        {"role": "developer", "content": "Be short."},
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "user", "content": [{"text": "kept"}]},
    ]
    assert sent("chat", asked)["input"]["messages"] == [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "ab"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "user", "content": [{"text": "kept"}]},
    ]
    parts = [
        {"type": "image_url", "image_url": {"url": str(picture), "detail": "low"}},
        {"image": f"file://{picture}"},
        {"type": "image", "url": "http://i/1.png"},
        {"type": "input_audio", "input_audio": {"data": "QUJD", "format": "mp3"}},
        {"type": "video_url", "video_url": {"url": "http://v/1.mp4"}},
        {"video": ["http://i/1.png", "http://i/2.png"]},
        {"type": "text", "text": "?"},
    ]
    body = sent("multimodal", [{"role": "system", "content": "s"}, {"role": "user", "content": parts}])
    assert body["parameters"] == {}
    assert [message["content"] for message in body["input"]["messages"]] == [
        [{"text": "s"}],
        [
            {"image": PNG},
            {"image": PNG},
            {"image": "http://i/1.png"},
            {"audio": "data:audio/mp3;base64,QUJD"},
            {"video": "http://v/1.mp4"},
            {"video": ["http://i/1.png", "http://i/2.png"]},
            {"text": "?"},
        ],
    ]


def test_a_tool_by_its_bare_name_and_options_without_effect() -> None:
    body = sent("chat", "hi", tools=[TOOL], tool_choice="get_weather", incremental_output=True, enable_search=False)
    assert body["parameters"] == {
        "result_format": "message",
        "tools": [TOOL],
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
    }


def test_calls_that_look_alike_are_two() -> None:
    calls = [{"index": 0, "id": id, "function": {"name": "f", "arguments": '{"a": 1}'}} for id in ("c1", "c2", "c2")]
    events = [
        {"output": {"choices": [{"finish_reason": reason, "message": {"content": "", "tool_calls": [call]}}]}}
        for call, reason in zip(calls, ("null", "null", "tool_calls"), strict=True)
    ]
    body = "".join(f"data:{json.dumps(event)}\n\n" for event in [{"output": {}}, *events, {"request_id": "r2"}])
    response, _ = send("chat", "hi", replies=[{"status": 200, "body": body}], stream=True)
    response = list(response) and response
    assert [(call.id, call.arguments) for call in response.tool_calls] == [("c1", {"a": 1}), ("c2", {"a": 1})]
    assert len(response.raw) == 5 and response.request_id == "r2"


def test_the_mock_answers_as_the_api_does_unless_asked_otherwise(server: MockServer) -> None:
    url = f"{server.url}/api/v1/services/aigc/text-generation/generation"
    body = {"model": "m", "input": {"prompt": "echo: one two"}}
    whole = requests.post(url, json=body, timeout=10).json()
    assert whole["output"] == {"text": "one two", "finish_reason": "stop"}
    streamed = requests.post(url, json=body, headers={"X-DashScope-SSE": "enable"}, timeout=10).text
    events = [json.loads(line[5:]) for line in streamed.split("\n") if line.startswith("data:")]
    assert [event["output"]["text"] for event in events] == ["one", "one two", "one two"]
    assert streamed.startswith("id:1\nevent:result\n:HTTP_STATUS/200\ndata:{")


def test_the_older_form_of_a_reply() -> None:
    response, _ = send("chat", "hi", replies=[reply({"text": "ok", "finish_reason": "stop", "choices": None})])
    assert (response.text, response.finish_reason) == ("ok", "stop")
    with pytest.raises(errors.ResponseParsingError, match="'text'"):
        send("chat", "hi", replies=[reply({"finish_reason": "stop"})])


def test_images_in_an_answer() -> None:
    message = {"role": "assistant", "content": [{"text": "Here: "}, {"image": "http://i/1.png"}, {"text": "done"}]}
    done = reply({"choices": [{"finish_reason": "odd", "message": message}]})
    response, _ = send("multimodal", "draw", replies=[done])
    assert (response.text, response.image_urls) == ("Here: done", ["http://i/1.png"])
    assert response.finish_reason == "other"


def test_headers_of_workspace_key_and_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"client_args": {"workspace": "ws-1"}, "headers": {"X-Own": "1"}}
    _, connections = send("chat", "hi", replies=[TEXT], config=config)
    headers = connections.requests[0].headers
    assert headers["Authorization"] == "Bearer sk-dash"
    assert (headers["X-DashScope-WorkSpace"], headers["X-Own"]) == ("ws-1", "1")
    assert "X-DashScope-SSE" not in headers
    response, connections = send("chat", "hi", replies=[TEXT], config=config, stream=True, workspace="ws-2")
    assert response.text == "ok"
    headers = connections.requests[0].headers
    assert (headers["X-DashScope-WorkSpace"], headers["X-DashScope-SSE"]) == ("ws-2", "enable")
    assert headers["Accept"] == "text/event-stream"
    body = json.loads(connections.requests[0].body or b"")
    assert body["parameters"] == {"result_format": "message", "incremental_output": True}
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-env")
    monkeypatch.setenv("DASHSCOPE_WORKSPACE_ID", "ws-env")
    _, connections = send("chat", "hi", replies=[TEXT], config={"api_key": None})
    headers = connections.requests[0].headers
    assert (headers["Authorization"], headers["X-DashScope-WorkSpace"]) == ("Bearer sk-env", "ws-env")


def test_a_missing_key_and_the_address_of_another_protocol(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(errors.AuthenticationError, match="DASHSCOPE_API_KEY"):
        send("chat", "hi", replies=[], config={"api_key": None})
    compatible = {"client_args": {"base_url": "https://dashscope.aliyuncs.com/compatible-mode/v1"}}
    with pytest.raises(errors.BadRequestError, match="openai_chat"):
        send("chat", "hi", replies=[], config=compatible)


CODES = [
    ("InvalidApiKey", 401, errors.AuthenticationError),
    ("AccessDenied.Unpurchased", 403, errors.PermissionDeniedError),
    ("Model.AccessDenied", 403, errors.PermissionDeniedError),
    ("Model.NotExist", 404, errors.NotFoundError),
    ("ModelNotFound", 200, errors.NotFoundError),
    ("InvalidParameter.DataInspection", 400, errors.BadRequestError),
    ("DataInspectionFailed", 400, errors.ContentFilterError),
    ("Arrearage", 400, errors.QuotaExceededError),
    ("AllocationQuota.FreeTierOnly", 403, errors.QuotaExceededError),
    ("Throttling", 429, errors.RateLimitError),
    ("Throttling.RateQuota", 200, errors.RateLimitError),
    ("Throttling.AllocationQuota.Deep", None, errors.RateLimitError),
    ("InternalError.Timeout", 500, errors.ServerError),
    ("InternalError.Algo", 400, errors.BadRequestError),
    ("InternalError", 200, errors.ServerError),
    ("ServiceUnavailable", 503, errors.ServerError),
    ("RequestTimeOut", 200, errors.TimeoutError),
    ("Never.Heard.Of", 400, errors.BadRequestError),
]


@pytest.mark.parametrize(("code", "status", "error"), CODES)
def test_errors_by_code(code: str, status: int | None, error: type[errors.ModelCallError]) -> None:
    failure = parse_failure(status, {"code": code, "message": "m", "request_id": "r"})
    assert type(failure) is error
    assert (failure.code, failure.status, failure.request_id) == (code, status, "r")
    assert failure.retryable is (error in (errors.RateLimitError, errors.ServerError))


FAULTS = {
    "401": errors.AuthenticationError,
    "429": errors.RateLimitError,
    "503": errors.ServerError,
    "quota": errors.QuotaExceededError,
    "context": errors.ContextLengthError,
    "filter": errors.ContentFilterError,
    "error200": errors.ServerError,
    "html": errors.ResponseParsingError,
    "empty": errors.ResponseParsingError,
}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("fault", FAULTS)
def test_faults(served: ModelRegistry, server: MockServer, caller: Any, kind: str, fault: str) -> None:
    server.script(fault)
    with pytest.raises(FAULTS[fault]) as raised:
        caller.call(served.get_model(kind), "hi")
    assert raised.value.config_name == kind


def test_an_error_that_comes_as_an_event() -> None:
    event = 'id:1\nevent:error\n:HTTP_STATUS/400\ndata:{"code":"DataInspectionFailed","message":"m","request_id":"q"}'
    refused = {"status": 400, "headers": {"content-type": "text/event-stream"}, "body": event}
    with pytest.raises(errors.ContentFilterError) as raised:
        send("chat", "hi", replies=[refused], stream=True)[0].text  # noqa: B018
    assert (raised.value.status, raised.value.request_id) == (400, "q")


def test_a_stream_that_fails_keeps_what_had_come(served: ModelRegistry, server: MockServer, caller: Any) -> None:
    server.script("stream-error")
    with pytest.raises(errors.ServerError) as raised:
        caller.deltas(served.get_model("chat"), "echo: one two three")
    assert raised.value.partial is not None
    assert (raised.value.partial.text, raised.value.status) == ("one two", 500)
