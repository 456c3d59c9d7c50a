"""LiteLLM: its proxy over HTTP, and its library in this process where it is installed."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.errors import ModelCallError, PluginError
from modelhub.testing import MockServer

from ..paths import TESTS
from .canon import compare

RECORDINGS = TESTS / "recordings" / "litellm"
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
# The library, its HTTP clients and what they leave to the garbage collector warn about themselves.
noisy = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    import litellm

    return litellm


def build(url: str, **config: Any) -> Any:
    """A model of the library that talks to ``url``."""
    base = {"config_name": "lite", "model_type": "litellm_chat", "model_name": "openai/mock-chat", "api_base": url}
    retry = {"initial": 0.001, "max_attempts": 3}
    return ModelRegistry({**base, "api_key": "sk-secret-1", "retry": retry, "timeout": 20, **config}).get_model("lite")


# Without the library.


def test_the_proxy_is_asked_over_http(server: MockServer, caller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "litellm", None)
    monkeypatch.setenv("LITELLM_PROXY_API_KEY", "sk-proxy-1")
    model = build("http://unused", api_key=None, client_args={"base_url": f"{server.url}/v1"})
    assert caller.call(model, "echo: hi").text == "hi"
    deltas, response = caller.deltas(model, "echo: hello there")
    assert "".join(delta.text for delta in deltas) == response.text == "hello there"
    for request in server.requests:
        assert request.headers["Authorization"] == "Bearer sk-proxy-1"
        assert request.path == "/v1/chat/completions"
        assert request.json["model"] == "openai/mock-chat"


def test_a_proxy_needs_no_key(server: MockServer, caller: Any) -> None:
    model = build("http://unused", api_key="", client_args={"base_url": f"{server.url}/v1"})
    assert caller.call(model, "echo: hi").text == "hi"
    assert "Authorization" not in server.requests[0].headers


def test_a_missing_library_says_how_to_install_it(caller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "litellm", None)
    model = build("http://unused")  # to build it takes no library
    with pytest.raises(PluginError, match=r"'lite'.*pip install litellm, or set"):
        caller.call(model, "hi")
    with pytest.raises(PluginError, match="base_url"):
        caller.deltas(model, "hi")


# With the library.


@noisy
def test_calls_in_process(library: Any, server: MockServer, caller: Any) -> None:
    model = build(f"{server.url}/v1", headers={"X-Team": "a"}, generate_args={"temperature": 0.5})
    response = caller.call(model, "echo: hi")
    assert (response.text, response.finish_reason, response.model) == ("hi", "stop", "mock-chat")
    assert response.usage.total_tokens == response.usage.prompt_tokens + response.usage.completion_tokens > 0
    assert response.request_id == "mock-1"
    request = server.requests[0]
    assert request.headers["Authorization"] == "Bearer sk-secret-1"
    assert request.headers["X-Team"] == "a"
    assert request.json["temperature"] == 0.5
    response = caller.call(model, "echo: hi", tools=[TOOL], tool_choice="get_weather")
    assert [call.name for call in response.tool_calls] == ["get_weather"]
    assert server.requests[1].json["tool_choice"] == {"type": "function", "function": {"name": "get_weather"}}


@noisy
def test_streams_in_process(library: Any, server: MockServer, caller: Any) -> None:
    deltas, response = caller.deltas(build(f"{server.url}/v1"), "echo: one two three")
    assert "".join(delta.text for delta in deltas) == response.text == "one two three"
    assert response.finish_reason == "stop"
    assert response.usage.total_tokens > 0
    server.reply({"tool_calls": [{"name": "get_weather", "arguments": {"city": "Paris"}}]})
    _, response = caller.deltas(build(f"{server.url}/v1"), "weather?", tools=[TOOL])
    assert [(call.name, call.arguments) for call in response.tool_calls] == [("get_weather", {"city": "Paris"})]
    assert response.finish_reason == "tool_calls"


@noisy
def test_structured_answers_in_process(library: Any, server: MockServer, caller: Any) -> None:
    server.reply('{"a": 1}', '{"a": 2}')
    model = build(f"{server.url}/v1")
    form = {"type": "json_object"}
    assert caller.call(model, "json", response_format=form).parsed == {"a": 1}
    assert caller.deltas(model, "json", response_format=form)[1].parsed == {"a": 2}


REPLIES = [
    (400, {}, errors.BadRequestError),
    (400, {"code": "context_length_exceeded"}, errors.ContextLengthError),
    (400, {"code": "content_policy_violation"}, errors.ContentFilterError),
    (401, {"code": "invalid_api_key"}, errors.AuthenticationError),
    (403, {}, errors.PermissionDeniedError),
    (404, {"code": "model_not_found"}, errors.NotFoundError),
    (429, {"code": "insufficient_quota"}, errors.QuotaExceededError),
]


@noisy
@pytest.mark.parametrize(("status", "facts", "cls"), REPLIES, ids=lambda value: getattr(value, "__name__", None))
def test_errors_keep_their_meaning(
    library: Any, server: MockServer, caller: Any, status: int, facts: dict[str, str], cls: type[ModelCallError]
) -> None:
    body = {"error": {"message": "no, sk-secret-1", **facts}}
    server.reply({"status": status, "headers": {"x-request-id": "r-1"}, "body": body})
    with pytest.raises(ModelCallError) as caught:
        caller.call(build(f"{server.url}/v1"), "hi")
    error = caught.value
    assert type(error) is cls
    assert (error.status, error.config_name, error.model_type) == (status, "lite", "litellm_chat")
    assert error.request_id == "r-1"
    assert error.message == "no, ***"
    assert error.code == facts.get("code")
    assert len(server.requests) == 1


@noisy
@pytest.mark.parametrize("streams", [False, True], ids=["whole", "stream"])
def test_the_retry_policy_is_ours(library: Any, server: MockServer, caller: Any, streams: bool) -> None:
    server.script("429", "500", "ok")
    model = build(f"{server.url}/v1")
    response = caller.deltas(model, "echo: hi")[1] if streams else caller.call(model, "echo: hi")
    assert response.text == "hi"
    assert len(server.requests) == 3
    server.script("500", "500", "500", "500")
    with pytest.raises(errors.ServerError):
        caller.call(model, "echo: hi")
    assert len(server.requests) == 6


@noisy
def test_retry_after_is_kept(library: Any, server: MockServer, caller: Any) -> None:
    server.reply({"status": 429, "headers": {"retry-after": "1000"}, "body": {"error": {"message": "slow"}}})
    with pytest.raises(errors.RateLimitError) as caught:
        caller.call(build(f"{server.url}/v1"), "hi")
    assert caught.value.retry_after == 1000
    assert len(server.requests) == 1


@noisy
def test_failed_connections(library: Any, server: MockServer, caller: Any, unused_port: int) -> None:
    with pytest.raises(errors.ConnectionError):
        caller.call(build(f"http://127.0.0.1:{unused_port}/v1"), "hi")
    server.script("reset", "ok")
    assert caller.call(build(f"{server.url}/v1"), "echo: hi").text == "hi"
    server.script("hang")
    with pytest.raises(errors.TimeoutError):
        caller.call(build(f"{server.url}/v1", timeout=0.2), "hi")


@noisy
def test_a_stream_that_breaks_keeps_what_arrived(library: Any, server: MockServer, caller: Any) -> None:
    server.script("cut")
    seen: list[str] = []
    model = build(f"{server.url}/v1")

    async def read() -> None:
        async for delta in await model.acall("echo: one two three four", stream=True):
            seen.append(delta.text)

    with pytest.raises(errors.StreamInterruptedError) as caught:
        if type(caller).__name__ == "Awaiting":
            asyncio.run(read())
        else:
            for delta in model("echo: one two three four", stream=True):
                seen.append(delta.text)
    assert caught.value.partial is not None
    assert caught.value.partial.text == "".join(seen) != ""
    assert caught.value.config_name == "lite"
    assert len(server.requests) == 1


@noisy
def test_a_key_is_asked_for(library: Any, server: MockServer, caller: Any) -> None:
    with pytest.raises(errors.AuthenticationError, match="OPENAI_API_KEY"):
        caller.call(build(f"{server.url}/v1", api_key=None), "hi")
    assert server.requests == []


@noisy
def test_a_closed_stream_gives_its_connection_back(library: Any) -> None:
    with MockServer(chunk_delay=0.05) as server:
        model = build(f"{server.url}/v1")
        response = model("echo: " + "word " * 200, stream=True)
        next(iter(response))
        response.close()
        assert server.wait_until(lambda: server.in_flight == 0, 5)

        async def leave() -> None:
            response = await model.acall("echo: " + "word " * 200, stream=True)
            async for _ in response:
                break
            response.close()
            while server.in_flight:
                await asyncio.sleep(0.01)

        asyncio.run(asyncio.wait_for(leave(), 5))


@noisy
def test_a_cancelled_call_ends(library: Any, server: MockServer) -> None:
    server.script("hang", "hang")
    model = build(f"{server.url}/v1")

    async def cancel(streams: bool) -> None:
        task = asyncio.ensure_future(model.acall("hi", stream=streams))
        while not server.in_flight:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(cancel(False), 5))
    assert server.wait_closed(5)
    asyncio.run(asyncio.wait_for(cancel(True), 5))


IMPORTING = """
import socket, sys
asked = []
for name in ("connect", "connect_ex"):
    setattr(socket.socket, name, lambda self, address: asked.append(address))
