"""Images from OpenAI's API: URLs, and data URIs of the kind that the image is."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.testing import MockServer

HEADS = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/webp": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
}


@pytest.fixture
def draw(server: MockServer) -> Iterator[Any]:
    config = {"config_name": "img", "model_type": "openai_dall_e", "model_name": "dall-e-3", "api_key": "sk-1"}
    client_args = {"base_url": f"{server.url}/v1"}
    retry = {"max_attempts": 1}
    with ModelRegistry({**config, "client_args": client_args, "retry": retry, "generate_args": {"n": 2}}) as hub:
        yield hub.get_model("img")


def test_urls(draw: Any, caller: Any, server: MockServer) -> None:
    response = caller.call(draw, "a cat", size="256x256", save_local=False)
    assert len(set(response.image_urls)) == 2
    assert all(url.startswith("https://") for url in response.image_urls)
    assert (response.text, response.raw["data"][0]["revised_prompt"]) == (None, "a cat")
    assert server.requests[-1].json == {"model": "dall-e-3", "prompt": "a cat", "n": 2, "size": "256x256"}


def test_base64(draw: Any, caller: Any, server: MockServer) -> None:
    response = caller.call(draw, "a cat", response_format="b64_json", n=1)
    (url,) = response.image_urls
    assert url.startswith("data:image/png;base64,iVBOR")
    assert response.usage.completion_tokens == 64
    assert response.request_id


@pytest.mark.parametrize("told", [None, "png", "webp"])
@pytest.mark.parametrize("kind", HEADS)
def test_an_image_is_what_it_says_itself(draw: Any, server: MockServer, kind: str, told: str | None) -> None:
    packed = base64.b64encode(HEADS[kind] + b"rest").decode()
    body = {"data": [{"b64_json": packed, "url": None}], **({"output_format": told} if told else {})}
    server.reply({"status": 200, "body": json.dumps(body)})
    assert draw("a cat").image_urls == [f"data:{kind};base64,{packed}"]


@pytest.mark.parametrize(("told", "kind"), [(None, "image/png"), ("avif", "image/avif")])
def test_an_unknown_image_is_what_the_reply_says(draw: Any, server: MockServer, told: str | None, kind: str) -> None:
    body = {"data": [{"b64_json": "AAAA"}], "output_format": told}
    server.reply({"status": 200, "body": json.dumps(body)})
    assert draw("a cat").image_urls == [f"data:{kind};base64,AAAA"]


@pytest.mark.parametrize("name", ["stream", "partial_images", "save_local"])
def test_what_is_refused(draw: Any, server: MockServer, name: str) -> None:
    with pytest.raises(errors.BadRequestError, match=f"img .openai_dall_e.*'{name}'"):
        draw("a cat", **{name: True})
    assert server.requests == []


@pytest.mark.parametrize("prompt", ["", None, ["a cat"]])
def test_a_prompt_is_text(draw: Any, prompt: Any) -> None:
    with pytest.raises(errors.BadRequestError, match="prompt must be"):
        draw(prompt)


@pytest.mark.parametrize("body", ["{}", '{"data": [{}]}', '{"data": [{"b64_json": "*"}]}', "[]", "<html>"])
def test_replies_without_images(draw: Any, server: MockServer, body: str) -> None:
    server.reply({"status": 200, "body": body})
    with pytest.raises(errors.ResponseParsingError):
        draw("a cat")


def test_errors(draw: Any, server: MockServer, caller: Any) -> None:
    server.reply({"status": 400, "body": '{"error": {"code": "content_policy_violation", "message": "no"}}'})
    with pytest.raises(errors.ContentFilterError):
        caller.call(draw, "a cat")
    server.script("quota")
    with pytest.raises(errors.QuotaExceededError):
        caller.call(draw, "a cat")
