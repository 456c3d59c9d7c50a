"""ZhipuAI and Z.AI: what their recordings do not show."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from modelhub.wrappers.zhipuai import build_messages, build_options, build_token, split_key

from modelhub import ModelRegistry, errors
from modelhub.testing import MockServer, Replay

IMAGE = "iVBORw0KGgo="
ANSWER = {"status": 200, "body": '{"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]}'}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}}


def build_config(url: str, model_type: str = "zhipuai_chat", **more: Any) -> dict[str, Any]:
    client_args = {"base_url": f"{url}/api/paas/v4", **more.pop("client_args", {})}
    config = {"config_name": "glm", "model_type": model_type, "model_name": "glm-4.6", "api_key": "my-id.my-secret"}
    return {**config, "client_args": client_args, "retry": {"initial": 0.001}, "timeout": 20, **more}


def ask(config: dict[str, Any], *args: Any, replies: tuple[dict[str, Any], ...] = (ANSWER,), **options: Any) -> Replay:
    """Make a call that is answered with ``replies``; what was sent."""
    connections = Replay(replies)
    with ModelRegistry(config) as hub:
        model = hub.get_model("glm")
        model.transports = connections
        model(*args, **options)
    return connections


def test_it_talks_to_the_mock(server: MockServer, caller: Any) -> None:
    with ModelRegistry(build_config(server.url)) as hub:
        model = hub.get_model("glm")
        response = caller.call(model, "echo: hi", thinking={"type": "enabled"})
        assert (response.text, response.finish_reason) == ("hi", "stop")
        assert response.reasoning and response.usage.total_tokens and response.request_id
        deltas, response = caller.deltas(model, "count: 5")
        assert response.text == "".join(delta.text for delta in deltas) == "1 2 3 4 5"
        assert response.usage.completion_tokens == 5
        assert "stream_options" not in server.requests[-1].json
        _, response = caller.deltas(model, 'get_weather in "Paris"', tools=[TOOL], tool_choice="auto")
        assert [call.name for call in response.tool_calls] == ["get_weather"]
        assert server.requests[-1].json["tool_choice"] == "auto"
    with ModelRegistry(build_config(server.url, "zhipuai_embedding")) as hub:
        response = caller.call(hub.get_model("glm"), ["a", "b"], dimensions=4)
        assert [len(vector) for vector in response.embedding] == [4, 4]
        assert server.requests[-1].json == {"model": "glm-4.6", "input": ["a", "b"], "dimensions": 4}
        assert server.requests[-1].headers["Authorization"] == "Bearer my-id.my-secret"


@pytest.mark.parametrize("how", [{"auth": "jwt"}, {"client_args": {"disable_token_cache": False}}], ids=str)
@pytest.mark.parametrize("model_type", ["zhipuai_chat", "zhipuai_embedding"])
def test_signed_tokens(server: MockServer, caller: Any, model_type: str, how: dict[str, Any]) -> None:
    server.script("429")
    with ModelRegistry(build_config(server.url, model_type, **how)) as hub:
        caller.call(hub.get_model("glm"), "hi")
    for request in server.requests:
        scheme, _, token = request.headers["Authorization"].partition(" ")
        assert scheme == "Bearer" and "my-secret" not in str(request.headers)
        header, payload, signature = token.split(".")
        assert decode(header) == {"alg": "HS256", "sign_type": "SIGN", "typ": "JWT"}
        told = decode(payload)
        assert told["api_key"] == "my-id"
        assert told["exp"] - told["timestamp"] == 210_000
        made = hmac.new(b"my-secret", f"{header}.{payload}".encode(), hashlib.sha256).digest()
        assert base64.urlsafe_b64encode(made).decode().rstrip("=") == signature


def decode(part: str) -> Any:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_tokens_are_renewed() -> None:
    first, again, later = (build_token("i", "s", now) for now in (1000.0, 1000.0, 1060.0))
    assert first == again != later
    assert decode(later.split(".")[1])["exp"] == 1_270_000


@pytest.mark.parametrize("key", ["", "nodot", "a.b.c", ".b", "a."])
def test_a_key_that_cannot_sign(key: str) -> None:
    with pytest.raises(errors.AuthenticationError, match=r"id\.secret"):
        split_key(key)
    with pytest.raises(errors.AuthenticationError) as caught:
        ask(build_config("http://recorded", api_key="wrong-secret-key", auth="jwt"), "hi")
    assert "wrong-secret-key" not in str(caught.value)


def test_where_keys_and_addresses_come_from(monkeypatch: pytest.MonkeyPatch) -> None:
    config = {"config_name": "glm", "model_type": "zhipuai_chat"}
    with pytest.raises(errors.AuthenticationError, match="ZHIPUAI_API_KEY"):
        ask(config, "hi")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-this")
    monkeypatch.setenv("ZAI_API_KEY", "zai.key")
    request = ask(config, "hi").requests[0]
    assert request.url == "https://open.bigmodel.cn/api/paas/v4/chat/completions"
    assert request.headers["Authorization"] == "Bearer zai.key"
    assert not [name for name in request.headers if name.startswith("OpenAI")]
    monkeypatch.setenv("ZAI_BASE_URL", "https://api.z.ai/api/paas/v4/")
    assert ask(config, "hi").requests[0].url == "https://api.z.ai/api/paas/v4/chat/completions"
    monkeypatch.setenv("ZHIPUAI_API_KEY", "zhipu.key")
    monkeypatch.setenv("ZHIPUAI_BASE_URL", "https://example.com/v4")
    request = ask(config, "hi").requests[0]
    assert (request.url, request.headers["Authorization"]) == (
        "https://example.com/v4/chat/completions",
        "Bearer zhipu.key",
    )


CODES = [
    ("1002", 401, errors.AuthenticationError, 1),
    ("1113", 429, errors.QuotaExceededError, 1),
    ("1220", 403, errors.PermissionDeniedError, 1),
    ("1211", 400, errors.NotFoundError, 1),
    ("1210", 400, errors.BadRequestError, 1),
    ("1261", 400, errors.ContextLengthError, 1),
    ("1301", 400, errors.ContentFilterError, 1),
    ("1302", 429, errors.RateLimitError, 3),
    ("1305", 429, errors.RateLimitError, 3),
    ("1308", 429, errors.QuotaExceededError, 1),
    ("1234", 500, errors.ServerError, 3),
    ("1113", 200, errors.QuotaExceededError, 1),
    ("9999", 429, errors.RateLimitError, 3),
]


@pytest.mark.parametrize(("code", "status", "cls", "tries"), CODES)
def test_business_codes(server: MockServer, code: str, status: int, cls: type[Exception], tries: int) -> None:
    body = json.dumps({"error": {"code": code, "message": "没有"}})
    server.reply(*[{"status": status, "body": body}] * 3)
    with ModelRegistry(build_config(server.url)) as hub, pytest.raises(cls) as caught:
        hub.get_model("glm")("hi")
    assert type(caught.value) is cls
    assert (caught.value.code, caught.value.status) == (code, status)  # type: ignore[attr-defined]
    assert len(server.requests) == tries


@pytest.mark.parametrize(
    ("fault", "cls"), [("quota", errors.QuotaExceededError), ("filter", errors.ContentFilterError)]
)
def test_the_mock_uses_the_codes(server: MockServer, fault: str, cls: type[Exception]) -> None:
    server.script(fault)
    with ModelRegistry(build_config(server.url)) as hub, pytest.raises(cls):
        hub.get_model("glm")("hi")
    assert len(server.requests) == 1


def test_a_code_in_a_stream() -> None:
    chunk = 'data: {"choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n'
    reply = {"status": 200, "chunks": [chunk, 'data: {"error":{"code":"1301","message":"no"}}\n\n']}
    with ModelRegistry(build_config("http://recorded")) as hub:
        model = hub.get_model("glm")
        model.transports = Replay([reply])
        with pytest.raises(errors.ContentFilterError) as caught:
            list(model("hi", stream=True))
    assert caught.value.partial is not None and caught.value.partial.text == "Hel"


SAMPLING = [
    ({"temperature": 0}, {"temperature": 0.01, "do_sample": False}),
    ({"temperature": 0, "do_sample": True}, {"temperature": 0.01, "do_sample": True}),
    ({"temperature": 1, "top_p": 1.0}, {"temperature": 0.99, "top_p": 0.99}),
    ({"temperature": 0.5, "top_p": 0}, {"temperature": 0.5, "top_p": 0.01}),
    ({"temperature": 1.5, "top_p": -1}, {"temperature": 0.99, "top_p": 0.01}),
    ({"max_tokens": 1, "stop": "END"}, {"max_tokens": 1, "stop": ["END"]}),
]


@pytest.mark.parametrize(("options", "sent"), SAMPLING)
def test_ends_of_ranges(options: dict[str, Any], sent: dict[str, Any]) -> None:
    assert build_options(dict(options)) == sent


def test_what_is_refused() -> None:
    config = build_config("http://recorded")
    for name in ("temperature", "top_p"):
        with pytest.raises(errors.BadRequestError, match=f"glm.*{name} must be a number, not a string"):
            ask(config, "hi", **{name: "0.5"})
    with pytest.raises(errors.BadRequestError, match="json_schema"):
        ask(config, "hi", response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": {}}})


def test_images_are_sent_bare() -> None:
    picture = {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}", "detail": "low"}}
    linked = {"type": "image_url", "image_url": {"url": "https://example.com/cat.jpg"}}
    messages = [
        {"role": "system", "content": "look"},
        {"role": "user", "content": [picture, linked, {"type": "text", "text": "?"}]},
    ]
    before = json.dumps(messages)
    built = build_messages(messages)
    assert built[1]["content"][0]["image_url"] == {"url": IMAGE, "detail": "low"}
    assert built[1]["content"][1:] == messages[1]["content"][1:]  # type: ignore[comparison-overlap]
    assert json.dumps(messages) == before