socket.getaddrinfo = lambda *args, **kwargs: asked.append(args) or []
from modelhub.registry.installed import WRAPPERS
wrapper = WRAPPERS.load("litellm_chat")
assert "litellm" not in sys.modules
sys.modules[wrapper.__module__].load_library("x")
assert "litellm" in sys.modules
print(asked)
"""


def test_importing_the_library_asks_nobody(library: Any) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LITELLM_")}
    command = [sys.executable, "-c", IMPORTING]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


# What the library sends and reads for each of its vendors.


class Recorded(BaseHTTPRequestHandler):
    """Serves the replies of one recording in order, and keeps what was sent."""

    replies: list[dict[str, Any]]
    sent: list[tuple[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        path = self.path.partition("?")[0]
        if path == "/api/show":  # what an Ollama model can do, which the recordings leave out
            return self.answer({"status": 404, "body": "{}"})
        self.sent.append((path, json.loads(body)))
        return self.answer(self.replies.pop(0))

    def answer(self, reply: dict[str, Any]) -> None:
        texts = reply["chunks"] if "chunks" in reply else [reply.get("body") or ""]
        pieces = [text.encode("utf-8", "surrogateescape") for text in texts]
        self.send_response(reply["status"])
        for name, value in (reply.get("headers") or {}).items():
            self.send_header(name, value)
        # A body that stops short of its length is what a dropped connection looks like.
        missing = 10 if reply.get("end") == "abrupt" else 0
        self.send_header("Content-Length", str(len(b"".join(pieces)) + missing))
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def recorded() -> Iterator[tuple[type[Recorded], str]]:
    kind = type("Now", (Recorded,), {"replies": [], "sent": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield kind, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def read(path: Path) -> dict[str, Any]:
    recording: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return recording


# modelhub has no model_type for LiteLLM's embeddings.
CASES = [path for path in sorted(RECORDINGS.glob("*.json")) if read(path)["call"]["method"] == "litellm.completion"]
CLASSES = {
    "ContextWindowExceededError": errors.ContextLengthError,
    "ContentPolicyViolationError": errors.ContentFilterError,
    "MidStreamFallbackError": errors.StreamInterruptedError,
}
BY_STATUS = {
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    408: errors.TimeoutError,
    429: errors.RateLimitError,
}


@noisy
@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_recordings(library: Any, caller: Any, recorded: tuple[type[Recorded], str], path: Path) -> None:
    recording = read(path)
    server, url = recorded
    exchanges = recording.get("exchanges") or ([recording] if recording["response"] else [])
    server.replies[:] = [exchange["response"] for exchange in exchanges]
    options = dict(recording["call"]["kwargs"])
    tries = (options.pop("max_retries", None) or options.pop("num_retries", None) or 0) + 1
    model = build(
        url + (recording["call"].get("api_base_path") or ""),
        model_name=options.pop("model"),
        api_key=options.pop("api_key", None),
        retry={"max_attempts": tries, "initial": 0},
    )
    messages = options.pop("messages")
    expected = recording.get("robust_expected") or recording["sdk_parsed"]
    try:
        stream = options.pop("stream", False)
        call = caller.deltas if stream else caller.call
        outcome = call(model, messages, **options)
        response = outcome[1] if stream else outcome
    except ModelCallError as error:
        if "response_format" in options and type(error) is errors.ResponseParsingError:
            check_response(error.partial, expected)  # the recorded answer is no JSON
        else:
            assert "error_class" in expected, repr(error)
            check_error(error, expected)
    else:
        assert "error_class" not in expected
        check_response(response, expected)
    assert [place for place, _ in server.sent] == [exchange["request"]["path"] for exchange in exchanges]
    for (_, body), exchange in zip(server.sent, exchanges, strict=True):
        wanted = exchange.get("request_json") or recording["request_json"]
        if "stream_options" not in wanted:  # modelhub asks for the usage
            body.pop("stream_options", None)
        assert compare("litellm", wanted, body) == []


def check_error(error: ModelCallError, expected: dict[str, Any]) -> None:
    status = expected["status_code"]
    cls = CLASSES.get(expected["error_class"]) or BY_STATUS.get(status)
    cls = cls or (errors.ServerError if status >= 500 else errors.BadRequestError)
    assert type(error) is cls
    if cls is not errors.StreamInterruptedError:
        assert error.status == status
    assert error.config_name == "lite"
    assert "test-key" not in str(error)
    if "partial" in expected:
        assert error.partial is not None
        assert error.partial.text == expected["partial"]["text"]


def check_response(response: Any, expected: dict[str, Any]) -> None:
    assert (response.text or "") == (expected["text"] or "")
    assert (response.reasoning or None) == (expected.get("reasoning") or None)
    assert response.finish_reason == expected["finish_reason"]
    calls = [{"name": call.name, "arguments": call.arguments} for call in response.tool_calls or ()]
    wanted = [
        {
            "name": call["name"],
            "arguments": json.loads(call["arguments"]) if isinstance(call["arguments"], str) else call["arguments"],
        }
        for call in expected["tool_calls"] or ()
    ]
    assert calls == wanted
    usage = expected.get("usage") or {}
    for name in ("prompt_tokens", "completion_tokens", "total_tokens"):
        if name in usage:
            assert getattr(response.usage, name) == usage[name]
