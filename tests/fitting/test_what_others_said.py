"""Earlier messages with what one vendor knows: refusals, errors of tools, numbers as ids, Claude's own blocks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .vendors import BY_TYPE, VENDORS, Vendor

TYPES = [vendor.model_type for vendor in VENDORS]
OPENAI_LIKE = ("openai_chat", "zhipuai_chat", "yi_chat", "litellm_chat")
USER = {"role": "user", "content": "When?"}
CALL = {"id": "c1", "type": "function", "function": {"name": "find_ferry", "arguments": "{}"}}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}


def send(vendor: Vendor, messages: list[dict[str, Any]]) -> Any:
    model, connections = vendor.build()
    model(messages)
    return json.loads(connections.requests[0].body)


@pytest.mark.parametrize("vendor", VENDORS, ids=TYPES)
@pytest.mark.parametrize("content", [None, "", []])
def test_a_refusal_is_said_by_the_assistant(vendor: Vendor, content: Any) -> None:
    body = send(vendor, [USER, {"role": "assistant", "content": content, "refusal": "I will not."}, USER])
    turns = body.get("contents") or body.get("messages") or body["input"]["messages"]
    assert [turn["role"] for turn in turns] == ["user", turns[1]["role"], "user"]
    assert "I will not." in json.dumps(turns[1])
    assert ("refusal" in turns[1]) == (vendor.model_type in OPENAI_LIKE)


@pytest.mark.parametrize("vendor", VENDORS, ids=TYPES)
def test_lists_that_say_nothing_are_left_out(vendor: Vendor) -> None:
    answer = {"role": "assistant", "content": "At nine.", "annotations": [], "tool_calls": [], "audio": None}
    text = json.dumps(send(vendor, [USER, answer, USER]))
    assert "annotations" not in text and "tool_calls" not in text and "audio" not in text


@pytest.mark.parametrize("vendor", VENDORS, ids=TYPES)
def test_only_claude_knows_the_word_for_an_error(vendor: Vendor) -> None:
    body = send(vendor, [USER, CALLED, {"role": "tool", "tool_call_id": "c1", "content": "No port.", "is_error": True}])
    assert "No port." in json.dumps(body)
    assert ("is_error" in json.dumps(body)) == (vendor.model_type == "anthropic_chat")


@pytest.mark.parametrize("vendor", VENDORS, ids=TYPES)
def test_a_number_as_an_id_is_a_text(vendor: Vendor) -> None:
    call, result = {**CALL, "id": 7}, {"role": "tool", "tool_call_id": 7, "content": "At nine."}
    plain = [USER, {**CALLED, "tool_calls": [{**CALL, "id": "7"}]}, {**result, "tool_call_id": "7"}]
    assert send(vendor, [USER, {**CALLED, "tool_calls": [call]}, result]) == send(vendor, plain)


def test_answers_that_follow_each_other_are_one_turn_of_gemini() -> None:
    messages = [USER, {"role": "assistant", "content": "I look."}, CALLED, {"role": "tool", "content": "9"}]
    contents = send(BY_TYPE["gemini_chat"], messages)["contents"]
    assert [content["role"] for content in contents] == ["user", "model", "user"]
    assert [[*part] for part in contents[1]["parts"]] == [["text"], ["functionCall"]]


OUTPUTS: dict[str, tuple[Any, Any]] = {
    "a text": ("At nine.", "At nine."),
    "nothing": (None, ""),
    "an empty list": ([], ""),
    "blank texts": ([{"type": "text", "text": " "}], ""),
    "a blank text among others": (
        [{"type": "text", "text": ""}, {"type": "text", "text": "At nine."}],
        [{"type": "text", "text": "At nine."}],
    ),
    "an object": ({"at": "nine"}, '{"at": "nine"}'),
    "rows": ([{"at": "nine"}, {"at": "ten"}], '[{"at": "nine"}, {"at": "ten"}]'),
    "a number": (9, "9"),
    "a block of another kind": ([{"type": "search_result", "title": "t"}], [{"type": "search_result", "title": "t"}]),
    "an image": (
        [{"type": "image_url", "image_url": {"url": "https://e.example/pier.png"}}],
        [{"type": "image", "source": {"type": "url", "url": "https://e.example/pier.png"}}],
    ),
}


@pytest.mark.parametrize(("output", "wanted"), OUTPUTS.values(), ids=OUTPUTS)
def test_claudes_own_results_hold_what_the_api_takes(output: Any, wanted: Any) -> None:
    use = {"type": "tool_use", "id": "t1", "name": "find_ferry", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": output}
    messages = [USER, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    assert send(BY_TYPE["anthropic_chat"], messages)["messages"][2]["content"] == [{**result, "content": wanted}]


@pytest.mark.parametrize(
    ("given", "wanted"), [(None, {}), ("", {}), ('{"port": "Calais"}', {"port": "Calais"}), ({"a": 1}, {"a": 1})]
)
def test_claudes_own_calls_have_objects(given: Any, wanted: Any) -> None:
    use = {"type": "tool_use", "id": "t1", "name": "find_ferry", "input": given}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "9"}
    messages = [USER, {"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
    assert send(BY_TYPE["anthropic_chat"], messages)["messages"][1]["content"] == [{**use, "input": wanted}]


def test_an_error_without_a_word_gets_one() -> None:
    body = send(BY_TYPE["anthropic_chat"], [USER, CALLED, {"role": "tool", "content": "", "is_error": True}])
    assert body["messages"][2]["content"][0]["content"] == "error"
