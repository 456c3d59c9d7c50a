"""Images and vectors behind an HTTP POST, in each of the shapes that services answer in."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.testing import MockServer

from ..paths import TESTS

URL = "https://example.com/a.png"
DATA = "data:image/png;base64,iVBORw0KGgo="
VECTORS = [[0.5, 1], [2.0, -1.0]]
ROWS = [{"embedding": vector} for vector in VECTORS]


@pytest.fixture
def hub(server: MockServer) -> Iterator[ModelRegistry]:
    retry = {"retry": {"max_attempts": 1}, "timeout": 20}
    images = {"config_name": "images", "model_type": "post_api_dall_e", "api_url": f"{server.url}/llm/images"}
    vectors = {"config_name": "vectors", "model_type": "post_api_embedding", "api_url": f"{server.url}/llm/embeddings"}
    chat = {"config_name": "chat", "model_type": "post_api_chat", "api_url": f"{server.url}/llm/"}
    plain = {"config_name": "plain", "model_type": "post_api", "api_url": f"{server.url}/llm/"}
    configs = [{**images, "messages_key": "prompt", "json_args": {"n": 2}}, vectors, chat, plain]
    with ModelRegistry([{**config, **retry} for config in configs]) as hub:
        yield hub


def test_they_talk_to_the_mock(hub: ModelRegistry, caller: Any, server: MockServer) -> None:
    response = caller.call(hub.get_model("images"), "a cat", size="1x1")
    assert [url[:8] for url in response.image_urls] == ["https://"] * 2
    assert server.requests[-1].json == {"prompt": "a cat", "n": 2, "size": "1x1"}
    response = caller.call(hub.get_model("vectors"), ["a", "b", "c"])
    assert len(response.embedding) == 3
    assert response.raw["data"]["response"]["data"]
    assert server.requests[-1].json == {"messages": ["a", "b", "c"]}
    assert len(caller.call(hub.get_model("vectors"), "a").embedding) == 1


@pytest.mark.parametrize("name", ["images", "vectors", "chat", "plain"])
def test_agentscopes_name_of_the_input(hub: ModelRegistry, caller: Any, server: MockServer, name: str) -> None:
    caller.call(hub.get_model(name), input_="hi")
    sent = server.requests[-1].json
    assert (sent.get("prompt") or sent["messages"]) in ("hi", [{"role": "user", "content": "hi"}])


def test_the_tasks_names_of_the_input(hub: ModelRegistry, caller: Any) -> None:
    assert caller.call(hub.get_model("images"), prompt="hi").image_urls
    assert caller.call(hub.get_model("vectors"), texts=["hi"]).embedding
    assert caller.call(hub.get_model("chat"), messages="echo: hi").text == "hi"
    deltas, response = caller.deltas(hub.get_model("chat"), input_="echo: hi")
    assert (response.text, len(deltas)) == ("hi", 1)


IMAGES = {
    "envelope": ({"data": {"response": {"data": [{"url": URL}, {"url": URL}]}}}, [URL, URL]),
    "openai": ({"data": [{"url": URL}]}, [URL]),
    "base64": ({"data": [{"b64_json": DATA.partition(",")[2]}]}, [DATA]),
    "base64 in the envelope": ({"data": {"response": {"data": [{"b64_json": "iVBORw0KGgo="}]}}}, [DATA]),
}


@pytest.mark.parametrize(("body", "urls"), IMAGES.values(), ids=IMAGES)
def test_shapes_of_images(hub: ModelRegistry, caller: Any, server: MockServer, body: Any, urls: list[str]) -> None:
    server.reply({"status": 200, "body": json.dumps(body)})
    response = caller.call(hub.get_model("images"), "a cat")
    assert (response.image_urls, response.raw) == (urls, body)


SHAPES = {
    "envelope": {"data": {"response": {"data": ROWS}}},
    "openai": {"data": ROWS},
    "openai, out of order": {"data": [{"index": 1, **ROWS[1]}, {"index": 0, **ROWS[0]}]},
    "bare lists": VECTORS,
}


@pytest.mark.parametrize("body", SHAPES.values(), ids=SHAPES)
def test_shapes_of_vectors(hub: ModelRegistry, caller: Any, server: MockServer, body: Any) -> None:
    server.reply({"status": 200, "body": json.dumps(body)})
    response = caller.call(hub.get_model("vectors"), ["a", "b"])
    assert (response.embedding, response.raw) == (VECTORS, body)


def test_one_bare_vector(hub: ModelRegistry, server: MockServer) -> None:
    server.reply({"status": 200, "body": "[0.5, 1]"})
    assert hub.get_model("vectors")("a").embedding == [[0.5, 1]]


@pytest.mark.parametrize("name", ["images", "vectors", "chat"])
@pytest.mark.parametrize("body", ["{}", "[]", "[[[1]]]", '["a"]', '{"data": 1}', '{"data": {"response": {}}}', '"x"'])
def test_no_known_shape(hub: ModelRegistry, server: MockServer, name: str, body: str) -> None:
    server.reply({"status": 200, "body": body})
    with pytest.raises(errors.ResponseParsingError, match=f"^{name} "):
        hub.get_model(name)("a")


@pytest.mark.parametrize("name", ["images", "vectors", "chat"])
def test_errors_in_the_envelope(hub: ModelRegistry, caller: Any, server: MockServer, name: str) -> None:
    error = {"message": "not allowed", "code": "content_policy_violation"}
    for body in ({"data": {"response": {"error": error}}}, {"error": error}):
        server.reply({"status": 200, "body": json.dumps(body)})
        with pytest.raises(errors.ContentFilterError, match="not allowed"):
            caller.call(hub.get_model(name), "a cat")


# Replies of Hugging Face's inference toolkit and of ModelScope's server, as they sent them.
RECORDED = {
    f"{path.stem}: {case['name']}": case
    for path in sorted((TESTS / "recordings_post").glob("*.json"))
    for case in json.loads(path.read_text("utf-8"))
}


@pytest.mark.parametrize("case", RECORDED.values(), ids=RECORDED)
def test_recorded_replies(caller: Any, server: MockServer, case: dict[str, Any]) -> None:
    config = {"config_name": "m", "api_url": f"{server.url}/llm/", "retry": {"max_attempts": 1}, **case["config"]}
    server.reply(case["reply"])
    with ModelRegistry([config]) as hub:
        if "error" in case:
            with pytest.raises(getattr(errors, case["error"])) as caught:
                caller.call(hub.get_model("m"), case["input"], **case.get("options", {}))
            assert case["message"] in str(caught.value)
            assert "Traceback" not in str(caught.value)
            if "code" in case:
                headers = case["reply"]["headers"]
                assert (caught.value.code, caught.value.request_id) == (case["code"], headers["x-request-id"])
        else:
            response = caller.call(hub.get_model("m"), case["input"], **case.get("options", {}))
            assert response.raw == json.loads(case["reply"]["body"])
            assert response.text == case.get("text")
            assert response.request_id == case["reply"]["headers"].get("x-request-id", "mock-1")
            assert [vector[0] for vector in response.embedding or []] == pytest.approx(case.get("firsts", []))
            assert {len(vector) for vector in response.embedding or []} <= {32}
    assert server.requests[-1].json == case["sends"]


POOLED = {"config_name": "m", "model_type": "post_api_embedding", "pooling": "mean"}


def test_tokens_that_cannot_be_pooled(server: MockServer) -> None:
    with ModelRegistry([{**POOLED, "api_url": f"{server.url}/llm/", "retry": {"max_attempts": 1}}]) as pooled:
        for body in ("[[[1, 2], [3]]]", "[[[[1], [2]], [[3]]]]", '[[["a"]]]', "[[[]]]", "[[1], [[2]]]"):
            server.reply({"status": 200, "body": body})
            with pytest.raises(errors.ResponseParsingError, match="but not of "):
                pooled.get_model("m")("a")
        server.reply({"status": 200, "body": "[[1, 2]]"})
        assert pooled.get_model("m")("a").embedding == [[1, 2]]


def test_where_the_input_goes(server: MockServer) -> None:
    config = {"config_name": "m", "model_type": "post_api", "api_url": f"{server.url}/llm/", "messages_key": "a.b.c"}
    server.reply({"status": 200, "body": "{}"}, {"status": 200, "body": "{}"})
    with ModelRegistry(
        [{**config, "json_args": {"a": {"b": {"d": 1}, "e": 2}}}, {**config, "config_name": "n"}]
    ) as hub:
        hub.get_model("m")("hi", f=3)
        assert server.requests[-1].json == {"a": {"b": {"c": "hi", "d": 1}, "e": 2}, "f": 3}
        hub.get_model("n")("hi")
        assert server.requests[-1].json == {"a": {"b": {"c": "hi"}}}
