"""Ollama's prompts and vectors: what the recordings do not show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.testing import MockServer

IMAGE = "iVBORw0KGgo="


@pytest.fixture
def hub(server: MockServer) -> Iterator[ModelRegistry]:
    shared = {"model_name": "tiny", "host": server.url, "retry": {"max_attempts": 1}, "timeout": 20}
    generate = {"config_name": "generate", "model_type": "ollama_generate", "keep_alive": "1m", "think": True}
    embedding = {"config_name": "embedding", "model_type": "ollama_embedding", "options": {"num_ctx": 99}}
    with ModelRegistry([{**generate, "options": {"seed": 1}, **shared}, {**embedding, **shared}]) as hub:
        yield hub


def test_generate(hub: ModelRegistry, caller: Any, server: MockServer) -> None:
    model = hub.get_model("generate")
    response = caller.call(model, "echo: hi", system="be brief", suffix="end", max_tokens=50, stop="X")
    assert (response.text, response.finish_reason, response.model) == ("hi", "stop", "tiny")
    assert response.reasoning and response.usage.completion_tokens
    assert server.requests[-1].json == {
        "model": "tiny",
        "prompt": "echo: hi",
        "stream": False,
        "keep_alive": "1m",
        "think": True,
        "system": "be brief",
        "suffix": "end",
        "options": {"seed": 1, "num_predict": 50, "stop": ["X"]},
    }
    deltas, response = caller.deltas(model, prompt="count: 4")
    assert response.text == "".join(delta.text for delta in deltas) == "1 2 3 4"
    assert (response.finish_reason, response.usage.completion_tokens > 4) == ("stop", True)
    assert response.reasoning == "".join(delta.reasoning or "" for delta in deltas)


def test_generate_what_fits_a_schema(hub: ModelRegistry, caller: Any) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    form = {"type": "json_schema", "json_schema": {"name": "place", "schema": schema}}
    assert caller.call(hub.get_model("generate"), 'the place is "Oslo"', response_format=form).parsed == {
        "city": "Oslo"
    }


@pytest.mark.parametrize("image", [IMAGE, f"data:image/png;base64,{IMAGE}"])
def test_images_of_a_prompt(hub: ModelRegistry, server: MockServer, image: str) -> None:
    hub.get_model("generate")("what is this?", images=[image])
    assert server.requests[-1].json["images"] == [IMAGE]


def test_images_that_are_drawn(hub: ModelRegistry, server: MockServer) -> None:
    server.reply({"status": 200, "body": json.dumps({"response": "", "image": IMAGE, "done": True})})
    assert hub.get_model("generate")("a cat", width=64).image_urls == [f"data:image/png;base64,{IMAGE}"]
    assert server.requests[-1].json["width"] == 64


REFUSED = [
    ("tools", {"tools": [{"type": "function", "function": {"name": "f"}}]}),
    ("tools", {"tools": {"type": "function", "function": {"name": "f"}}, "tool_choice": "auto"}),
    ("not by URL", {"images": ["https://example.com/cat.png"]}),
    ("response_format", {"response_format": {"type": "grammar"}}),
]


@pytest.mark.parametrize(("words", "options"), REFUSED, ids=[words for words, _ in REFUSED])
def test_what_generate_refuses(hub: ModelRegistry, server: MockServer, words: str, options: dict[str, Any]) -> None:
    with pytest.raises(errors.BadRequestError, match=f"generate .*{words}"):
        hub.get_model("generate")("hi", **options)
    assert server.requests == []


def test_a_prompt_is_text(hub: ModelRegistry) -> None:
    with pytest.raises(errors.BadRequestError, match="messages are for ollama_chat"):
        hub.get_model("generate")([{"role": "user", "content": "hi"}])


def test_errors_of_generate(hub: ModelRegistry, caller: Any, server: MockServer) -> None:
    model = hub.get_model("generate")
    server.reply({"status": 500, "body": '{"error": "option \\"num_ctx\\" must be of type integer"}'})
    with pytest.raises(errors.BadRequestError):
        caller.call(model, "hi", num_ctx="big")
    server.reply({"status": 200, "chunks": ['{"response": "Hel"}\n', '{"error": "boom"}\n']})
    with pytest.raises(errors.ModelCallError, match="boom") as caught:
        caller.deltas(model, "hi")
    assert caught.value.partial is not None and caught.value.partial.text == "Hel"


@pytest.mark.parametrize("name", ["prompt", "texts"])
def test_embedding(hub: ModelRegistry, caller: Any, server: MockServer, name: str) -> None:
    model = hub.get_model("embedding")
    response = caller.call(model, **{name: ["a", "b"]}, dimensions=4, truncate=False)
    assert [len(vector) for vector in response.embedding] == [4, 4]
    assert (response.usage.prompt_tokens, response.model) == (2, "tiny")
    sent = {"model": "tiny", "input": ["a", "b"], "dimensions": 4, "truncate": False, "options": {"num_ctx": 99}}
    assert server.requests[-1].json == sent
    assert server.requests[-1].path == "/api/embed"
    assert len(caller.call(model, "a", keep_alive=0).embedding) == 1
    assert server.requests[-1].json["keep_alive"] == 0


@pytest.mark.parametrize("texts", [None, [], [1]])
def test_texts_of_an_embedding(hub: ModelRegistry, texts: Any) -> None:
    with pytest.raises(errors.BadRequestError, match="texts must be"):
        hub.get_model("embedding")(texts)


def test_an_embedding_without_vectors(hub: ModelRegistry, server: MockServer) -> None:
    for body in ('{"embeddings": []}', "{}"):
        server.reply({"status": 200, "body": body})
        with pytest.raises(errors.ResponseParsingError):
            hub.get_model("embedding")("a")
