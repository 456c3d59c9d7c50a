"""What callers pass as texts to embed, and as prompts: understood, or told by its place before anything is sent."""

from __future__ import annotations

import array
import collections
import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub import Msg, errors
from modelhub.base.batches import cut_batches, estimate_tokens
from modelhub.vendors import list_vendors

from ..naming import name_case
from .test_embeddings import TYPES, build

ALL = (*TYPES, "post_api_embedding")
NAMELESS = {"model_name": None}


class Series:
    """Like a series of pandas, and an array of numpy."""

    def __init__(self, *items: Any) -> None:
        self.items = items

    def tolist(self) -> Any:
        return list(self.items)


class Column:
    """Like a series of polars."""

    def to_list(self) -> list[str]:
        return ["a", "b"]


class Frame:
    """Like a table, which is no list of its cells."""

    columns = ("a", "b")

    def __iter__(self) -> Any:
        return iter(self.columns)


class Number:
    """Like a whole number of numpy."""

    def __index__(self) -> int:
        return 7


async def later() -> Any:
    yield "a"


LISTS: dict[str, Any] = {
    "list": lambda: ["a", "b"],
    "tuple": lambda: ("a", "b"),
    "generator": lambda: (text for text in "ab"),
    "map": lambda: map(str, ("a", "b")),
    "deque": lambda: collections.deque("ab"),
    "user list": lambda: collections.UserList("ab"),
    "values": lambda: {1: "a", 2: "b"}.values(),
    "keys": lambda: {"a": 1, "b": 2}.keys(),
    "series": lambda: Series("a", "b"),
    "column": Column,
}

# What is wrong, and how the message says it.
WRONG: list[tuple[Any, str]] = [
    (None, "texts must be a str or a list of str, not None: pass a str or a list of str"),
    (7, "texts must be a str or a list of str, not an int"),
    (b"a", "texts must be a str or a list of str, not bytes: decode it"),
    ({"a", "b"}, "texts must be a str or a list of str, not a set: it has no order, so make it a list"),
    (Frame(), "texts must be a str or a list of str, not a Frame"),
    (later(), "texts must be a str or a list of str, not an async_generator: gather its texts in a list first"),
    (io.StringIO("a"), "texts must be a str or a list of str, not a StringIO"),
    ([], "texts must be a str or a list of str with at least one item"),
    ((), "texts must be a str or a list of str with at least one item"),
    (Series(), "texts must be a str or a list of str with at least one item"),
    (iter(()), "texts must be a str or a list of str with at least one item"),
    (["a", None], "texts[1] must be a str, not None: leave it out"),
    (["a", 7], "texts[1] must be a str, not an int: write it as a str"),
    (["a", float("nan")], "texts[1] must be a str, not nan: leave it out"),
    (["a", 0.5], "texts[1] must be a str, not a float: write it as a str"),
    ([True, "a"], "texts[0] must be a str, not a bool: write it as a str"),
    (["a", b"b"], "texts[1] must be a str, not bytes: decode it"),
    (["a", Msg("user", "b", "user")], "texts[1] must be a str, not a Msg: pass the text alone"),
    ([1, "a"], "texts[1] is a str among int: a list holds texts or tokens, not both"),
]
OBJECTS: list[tuple[Any, str]] = [  # a service of one's own may take these
    ({"text": "a"}, "texts must be a str or a list of str, not a dict: pass a list of its texts"),
    (["a", {"text": "b"}], "texts[1] must be a str, not a dict: pass the text alone"),
    (["a", ["b"]], "texts[1] must be a str, not a list: pass the text alone"),
    (["a", []], "texts[1] is an empty list: leave it out"),
]
TOKENS: list[tuple[Any, Any, int]] = [
    ([1, 2, 3], [1, 2, 3], 1),
    ((1, 2), [1, 2], 1),
    ([Number(), 8], [7, 8], 1),
    (array.array("i", [1, 2]), [1, 2], 1),
    (Series(1, 2), [1, 2], 1),
    ([[1, 2], [3]], [[1, 2], [3]], 2),
    ([(1,), Series(2, 3)], [[1], [2, 3]], 2),
    (["a", [1]], ["a", [1]], 2),
]


def ask(model_type: str, texts: Any, count: int = 2, **config: Any) -> Any:
    """What is sent as texts, or the message of the refusal, before which nothing was sent."""
    nameless = NAMELESS if model_type.startswith("post") else {}
    model, connections = build(model_type, [[0.5]] * count, **nameless, **config)
    try:
        model(texts)
    except errors.BadRequestError as error:
        assert connections.requests == []
        return error.message
    (request,) = connections.requests
    body = json.loads(request.body)
    if "requests" in body:
        return [part["content"]["parts"][0]["text"] for part in body["requests"]]
    if model_type == "dashscope_text_embedding":
        return body["input"]["texts"]
    return body["messages" if model_type == "post_api_embedding" else "input"]


