"""The POST wrappers against servers that we did not write: Hugging Face's inference toolkit and ModelScope's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from modelhub import ModelRegistry, errors

from .chosen import needs

huggingface, modelscope = needs("huggingface"), needs("modelscope")
SERVERS = {
    "chat": ("huggingface text-generation", "/invocations"),
    "tokens": ("huggingface feature-extraction", "/invocations"),
    "classes": ("huggingface text-classification", "/invocations"),
    "call": ("modelscope text-classification", "/call"),
    "vectors": ("modelscope sentence-embedding", "/call"),
}
GREEDY = {"max_new_tokens": 8, "do_sample": False}
ANSWER = {**GREEDY, "return_full_text": False}


@pytest.fixture
def build(engines: Any) -> Iterator[Callable[..., Any]]:
    """Build a model on one of the servers."""
    hubs: list[ModelRegistry] = []

    def build(server: str, model_type: str, path: str | None = None, **keys: Any) -> Any:
        name, usual = SERVERS[server]
        url = engines.get(name).url + (path or usual)
        config = {"config_name": "real", "model_type": model_type, "api_url": url, "retry": {"max_attempts": 1}, **keys}
        if name.startswith("huggingface"):
            config.setdefault("messages_key", "inputs")
        hubs.append(ModelRegistry([config]))
        return hubs[-1].get_model("real")

    yield build
    for hub in hubs:
        hub.close()


@huggingface
def test_a_chat(build: Any, caller: Any) -> None:
    model = build("chat", "post_api_chat", json_args={"parameters": ANSWER})
    response = caller.call(model, "hello")
    assert response.text == "Hello! How can I help you?"
    assert response.raw == [{"generated_text": response.text}]
    assert response.request_id
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]
    assert caller.call(model, messages).text
    whole = caller.call(model, "hello", parameters=GREEDY)
    assert whole.text == response.text
    assert whole.raw[0]["generated_text"][-1] == {"role": "assistant", "content": response.text}
    deltas, streamed = caller.deltas(model, "hello")  # the toolkit does not stream, and answers whole
    assert streamed.text == "".join(delta.text or "" for delta in deltas) == response.text
    with ThreadPoolExecutor(4) as threads:
        assert {answer.text for answer in threads.map(model, ["hello"] * 12)} == {response.text}


@huggingface
def test_plain_prompts(build: Any, caller: Any) -> None:
    model = build("chat", "post_api", json_args={"parameters": ANSWER})
    response = caller.call(model, "hello")
    assert response.text
    assert caller.call(model, "hello", parameters=GREEDY).text == "hello" + response.text
    several = caller.call(model, ["hello", "hi"])
    assert several.text == several.raw[0][0]["generated_text"] == response.text
    assert len(several.raw) == 2


@huggingface
def test_errors_of_hugging_face(build: Any, caller: Any) -> None:
    model = build("chat", "post_api_chat")
    with pytest.raises(errors.BadRequestError, match="nope") as caught:
        caller.call(model, "hello", parameters={"nope": 1})
    assert (caught.value.status, caught.value.code) == (400, "InternalServerException")
    assert caught.value.request_id
    missing = build("chat", "post_api_chat", "/predictions/missing")
    with pytest.raises(errors.NotFoundError, match="Model not found: missing") as caught_missing:
        caller.call(missing, "hello")
    assert caught_missing.value.code == "ModelNotFoundException"


@huggingface
@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_vectors_of_tokens(build: Any, caller: Any, pooling: str) -> None:
    model = build("tokens", "post_api_embedding", pooling=pooling)
    several = caller.call(model, ["hello", "a b c"])
    assert len(several.embedding) == 2
    assert len(set(map(len, several.embedding))) == 1
    assert caller.call(model, "hello").embedding == [pytest.approx(several.embedding[0], abs=1e-4)]


@huggingface
def test_vectors_of_tokens_that_are_not_pooled(build: Any, caller: Any) -> None:
    model = build("tokens", "post_api_embedding")
    for texts in ("hello", ["hello", "a b c"]):
        with pytest.raises(errors.ResponseParsingError, match="set pooling"):
            caller.call(model, texts)


@huggingface
def test_classes(build: Any, caller: Any) -> None:
    model = build("classes", "post_api")
    response = caller.call(model, "good movie")
    assert response.text is None
    assert response.raw[0].keys() == {"label", "score"}
    several = caller.call(model, ["good movie", "bad"], parameters={"top_k": 2})
    assert [len(rows) for rows in several.raw] == [2, 2]


@modelscope
def test_classes_of_modelscope(build: Any, caller: Any) -> None:
    model = build("call", "post_api", messages_key="input.text")
    assert len(caller.call(model, "good movie").raw["labels"]) > 1
    one = caller.call(model, "good movie", parameters={"topk": 1})
    assert one.raw.keys() == {"scores", "labels"}
    assert len(one.raw["labels"]) == 1


@modelscope
def test_vectors_of_modelscope(build: Any, caller: Any) -> None:
    model = build("vectors", "post_api_embedding", messages_key="input.source_sentence")
    response = caller.call(model, ["hello", "a b c"])
    assert len(response.embedding) == 2
    compared = caller.call(model, ["hello"], input={"sentences_to_compare": ["a b", "c"]})
    assert len(compared.raw["scores"]) == 2
    assert compared.embedding[0] == pytest.approx(response.embedding[0], abs=1e-4)


@modelscope
def test_errors_of_modelscope(build: Any, caller: Any) -> None:
    model = build("call", "post_api", messages_key="inputs")
    with pytest.raises(errors.ServerError, match=r"ValueError: No input data!") as caught:
        caller.call(model, "good movie")
    assert caught.value.status == 500
    assert "Traceback" not in str(caught.value)
