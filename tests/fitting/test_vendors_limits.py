"""Options and messages that one vendor refuses and another takes: left out, written otherwise, or refused by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelhub.errors import BadRequestError

from .vendors import BY_TYPE, VENDORS, Vendor

TYPES = [vendor.model_type for vendor in VENDORS]
FERRY = {"type": "function", "function": {"name": "find_ferry"}}
OTHER = {"type": "function", "function": {"name": "find_ferry", "description": "Finds a ferry."}}
DASHSCOPE = ("dashscope_chat", "dashscope_multimodal")
OWN_BODY = ("openai_chat", "litellm_chat", "zhipuai_chat", "yi_chat")


def find_options(vendor: Vendor, body: Any) -> dict[str, Any]:
    """Where the options are in a body."""
    inside: dict[str, Any] = body
    for name in ("parameters", "generationConfig", "options"):
        inside = body.get(name, inside)
    return inside


def send(vendor: Vendor, messages: Any, **options: Any) -> Any:
    model, connections = vendor.build()
    model(messages, **options)
    return json.loads(connections.requests[0].body)


def refuse(vendor: Vendor, messages: Any, **options: Any) -> str:
    """What a call is refused with, before anything is sent."""
    model, connections = vendor.build()
    with pytest.raises(BadRequestError) as caught:
        model(messages, **options)
    assert connections.requests == []
    return caught.value.message


@pytest.mark.parametrize("vendor", VENDORS, ids=TYPES)
@pytest.mark.parametrize("stop", ["", [], [""], (), ["", ""]])
def test_what_stops_nothing_is_left_out(vendor: Vendor, stop: Any) -> None:
    options = find_options(vendor, vendor.send(stop=stop))
    assert options.keys().isdisjoint({"stop", "stop_sequences", "stopSequences"})


@pytest.mark.parametrize("vendor", VENDORS, ids=TYPES)
def test_texts_of_no_length_do_not_take_others_along(vendor: Vendor) -> None:
    options = find_options(vendor, vendor.send(stop=["", "."]))
    assert [options[name] for name in ("stop", "stop_sequences", "stopSequences") if name in options] == [["."]]


@pytest.mark.parametrize(("stop", "words"), [(5, "stop must be"), ({"a": 1}, "stop must be"), ([5], "stop[0] must be")])
@pytest.mark.parametrize("vendor", VENDORS, ids=TYPES)
def test_what_is_no_text_stops_nothing(vendor: Vendor, stop: Any, words: str) -> None:
    assert words in refuse(vendor, "Hi", stop=stop)


@pytest.mark.parametrize(
    ("model_type", "stop", "words"),
    [
        ("anthropic_chat", "\n\n", r"stop[0] is '\n\n': Anthropic wants something beside white space in it"),
        ("anthropic_chat", [".", " "], "stop[1] is ' ': Anthropic wants something beside white space in it"),
        ("zhipuai_chat", [".", "!"], "stop has 2 texts: ZhipuAI takes 1 at most"),
        ("gemini_chat", list("abcdef"), "stop has 6 texts: Gemini takes 5 at most"),
    ],
)
def test_what_cannot_stop_an_answer_is_refused(model_type: str, stop: Any, words: str) -> None:
    assert words in refuse(BY_TYPE[model_type], "Hi", stop=stop)
    BY_TYPE["ollama_chat"].send(stop=stop)


@pytest.mark.parametrize("vendor", VENDORS, ids=TYPES)
def test_a_limit_has_the_vendors_name(vendor: Vendor) -> None:
    names = {"anthropic_chat": "max_tokens", "gemini_chat": "maxOutputTokens", "ollama_chat": "num_predict"}
    known = ("openai_chat", "litellm_chat")
    name = names.get(vendor.model_type, "max_completion_tokens" if vendor.model_type in known else "max_tokens")
    options = find_options(vendor, vendor.send(max_completion_tokens=9))
    told = {"max_tokens", "max_completion_tokens", "maxOutputTokens", "num_predict"} & options.keys()
    assert told == {name} and options[name] == 9


@pytest.mark.parametrize("model_type", ["zhipuai_chat", "yi_chat", *DASHSCOPE])
def test_the_limit_of_the_neutral_name_wins(model_type: str) -> None:
    vendor = BY_TYPE[model_type]
    assert find_options(vendor, vendor.send(max_completion_tokens=9, max_tokens=8))["max_tokens"] == 8


@pytest.mark.parametrize("vendor", VENDORS, ids=TYPES)
def test_what_a_stream_should_tell_is_not_said_of_a_whole_answer(vendor: Vendor) -> None:
    if vendor.model_type in OWN_BODY:
        assert "stream_options" not in vendor.send(stream_options={"include_usage": True})
    else:
        assert "stream_options" in refuse(vendor, "Hi", stream_options={"include_usage": True})


@pytest.mark.parametrize("vendor", VENDORS, ids=TYPES)
def test_no_messages_are_refused(vendor: Vendor) -> None:
    if vendor.model_type == "ollama_chat":  # which loads the model then
        assert send(vendor, [])["messages"] == []
    else:
        assert "at least one message" in refuse(vendor, [])


def test_a_system_alone_says_nothing_to_gemini() -> None:
    message = refuse(BY_TYPE["gemini_chat"], [{"role": "system", "content": "Be brief."}])
    assert message == "Gemini wants at least one message of a user or a model"


@pytest.mark.parametrize("model_type", ["anthropic_chat", "gemini_chat"])
def test_each_tool_is_sent_once(model_type: str) -> None:
    vendor = BY_TYPE[model_type]
    assert [name for name, _ in vendor.tools(vendor.send(tools=[FERRY, dict(FERRY)]))] == ["find_ferry"]
    assert "two tools 'find_ferry'" in refuse(vendor, "Hi", tools=[FERRY, OTHER])


@pytest.mark.parametrize(
    "options",
    [
        {"n": 2},
        {"user": "u"},
        {"model": "other"},
        {"reasoning_effort": "low"},
        {"logit_bias": {"5": 1}},
        {"metadata": {"a": "b"}},
        {"store": True},
        {"system": "Be brief."},
    ],
    ids=str,
)
def test_what_ollama_would_pass_over_is_refused(options: dict[str, Any]) -> None:
    (name,) = options
    assert repr(name) in refuse(BY_TYPE["ollama_chat"], "Hi", **options)


@pytest.mark.parametrize("model_type", DASHSCOPE)
def test_a_parameter_does_not_choose_dashscopes_model(model_type: str) -> None:
    assert "'model'" in refuse(BY_TYPE[model_type], "Hi", model="other")


def build_chat(arguments: Any) -> list[dict[str, Any]]:
    call = {"id": "c1", "type": "function", "function": {"name": "find_ferry", "arguments": arguments}}
    return [
        {"role": "user", "content": "When?"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "At nine."},
    ]


@pytest.mark.parametrize("vendor", VENDORS, ids=TYPES)
@pytest.mark.parametrize("arguments", [None, "", " ", "null", " null\n", {}])
def test_no_arguments_are_an_empty_object(vendor: Vendor, arguments: Any) -> None:
    text = json.dumps(send(vendor, build_chat(arguments)))
    assert "null" not in text.replace('"content": null', "") and "{}" in text


@pytest.mark.parametrize("model_type", ["anthropic_chat", "gemini_chat", "ollama_chat", *DASHSCOPE])
@pytest.mark.parametrize("arguments", ['{"port": "Ca', "[1]"])
def test_arguments_that_are_none_are_refused_where_the_vendor_reads_them(model_type: str, arguments: str) -> None:
    if model_type in DASHSCOPE and arguments == "[1]":
        send(BY_TYPE[model_type], build_chat(arguments))
        return
    assert "arguments of tool call 'find_ferry' are not" in refuse(BY_TYPE[model_type], build_chat(arguments))