@pytest.mark.parametrize("model_type", ALL)
@pytest.mark.parametrize("form", LISTS)
def test_whatever_holds_texts_in_an_order_is_a_list(model_type: str, form: str) -> None:
    assert ask(model_type, LISTS[form]()) == ["a", "b"]


@pytest.mark.parametrize("model_type", ALL)
@pytest.mark.parametrize(("texts", "words"), WRONG, ids=name_case)
def test_what_is_no_text_is_told(model_type: str, texts: Any, words: str) -> None:
    assert ask(model_type, texts).startswith(words)


@pytest.mark.parametrize("model_type", TYPES)
@pytest.mark.parametrize(("texts", "words"), OBJECTS, ids=name_case)
def test_an_object_is_no_text(model_type: str, texts: Any, words: str) -> None:
    assert ask(model_type, texts) == words


@pytest.mark.parametrize(("texts", "_"), OBJECTS[:3], ids=name_case)
def test_a_service_of_ones_own_judges_objects_itself(texts: Any, _: str) -> None:
    assert ask("post_api_embedding", texts) == texts


@pytest.mark.parametrize(("tokens", "sent", "count"), TOKENS, ids=lambda value: str(value)[:40])
def test_tokens_go_to_those_who_take_them(tokens: Any, sent: Any, count: int) -> None:
    assert ask("openai_embedding", tokens, count) == sent
    for model_type in set(TYPES) - {"openai_embedding"}:
        words = ask(model_type, tokens, count)
        assert "must be" in words and "not a list of int: " in words and words.endswith("takes no tokens"), model_type


def test_one_text_stays_one() -> None:
    assert ask("openai_embedding", "a", 1) == "a"
    assert ask("ollama_embedding", "a", 1) == "a"


REFUSING = ("openai_embedding", "zhipuai_embedding", "gemini_embedding", "dashscope_text_embedding")


@pytest.mark.parametrize("model_type", REFUSING)
def test_an_empty_text_is_told_by_its_index(model_type: str) -> None:
    assert ask(model_type, "") == "texts is empty, which the vendor refuses: leave it out"
    assert ask(model_type, ["a", "b", "c", ""]) == "texts[3] is empty, which the vendor refuses: leave it out"
    assert ask(model_type, ["a", " "]) == ["a", " "]


@pytest.mark.parametrize("model_type", ["ollama_embedding", "post_api_embedding"])
def test_an_empty_text_goes_to_those_who_take_it(model_type: str) -> None:
    assert ask(model_type, ["a", ""]) == ["a", ""]
    assert ask(model_type, "", 1) == ([""] if model_type == "ollama_embedding" else "")


def test_blank_texts_are_told_where_the_vendor_refuses_them() -> None:
    for vendor in list_vendors():
        if "blank_texts" in vendor.lacks:
            assert ask("openai_embedding", ["a", " \n"], vendor=vendor.name).startswith("texts[1] is blank")
            at = {"base_url": vendor.base_url}
            assert ask("openai_embedding", ["a", " \n"], client_args=at).startswith("texts[1] is blank")


def test_contents_of_gemini() -> None:
    model, connections = build("gemini_embedding", [[0.5]] * 3)
    model([{"parts": [{"text": "a"}, "b"]}, "c", {"parts": "d"}])
    rows = json.loads(connections.requests[0].body)["requests"]
    assert [row["content"]["parts"] for row in rows] == [
        [{"text": "a"}, {"text": "b"}],
        [{"text": "c"}],
        [{"text": "d"}],
    ]
    assert ask("gemini_embedding", ["a", {"parts": []}]) == "texts[1] is empty: none of its parts says anything"
    assert ask("gemini_embedding", ["a", {"parts": [{"text": ""}]}]).startswith("texts[1] is empty")
    assert ask("gemini_embedding", {"parts": [7]}) == "texts[0]: a content part must be a dict, not int"


@pytest.mark.parametrize("model_type", ALL)
def test_halves_of_characters_are_mended(model_type: str) -> None:
    assert ask(model_type, ["\ud83d\ude00", "a\ud83d"]) == ["😀", "a\ufffd"]


def test_what_a_caller_passed_is_left_as_it_is() -> None:
    texts: list[Any] = ["a", [1]]
    assert ask("openai_embedding", texts) == texts
    given = SimpleNamespace(texts=[(1,), (2,)])
    ask("openai_embedding", given.texts)
    assert given.texts == [(1,), (2,)]


# Limits.


