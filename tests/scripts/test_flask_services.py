"""The Flask services of scripts/ in front of a model of a few lines; their real models are another test's."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
import requests
import waitress
import yaml
from click.testing import CliRunner

import modelhub
from modelhub.cli.app import cli

from .echo import SCRIPTS, SECRET, Echo

# That module has told where these are.
# isort: split
from flask_service.app import build_app
from flask_service.loading import Loading
from flask_service.settings import Settings

TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]


CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'


HELLO = [{"role": "user", "content": "hello"}]


CHAT, LLM = "/v1/chat/completions", "/llm/"
PARIS = {"name": "get_weather", "arguments": '{"city": "Paris"}'}


@pytest.fixture
def echo() -> Echo:
    return Echo()


def build(echo: Any, **settings: Any) -> Any:
    return build_app(Settings("m", "tiny", **settings), Loading(lambda: echo).run())


@pytest.fixture
def client(echo: Echo) -> Any:
    return build(echo).test_client()


def say(text: str, **more: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": text}], **more}


def read_stream(response: Any) -> list[Any]:
    frames = response.get_data(as_text=True).split("\n\n")
    assert frames[-2:] == ["data: [DONE]", ""]
    return [json.loads(frame.removeprefix("data: ")) for frame in frames[:-2]]


WRONG: list[tuple[str, Any]] = [
    ("frobnicate", 1),
    ("top_q", 1),
    ("temperature", "hot"),
    ("temperature", 2.1),
    ("temperature", True),
    ("temperature", float("nan")),
    ("top_p", -0.1),
    ("top_k", 1.5),
    ("seed", 2**64),
    ("max_tokens", 0),
    ("max_new_tokens", "9"),
    ("repetition_penalty", 0),
    ("stop", [""]),
    ("stop", 5),
    ("stop", ["x"] * 17),
    ("stream", "yes"),
    ("stream_options", {"usage": True}),
    ("stream_options.include_usage", None),
    ("do_sample", 1),
    ("model", 5),
    ("n", 2),
    ("n", True),
    ("logprobs", True),
    ("response_format", {"type": "json_object"}),
    ("tools", {}),
    ("tools[0]", [{"type": "function"}]),
    ("tool_choice", "required"),
]


@pytest.mark.parametrize(("key", "value"), WRONG, ids=lambda value: repr(value)[:40])
@pytest.mark.parametrize("path", [CHAT, LLM])
def test_wrong_arguments(client: Any, echo: Echo, path: str, key: str, value: Any) -> None:
    outer = key.split(".")[0].split("[")[0]
    given = {"include_usage": 1} if key == "stream_options.include_usage" else value
    response = client.post(path, json=say("hello", **{outer: given}))
    error = response.json["error"]
    assert (response.status_code, error["type"], error["param"]) == (400, "invalid_request_error", key)
    assert f"'{key}'" in error["message"]
    assert echo.asked == []


IMAGE = {"type": "image_url", "image_url": {"url": "http://x/y.png"}}


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        (None, "messages"),
        ([], "messages"),
        (["hello"], "messages[0]"),
        ([{"content": "x"}], "messages[0].role"),
        ([*HELLO, {"role": "king", "content": "x"}], "messages[1].role"),
        ([{"role": ["user"], "content": "x"}], "messages[0].role"),
        ([{"role": "user"}], "messages[0].content"),
        ([{"role": "user", "content": 5}], "messages[0].content"),
        ([{"role": "user", "content": [IMAGE]}], "messages[0].content"),
        ([{"role": "user", "content": "x", "name": 5}], "messages[0].name"),
        ([{"role": "assistant", "tool_calls": 5}], "messages[0].tool_calls"),
        ([{"role": "assistant", "tool_calls": [{}]}], "messages[0].tool_calls[0].function"),
        (
            [{"role": "assistant", "tool_calls": [{"function": {"name": "f", "arguments": "["}}]}],
            "messages[0].tool_calls[0].function.arguments",
        ),
    ],
)
def test_wrong_messages(client: Any, messages: Any, param: str) -> None:
    response = client.post(CHAT, json={"messages": messages})
    assert (response.status_code, response.json["error"]["param"]) == (400, param)


def test_a_chat(client: Any, echo: Echo) -> None:
    reply = client.post(CHAT, json=say("naïve 東京", model="tiny", temperature=0.5))
    assert reply.headers["X-Request-Id"]
    assert reply.json["choices"] == [
        {"index": 0, "message": {"role": "assistant", "content": "naïve 東京"}, "finish_reason": "stop"}
    ]
    assert reply.json["usage"] == {"prompt_tokens": 8, "completion_tokens": 9, "total_tokens": 17}
    assert (reply.json["object"], reply.json["model"]) == ("chat.completion", "tiny")
    assert echo.asked[0].temperature == 0.5


@pytest.mark.parametrize("usage", [True, False])
def test_a_stream(client: Any, usage: bool) -> None:
    body = say("abc", stream=True, stream_options={"include_usage": usage})
    response = client.post(CHAT, json=body)
    assert response.mimetype == "text/event-stream"
    first, *middle = read_stream(response)
    if usage:
        last = middle.pop()
        assert (last["choices"], last["usage"]["total_tokens"]) == ([], 7)
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert [chunk["choices"][0]["delta"] for chunk in middle] == [{"content": c} for c in "abc"] + [{}]
    assert [chunk["choices"][0]["finish_reason"] for chunk in middle] == [None, None, None, "stop"]
    assert len({chunk["id"] for chunk in [first, *middle]}) == 1


@pytest.mark.parametrize("path", [CHAT, LLM])
def test_a_tool_call(client: Any, path: str) -> None:
    reply = client.post(path, json=say(CALL, tools=TOOLS)).json
    choice = reply.get("data", {}).get("response", reply)["choices"][0]
    (call,) = choice["message"]["tool_calls"]
    assert (choice["finish_reason"], choice["message"]["content"]) == ("tool_calls", None)
    assert (call["type"], call["function"]) == ("function", PARIS)
    chunks = read_stream(client.post(path, json=say(CALL, tools=TOOLS, stream=True)))
    deltas = [chunk["choices"][0] for chunk in chunks if chunk["choices"]]
    assert [delta["finish_reason"] for delta in deltas] == [None, None, "tool_calls"]
    assert deltas[1]["delta"]["tool_calls"][0]["function"] == call["function"]
    untold = client.post(CHAT, json=say(CALL)).json["choices"][0]
    assert (untold["finish_reason"], untold["message"]["content"]) == ("stop", CALL)


def test_models_and_health(client: Any) -> None:
    (model,) = client.get("/v1/models").json["data"]
    assert (model["id"], model["object"], model["max_model_len"]) == ("tiny", "model", 200)
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/nope", b"", 404, "not_found"),
        ("GET", CHAT, b"", 405, "method_not_allowed"),
        ("POST", "/health", b"", 405, "method_not_allowed"),
        ("POST", CHAT, b"{", 400, "invalid_json"),
        ("POST", CHAT, b"", 400, "invalid_json"),
        ("POST", CHAT, b"[]", 400, "invalid_json"),
        ("POST", LLM, b'"\xff"', 400, "invalid_json"),
        ("POST", LLM, b"[" * 100_000, 400, "invalid_json"),
        ("POST", CHAT, b" " * 2001, 413, "request_entity_too_large"),
        ("POST", CHAT, json.dumps(say("hello", model="nope")).encode(), 404, "model_not_found"),
        ("POST", LLM, json.dumps(say("x" * 200)).encode(), 400, "context_length_exceeded"),
        ("POST", CHAT, json.dumps(say("fail")).encode(), 500, "internal_error"),
    ],
)
def test_errors(echo: Echo, caplog: Any, method: str, path: str, body: bytes, status: int, code: str) -> None:
    settings = {} if body.startswith(b"[[") else {"max_body": 2000}
    response = build(echo, **settings).test_client().open(path, method=method, data=body)
    error = response.json["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert error["type"] == ("server_error" if status == 500 else "invalid_request_error")
    assert "Traceback" not in error["message"]
    assert SECRET not in response.text + caplog.text
    if status == 405:
        assert response.headers["Allow"]
    if status == 500:
        assert "ValueError" in caplog.text and response.headers["X-Request-Id"] in caplog.text


def test_a_failure_in_a_stream(client: Any, caplog: Any) -> None:
    text = client.post(CHAT, json=say("fail", stream=True)).text
    assert '"code": "internal_error"' in text
    assert "[DONE]" not in text and SECRET not in text + caplog.text


def test_a_key(echo: Echo) -> None:
    client = build(echo, api_key="sésame").test_client()
    for header in ({}, {"Authorization": "Bearer thistle"}, {"Authorization": "sésame"}):
        for path in (CHAT, LLM, "/nope"):
            response = client.post(path, json=say("hello"), headers=header)
            assert (response.status_code, response.json["error"]["code"]) == (401, "invalid_api_key")
    assert client.get("/health").status_code == 200
    assert client.post(CHAT, json=say("hello"), headers={"Authorization": "Bearer sésame"}).status_code == 200


def test_a_model_that_is_being_loaded_or_cannot_be() -> None:
    may_load = threading.Event()
    loading = Loading(lambda: may_load.wait() and Echo()).start()
    client = build_app(Settings("m", "tiny"), loading).test_client()
    for response in (client.get("/health"), client.post(CHAT, json=say("hello"))):
        assert (response.status_code, response.json["error"]["code"]) == (503, "model_loading")
        assert response.headers["Retry-After"]
    may_load.set()
    loading._thread.join()
    assert client.get("/health").status_code == 200
    broken = build_app(Settings("m", "tiny"), Loading(lambda: 1 / 0).run()).test_client()  # type: ignore[arg-type, return-value]
    assert broken.get("/health").json["error"]["code"] == "model_not_loaded"


@pytest.fixture
def serve() -> Iterator[Callable[[Any], str]]:
    """Serve an application with waitress for the time of a test."""
    servers = []

    def start(app: Any) -> str:
        server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8, channel_request_lookahead=1)
        thread = threading.Thread(target=server.run)
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.effective_port}"

    yield start
    for server, thread in servers:
        with suppress(OSError):  # it wakes by itself now and then, and has closed all before it is woken
            server.trigger.pull_trigger(lambda closing=server: closing.asyncore.close_all(closing._map))
        thread.join(30)
        server.task_dispatcher.shutdown()
        assert not thread.is_alive()


@pytest.mark.parametrize("stream", [True, False])
def test_who_disconnects_frees_the_place(echo: Echo, serve: Callable[[Any], str], stream: bool) -> None:
    url = serve(build(echo, queue=0))
    if stream:
        response = requests.post(url + CHAT, json=say("endless", stream=True), stream=True, timeout=30)
        lines = response.iter_lines()  # which closes the connection once nobody has it any more
        assert next(lines).startswith(b"data: ")
    else:
        with pytest.raises(requests.Timeout):
            requests.post(url + CHAT, json=say("endless"), timeout=0.5)
    assert echo.started.acquire(timeout=30)
    if stream:
        busy = requests.post(url + LLM, json=say("hello"), timeout=30)
        assert (busy.status_code, busy.headers["Retry-After"]) == (429, "1")
        response.close()
    while requests.post(url + LLM, json=say("hello"), timeout=30).status_code == 429:
        pass
    assert echo.running == 0


def test_a_stream_that_is_never_read_frees_the_place(echo: Echo) -> None:
    client = build(echo, queue=0).test_client()
    client.post(CHAT, json=say("endless", stream=True), buffered=False).close()
    assert client.post(CHAT, json=say("hello")).status_code == 200


def test_stopping_gives_up_what_is_generated(echo: Echo) -> None:
    stopping = threading.Event()
    app = build_app(Settings("m", "tiny"), Loading(lambda: echo).run(), stopping.is_set)
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(app.test_client().post(CHAT, json=say("endless"))))
    thread.start()
    assert echo.started.acquire(timeout=30)
    stopping.set()
    thread.join(30)
    assert (answers[0].status_code, answers[0].json["error"]["code"]) == (503, "cancelled")


@pytest.mark.parametrize("kind", ["transformers", "modelscope"])
def test_the_configs(kind: str, echo: Echo, serve: Callable[[Any], str], monkeypatch: Any, caller: Any) -> None:
    path = SCRIPTS / f"flask_{kind}" / "model_config.yaml"
    assert CliRunner().invoke(cli, ["validate", "--strict", str(path)]).exit_code == 0
    url = serve(build(echo, api_key="sesame"))
    monkeypatch.setenv(f"FLASK_{kind.upper()}_URL", url)
    monkeypatch.setenv("MODELHUB_SERVICE_NAME", "tiny")
    monkeypatch.setenv("MODELHUB_SERVICE_API_KEY", "sesame")
    with modelhub.ModelRegistry(path) as hub:
        assert hub.names() == [f"flask-{kind}", f"flask-{kind}-llm"]
        for name in hub.names():
            assert caller.call(hub.get_model(name), "hello").text == "hello"
            assert echo.asked[-1].max_tokens == 512
    assert len(yaml.safe_load(path.read_text("utf-8"))) == 2
