"""The POST wrappers against servers that we did not write: Hugging Face's inference toolkit and ModelScope's own.

Neither is installed here: each test runs when its environment variable names a server that is up, and works with any
model of the task. ``MODELHUB_TEST_HF_URL`` is the URL of a chat model (``http://127.0.0.1:8080/invocations``).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import modelhub
from modelhub import errors

pytestmark = pytest.mark.servers
SERVERS = {
    "chat": ("MODELHUB_TEST_HF_URL", "Hugging Face's toolkit with HF_TASK=text-generation"),
    "tokens": ("MODELHUB_TEST_HF_EMBEDDING_URL", "Hugging Face's toolkit with HF_TASK=feature-extraction"),
    "classes": ("MODELHUB_TEST_HF_CLASSIFICATION_URL", "Hugging Face's toolkit with HF_TASK=text-classification"),
    "call": ("MODELHUB_TEST_MODELSCOPE_URL", "the /call of ModelScope's server with a text-classification model"),
    "vectors": ("MODELHUB_TEST_MODELSCOPE_EMBEDDING_URL", "the /call of ModelScope's server that embeds sentences"),
}
GREEDY = {"max_new_tokens": 8, "do_sample": False}
ANSWER = {**GREEDY, "return_full_text": False}


def build(server: str, model_type: str, **keys: Any) -> Any:
    """A model on ``server``; skips the test where there is none."""
    variable, what = SERVERS[server]
    url = os.environ.get(variable)
    if not url:
        pytest.skip(f"{variable} is not set to the URL of {what}")
    config = {"config_name": "real", "model_type": model_type, "api_url": url, "retry": {"max_attempts": 1}, **keys}
    if server not in ("call", "vectors"):
        config.setdefault("messages_key", "inputs")
    modelhub.init(model_configs=[config])
    return modelhub.get_model("real")


def test_a_chat(caller: Any) -> None:
    model = build("chat", "post_api_chat", json_args={"parameters": ANSWER})
    response = caller.call(model, "hello")
    assert response.text
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


def test_plain_prompts(caller: Any) -> None:
    model = build("chat", "post_api", json_args={"parameters": ANSWER})
    response = caller.call(model, "hello")
    assert response.text
    assert caller.call(model, "hello", parameters=GREEDY).text == "hello" + response.text
    several = caller.call(model, ["hello", "hi"])
    assert several.text == several.raw[0][0]["generated_text"] == response.text
    assert len(several.raw) == 2


def test_errors_of_hugging_face(caller: Any) -> None:
    model = build("chat", "post_api_chat")
    with pytest.raises(errors.BadRequestError, match="nope") as caught:
        caller.call(model, "hello", parameters={"nope": 1})
    assert (caught.value.status, caught.value.code) == (400, "InternalServerException")
    assert caught.value.request_id
    origin = os.environ["MODELHUB_TEST_HF_URL"].split("/", 3)
    missing = build("chat", "post_api_chat", api_url="/".join([*origin[:3], "predictions", "missing"]))
    with pytest.raises(errors.NotFoundError, match="Model not found: missing") as caught_missing:
        caller.call(missing, "hello")
    assert caught_missing.value.code == "ModelNotFoundException"


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_vectors_of_tokens(caller: Any, pooling: str) -> None:
    model = build("tokens", "post_api_embedding", pooling=pooling)
    several = caller.call(model, ["hello", "a b c"])
    assert len(several.embedding) == 2
    assert len(set(map(len, several.embedding))) == 1
    assert caller.call(model, "hello").embedding == [pytest.approx(several.embedding[0], abs=1e-4)]


def test_vectors_of_tokens_that_are_not_pooled(caller: Any) -> None:
    model = build("tokens", "post_api_embedding")
    for texts in ("hello", ["hello", "a b c"]):
        with pytest.raises(errors.ResponseParsingError, match="set pooling"):
            caller.call(model, texts)


def test_classes(caller: Any) -> None:
    model = build("classes", "post_api")
    response = caller.call(model, "good movie")
    assert response.text is None
    assert response.raw[0].keys() == {"label", "score"}
    several = caller.call(model, ["good movie", "bad"], parameters={"top_k": 2})
    assert [len(rows) for rows in several.raw] == [2, 2]


def test_classes_of_modelscope(caller: Any) -> None:
    model = build("call", "post_api", messages_key="input.text")
    assert len(caller.call(model, "good movie").raw["labels"]) > 1
    one = caller.call(model, "good movie", parameters={"topk": 1})
    assert one.raw.keys() == {"scores", "labels"}
    assert len(one.raw["labels"]) == 1


def test_vectors_of_modelscope(caller: Any) -> None:
    model = build("vectors", "post_api_embedding", messages_key="input.source_sentence")
    response = caller.call(model, ["hello", "a b c"])
    assert len(response.embedding) == 2
    compared = caller.call(model, ["hello"], input={"sentences_to_compare": ["a b", "c"]})
    assert len(compared.raw["scores"]) == 2
    assert compared.embedding[0] == pytest.approx(response.embedding[0], abs=1e-4)


def test_errors_of_modelscope(caller: Any) -> None:
    model = build("call", "post_api", messages_key="inputs")
    with pytest.raises(errors.ServerError, match=r"ValueError: No input data!") as caught:
        caller.call(model, "good movie")
    assert caught.value.status == 500
    assert "Traceback" not in str(caught.value)
