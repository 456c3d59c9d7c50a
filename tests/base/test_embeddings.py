"""Texts to embed: as many vectors as texts, in parts where the vendor takes no more at once."""

from __future__ import annotations

import json
import math
import threading
from typing import Any

import pytest

from modelhub import ModelRegistry, errors
from modelhub.testing import MockServer, Replay
from modelhub.validation import load_schema
from modelhub.vendors import find_vendor

TYPES = ("openai_embedding", "zhipuai_embedding", "gemini_embedding", "dashscope_text_embedding", "ollama_embedding")
ADDRESSES: dict[str, dict[str, Any]] = {
    "ollama_embedding": {"host": "http://recorded"},
    "post_api_embedding": {"api_url": "http://recorded/embed"},
    "dashscope_text_embedding": {"client_args": {"base_url": "http://recorded/api/v1"}},
}


def build_body(model_type: str, vectors: list[Any]) -> dict[str, Any]:
    """The reply of a vendor that gives ``vectors``, and says that each cost a token."""
    if model_type == "dashscope_text_embedding":
        rows = [{"text_index": n, "embedding": vector} for n, vector in enumerate(vectors)]
        return {"output": {"embeddings": rows}, "usage": {"total_tokens": len(vectors)}, "request_id": "r"}
    if model_type == "gemini_embedding":
        return {"embeddings": [{"values": v} for v in vectors], "usageMetadata": {"promptTokenCount": len(vectors)}}
    if model_type == "ollama_embedding":
        return {"embeddings": vectors, "prompt_eval_count": len(vectors)}
    rows = [{"index": n, "embedding": vector} for n, vector in enumerate(vectors)]
    return {"data": rows, "usage": {"prompt_tokens": len(vectors), "total_tokens": len(vectors)}}


def count_texts(body: dict[str, Any]) -> int:
    """How many texts a request holds, whatever the vendor calls them."""
    texts = body.get("requests") or body["input"]
    return len(texts["texts"] if isinstance(texts, dict) else texts)


def build(model_type: str, *vectors: list[Any], **config: Any) -> tuple[Any, Replay]:
    bodies = [json.dumps(build_body(model_type, some)) for some in vectors]
    connections = Replay([{"status": 200, "headers": {}, "body": body} for body in bodies])
    at = ADDRESSES.get(model_type, {"client_args": {"base_url": "http://recorded"}})
    given = {"config_name": "e", "model_type": model_type, "model_name": "m", "api_key": "k.1", **at, **config}
    given = {key: value for key, value in given.items() if value is not None}
    model = ModelRegistry(given).get_model("e")
    model.drivers = connections
    return model, connections


WRONG = {
    "too few": ([[0.1]], "1 embeddings of 2 texts"),
    "too many": ([[0.1], [0.2], [0.3]], "3 embeddings of 2 texts"),
    "none": ([], "no embedding"),
    "an empty one": ([[0.1], []], "embedding 2 of 2 is empty"),
    "a null": ([None, [0.1]], "embedding 1 of 2 is empty"),
    "nulls in one": ([[0.1], [0.2, None]], "embedding 2 of 2 holds what is no number"),
    "not a number": ([[0.1], [math.nan]], "embedding 2 of 2 holds what is no number"),
    "endless": ([[math.inf], [0.1]], "embedding 1 of 2 holds what is no number"),
}


@pytest.mark.parametrize("model_type", (*TYPES, "post_api_embedding"))
@pytest.mark.parametrize("what", WRONG)
def test_vectors_are_counted_and_looked_at(model_type: str, what: str, caller: Any) -> None:
    vectors, words = WRONG[what]
    model, _ = build(model_type, vectors, **({"model_name": None} if model_type.startswith("post") else {}))
    with pytest.raises(errors.ResponseParsingError) as caught:
        caller.call(model, ["red", "green"])
    # Where the form of the reply itself is wrong, the wrapper may say so first.
    assert words in str(caught.value) or model_type == "post_api_embedding" or "expected shape" in str(caught.value)
    assert caught.value.status == 200


