"""Structured answers, local images and token counts: what every chat wrapper has besides its wire."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry, ResponseParsingError, errors
from modelhub.media import find_local_path, split_data_uri
from modelhub.testing import MockServer

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "number"}},
    "required": ["city", "degrees"],
    "additionalProperties": False,
}
FORMAT = {"type": "json_schema", "json_schema": {"name": "weather", "schema": SCHEMA, "strict": True}}
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC")


@pytest.mark.parametrize("name", ["openai", "ollama"])
def test_an_answer_in_the_form_asked_for(hub: ModelRegistry, caller: Any, name: str) -> None:
    model = hub.get_model(name)
    response = caller.call(model, "weather?", response_format=FORMAT)
    assert set(response.parsed) == {"city", "degrees"}
    _, streamed = caller.deltas(model, "weather?", response_format=FORMAT)
    assert streamed.parsed == response.parsed
    assert isinstance(caller.call(model, "weather?", response_format={"type": "json_object"}).parsed, dict)
    assert caller.call(model, "weather?").parsed is None


WRONG = [
    ('{"city": "Paris"}', "does not fit its schema: .*'degrees' is a required property"),
    ('{"city": "Paris", "degrees": "hot"}', "does not fit its schema: degrees: 'hot' is not of type 'number'"),
    ("It is hot in Paris.", "the answer is not JSON: 'It is hot in Paris.'"),
    ("", "the answer is not JSON: ''"),
]


@pytest.mark.parametrize(("text", "match"), WRONG)
def test_an_answer_that_does_not_fit(
    hub: ModelRegistry, caller: Any, server: MockServer, text: str, match: str
) -> None:
    model = hub.get_model("openai")
    server.reply(text, text)
    for call in (caller.call, caller.deltas):
        with pytest.raises(ResponseParsingError, match=match) as caught:
            call(model, "weather?", response_format=FORMAT)
        assert caught.value.config_name == "openai"
        assert caught.value.partial is not None
        assert caught.value.partial.text == text, "what was paid for is not lost"
    assert len(server.requests) == 2, "the same question would be answered the same way"


def test_an_answer_that_was_cut_or_fenced(hub: ModelRegistry, server: MockServer) -> None:
    model = hub.get_model("openai")
    server.reply({"text": '{"city": "Par', "finish_reason": "length"})
    with pytest.raises(ResponseParsingError, match="ran into its limit of tokens"):
        model("weather?", response_format=FORMAT)
    server.reply('```json\n{"city": "Paris", "degrees": 20}\n```')
    assert model("weather?", response_format=FORMAT).parsed == {"city": "Paris", "degrees": 20}
    server.reply({"tool_calls": [{"name": "f", "arguments": {}}]})
    assert model("weather?", response_format=FORMAT).parsed is None


@pytest.mark.parametrize("form", ["path", "url", "str"])
def test_local_images_become_data(hub: ModelRegistry, server: MockServer, tmp_path: Path, form: str) -> None:
    path = tmp_path / "a picture"  # the content tells what it is, not the name
    path.write_bytes(PNG)
    url = path.as_uri() if form == "url" else str(path)
    part = {"type": "image_url", "image_url": url if form == "str" else {"url": url, "detail": "low"}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "echo: seen"}, part]}]
    for name in ("openai", "ollama"):
        assert hub.get_model(name)(messages).text == "seen"
    data = base64.b64encode(PNG).decode()
    sent = server.requests[0].json["messages"][0]["content"][1]["image_url"]
    assert sent == {"url": f"data:image/png;base64,{data}", **({} if form == "str" else {"detail": "low"})}
    assert server.requests[1].json["messages"][0]["images"] == [data]
    assert messages[0]["content"][1] is part, "what the caller gave stays as it was"


def test_images_that_are_not_there(hub: ModelRegistry, caller: Any, server: MockServer) -> None:
    for image in ("nowhere.png", {"url": "/nowhere/a.png"}, {"url": "file:///nowhere/a.png"}):
        with pytest.raises(errors.BadRequestError, match=r"nowhere.*No such file") as caught:
            caller.call(
                hub.get_model("openai"), [{"role": "user", "content": [{"type": "image_url", "image_url": image}]}]
            )
        assert caught.value.config_name == "openai"
    assert server.requests == []


@pytest.mark.parametrize("url", ["https://e.com/a.png", "data:image/png;base64,AA", "oss://bucket/a", "gs://b/a"])
def test_urls_are_no_paths(url: str) -> None:
    assert find_local_path(url) is None


def test_data_uris() -> None:
    assert split_data_uri("data:image/png;base64,QUJD") == ("image/png", "QUJD")
    assert split_data_uri("DATA:;base64,QUJD") == ("text/plain", "QUJD")
    assert split_data_uri("https://e.com") is None
    assert split_data_uri("data:text/plain,hello%21") == ("text/plain", "aGVsbG8h")
    with pytest.raises(errors.BadRequestError, match="comma"):
        split_data_uri("data:image/png")


def test_an_estimate_of_tokens_says_so(hub: ModelRegistry, caller: Any) -> None:
    import asyncio

    model = hub.get_model("openai")
    short = model.count_tokens("Hello there")
    assert short.estimated
    assert 3 <= short <= 12
    assert model.count_tokens("你好，世界" * 10) > model.count_tokens("hello" * 10)
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]
    assert model.count_tokens("Hello there", tools=tools) > short
    assert asyncio.run(model.acount_tokens("Hello there")) == short
    with pytest.raises(errors.BadRequestError, match="messages must be"):
        model.count_tokens(3)