@pytest.mark.parametrize(
    ("host", "sizes"),
    [
        ("https://dashscope.aliyuncs.com/compatible-mode/v1", [10, 10, 1]),
        ("https://dashscope-intl.aliyuncs.com/compatible-mode/v1", [10, 10, 1]),
        ("https://api.siliconflow.cn/v1", [21]),
        ("https://api.openai.com/v1", [21]),
        ("http://127.0.0.1:8000/v1", [21]),
    ],
)
def test_a_vendor_is_known_by_its_address(host: str, sizes: list[int]) -> None:
    model, connections = build("openai_embedding", *([[0.5]] * n for n in sizes), client_args={"base_url": host})
    model(["x"] * 21)
    assert [len(json.loads(request.body)["input"]) for request in connections.requests] == sizes


@pytest.mark.parametrize("text", ["x" * 30_000, "海" * 7_000, list(range(8000))], ids=["letters", "Chinese", "tokens"])
def test_a_request_has_no_more_tokens_than_the_vendor_takes(text: Any) -> None:
    parts = cut_batches([text] * 60, 2048, 300_000)
    assert 2 <= len(parts) <= 3 and sum(map(len, parts)) == 60
    assert all(sum(map(estimate_tokens, part)) <= 300_000 for part in parts)


def test_parts_by_tokens_are_sent() -> None:
    texts = ["x" * 90_000] * 15
    sizes = [len(part) for part in cut_batches(texts, 2048, 300_000)]
    assert len(sizes) > 1
    model, connections = build("openai_embedding", *([[0.5, n] for n in range(size)] for size in sizes))
    assert model(texts).embedding == [[0.5, n] for size in sizes for n in range(size)]
    assert [len(json.loads(request.body)["input"]) for request in connections.requests] == sizes
    model, connections = build("openai_embedding", [[0.5]] * 15, vendor="vllm")
    assert len(model(texts).embedding) == 15


def test_a_model_may_have_a_limit_of_its_own() -> None:
    texts = ["海" * 2000] * 5
    model, connections = build("zhipuai_embedding", [[0.5]] * 2, [[0.5]] * 2, [[0.5]], model_name="embedding-2")
    assert len(model(texts).embedding) == 5
    assert [len(json.loads(request.body)["input"]) for request in connections.requests] == [2, 2, 1]


INPUTS = st.lists(st.text(max_size=30) | st.lists(st.integers(0, 9), min_size=1, max_size=30), min_size=1, max_size=30)


@given(INPUTS, st.none() | st.integers(1, 10), st.none() | st.integers(1, 60))
def test_parts_are_all_inputs_in_order(inputs: list[Any], size: int | None, tokens: int | None) -> None:
    parts = cut_batches(inputs, size, tokens)
    assert [each for part in parts for each in part] == inputs
    for part in parts:
        assert part and (size is None or len(part) <= size)
        assert tokens is None or len(part) == 1 or sum(map(estimate_tokens, part)) <= tokens


# Prompts.

PROMPTS: list[tuple[Any, str]] = [
    (None, "prompt must be a str, not None: pass the text"),
    (b"a", "prompt must be a str, not bytes: decode it"),
    (7, "prompt must be a str, not an int: pass the text"),
    (["a", "b"], "prompt must be a str, not a list: call the model once for each"),
    ([], "prompt must be a str, not a list: messages are for "),
    ([{"role": "user", "content": "a"}], "prompt must be a str, not a list: messages are for "),
    ({"prompt": "a"}, "prompt must be a str, not a dict: messages are for "),
    (Msg("user", "a", "user"), "prompt must be a str, not a Msg: pass the text"),
]
DRAWING = ("openai_dall_e", "dashscope_image_synthesis", "ollama_generate")


@pytest.mark.parametrize("model_type", DRAWING)
@pytest.mark.parametrize(("prompt", "words"), PROMPTS, ids=lambda value: str(value)[:40])
def test_what_is_no_prompt_is_told(model_type: str, prompt: Any, words: str) -> None:
    at = {"host": "http://recorded"} if model_type.startswith("ollama") else {"client_args": {"base_url": "http://r"}}
    model, connections = build(model_type, **at)
    for stream in (None, False):
        with pytest.raises(errors.BadRequestError) as caught:
            model(prompt, stream=stream)
        assert caught.value.message.startswith(words)
    assert connections.requests == []


@pytest.mark.parametrize("model_type", DRAWING[:2])
def test_an_empty_prompt_is_told(model_type: str) -> None:
    model, _ = build(model_type, client_args={"base_url": "http://r"})
    with pytest.raises(errors.BadRequestError, match="prompt must be a str that is not empty"):
        model("")


def test_a_service_that_draws_takes_objects_but_no_bytes() -> None:
    model, connections = build("post_api_dall_e", model_name=None, api_url="http://r", client_args=None)
    for prompt, words in PROMPTS[:3]:
        with pytest.raises(errors.BadRequestError) as caught:
            model(prompt)
        assert words in caught.value.message
    assert connections.requests == []