@pytest.mark.parametrize("model_type", TYPES)
def test_many_texts_are_sent_in_parts(model_type: str) -> None:
    told = (load_schema(model_type) or {}).get("x-capabilities", {}).get("limits", {})
    size = told.get("batch_size")
    model, _ = build(model_type)
    assert model.find_batch_size() == size
    count = 2 * (size or 50) + 1
    parts = [size, size, 1] if size else [count]
    model, connections = build(model_type, *([[0.5, n] for n in range(part)] for part in parts))
    response = model([f"text {n}" for n in range(count)])
    assert [count_texts(json.loads(request.body)) for request in connections.requests] == parts
    assert response.embedding == [[0.5, n] for part in parts for n in range(part)]
    assert response.usage.prompt_tokens == count


def test_a_part_that_fails_is_named() -> None:
    model, connections = build("zhipuai_embedding", [[0.5]] * 64, [[0.5]] * 63)
    with pytest.raises(errors.ResponseParsingError, match="texts 65 to 128 of 130: the reply holds 63 embeddings"):
        model(["x"] * 130)
    assert len(connections.requests) == 2


def test_a_part_that_is_refused_is_named() -> None:
    model, _ = build("zhipuai_embedding")
    whole = json.dumps(build_body("zhipuai_embedding", [[0.5]] * 64))
    refusal = '{"error": {"message": "a text is empty"}}'
    model.drivers = Replay(
        [{"status": 200, "headers": {}, "body": whole}, {"status": 400, "headers": {}, "body": refusal}]
    )
    with pytest.raises(errors.BadRequestError, match="texts 65 to 66 of 66: a text is empty"):
        model(["x"] * 66)


def test_a_vendor_by_name_has_its_own_limit() -> None:
    vendor = find_vendor("siliconflow")
    assert vendor is not None and vendor.batch_size
    sizes = [vendor.batch_size, 3]
    model, connections = build("openai_embedding", *([[0.5]] * size for size in sizes), vendor="siliconflow")
    assert len(model(["x"] * sum(sizes)).embedding) == sum(sizes)
    assert [count_texts(json.loads(request.body)) for request in connections.requests] == sizes


def test_one_text_may_be_more_than_a_list_says() -> None:
    """An input that is no list of texts may have any number of vectors."""
    model, _ = build("post_api_embedding", [[0.1], [0.2]], model_name=None)
    assert model({"first": "a", "second": "b"}).embedding == [[0.1], [0.2]]


@pytest.mark.parametrize("most", [None, 2])
def test_parts_are_sent_at_once_and_within_the_limits(most: int | None, caller: Any) -> None:
    with MockServer(latency=0.2) as server:
        config = {"config_name": "e", "model_type": "dashscope_text_embedding", "model_name": "text-embedding-v3"}
        limits = {"limits": {"concurrency": most}} if most else {}
        common = {"api_key": "k", "client_args": {"base_url": f"{server.url}/api/v1"}}
        with ModelRegistry({**config, **common, **limits}) as hub:
            texts = [f"text {n}" for n in range(45)]
            busiest, done = 0, threading.Event()

            def watch() -> None:
                nonlocal busiest
                while not done.wait(0.002):
                    busiest = max(busiest, server.in_flight)

            watcher = threading.Thread(target=watch)
            watcher.start()
            reply = caller.call(hub.get_model("e"), texts)
            done.set()
            watcher.join()
            assert len(reply.embedding) == 45
            assert [attempt.outcome for attempt in reply.trail] == ["answered"] * len(server.requests)
            assert len(server.requests) == 5
            assert busiest == (most or 5)
            right = [hub.get_model("e")(text).embedding[0] for text in texts[::11]]
            assert reply.embedding[::11] == right
