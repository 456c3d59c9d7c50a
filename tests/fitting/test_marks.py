"""Claude's ``cache_control``, of messages and calls too, and away where the word is refused; and its thinking."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelhub.errors import BadRequestError

from .vendors import BY_TYPE

MARK = {"type": "ephemeral"}
PIXEL = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
CALL = {"id": "c1", "type": "function", "function": {"name": "find_ferry", "arguments": "{}"}}
USER = {"role": "user", "content": "When?"}
CALLED = {"role": "assistant", "content": None, "tool_calls": [CALL]}
THOUGHT = {"type": "thinking", "thinking": "At nine?", "signature": "s"}

# Messages, and the path of the block that has their mark.
MARKED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a system": ([{"role": "system", "content": "Be brief.", "cache_control": MARK}, USER], "system.0"),
    "a user": ([{**USER, "cache_control": MARK}], "messages.0.content.0"),
    "parts": (
        [{"role": "user", "content": [PIXEL, {"type": "text", "text": "?"}], "cache_control": MARK}],
        "messages.0.content.1",
    ),
    "an image at the end": (
        [{"role": "user", "content": [{"type": "text", "text": "?"}, PIXEL], "cache_control": MARK}],
        "messages.0.content.1",
    ),
    "an answer": ([USER, {"role": "assistant", "content": "At ", "cache_control": MARK}, USER], "messages.1.content.0"),
    "a thoughtful answer": (
        [USER, {"role": "assistant", "content": "At nine.", "thinking_blocks": [THOUGHT], "cache_control": MARK}, USER],
        "messages.1.content.1",
    ),
    "a call": (
        [USER, {**CALLED, "tool_calls": [{**CALL, "cache_control": MARK}]}, {"role": "tool", "content": "9"}],
        "messages.1.content.0",
    ),
    "an answer that only calls": (
        [USER, {**CALLED, "cache_control": MARK}, {"role": "tool", "content": "9"}],
        "messages.1.content.0",
    ),
    "a result": ([USER, CALLED, {"role": "tool", "content": "9", "cache_control": MARK}], "messages.2.content.0"),
    "a user after a result": (
        [USER, CALLED, {"role": "tool", "content": "9"}, {**USER, "cache_control": MARK}],
        "messages.2.content.1",
    ),
}


def send(model_type: str, messages: list[dict[str, Any]]) -> Any:
    model, connections = BY_TYPE[model_type].build()
    model(messages)
    return json.loads(connections.requests[0].body)


@pytest.mark.parametrize(("messages", "path"), MARKED.values(), ids=MARKED)
def test_the_mark_of_a_message_is_on_its_last_block(messages: list[dict[str, Any]], path: str) -> None:
    body = block = send("anthropic_chat", messages)
    for step in path.split("."):
        block = block[int(step)] if isinstance(block, list) else block[step]
    assert block["cache_control"] == MARK
    assert json.dumps(body).count("cache_control") == 1


@pytest.mark.parametrize("model_type", ["zhipuai_chat", "yi_chat", "gemini_chat", "ollama_chat"])
@pytest.mark.parametrize(("messages", "path"), MARKED.values(), ids=MARKED)
def test_others_are_not_told_of_it(model_type: str, messages: list[dict[str, Any]], path: str) -> None:
    assert "cache_control" not in json.dumps(send(model_type, messages))


def test_a_mark_of_its_own_stays() -> None:
    own = {"type": "ephemeral", "ttl": "1h"}
    part = {"type": "text", "text": "?", "cache_control": own}
    body = send("anthropic_chat", [{"role": "user", "content": [part], "cache_control": MARK}])
    assert body["messages"][0]["content"] == [part]


def test_nothing_to_mark_is_no_failure() -> None:
    body = send("anthropic_chat", [{"role": "system", "content": " ", "cache_control": MARK}, USER])
    assert "system" not in body


THINKING = [{"type": "enabled", "budget_tokens": 1024}, {"type": "adaptive"}]
TOOLS = [{"type": "function", "function": {"name": "find_ferry"}}]


@pytest.mark.parametrize("thinking", THINKING, ids=["enabled", "adaptive"])
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"temperature": 0.2}, "a temperature of 1"),
        ({"temperature": 0}, "a temperature of 1"),
        ({"top_k": 3}, "with top_k"),
        ({"tools": TOOLS, "tool_choice": "required"}, "when tool_choice demands a call"),
        ({"tools": TOOLS, "tool_choice": "find_ferry"}, "when tool_choice demands a call"),
    ],
    ids=str,
)
def test_what_does_not_go_with_thinking_is_refused(thinking: Any, options: dict[str, Any], words: str) -> None:
    model, connections = BY_TYPE["anthropic_chat"].build()
    with pytest.raises(BadRequestError, match=words):
        model("Hi", thinking=thinking, **options)
    assert connections.requests == []
    model("Hi", thinking={"type": "disabled"}, **options)


@pytest.mark.parametrize("thinking", THINKING, ids=["enabled", "adaptive"])
def test_what_goes_with_thinking_is_sent(thinking: Any) -> None:
    body = BY_TYPE["anthropic_chat"].send(thinking=thinking, temperature=1, top_p=0.95, tools=TOOLS, tool_choice="auto")
    assert (body["temperature"], body["tool_choice"]) == (1, {"type": "auto"})


@pytest.mark.parametrize(
    ("budget", "limit"), [(1024, 4096), (4095, 4096), (4096, 8192), (8000, 12096), (None, 4096), ("many", 4096)]
)
def test_thinking_leaves_room_for_an_answer(budget: Any, limit: int) -> None:
    body = BY_TYPE["anthropic_chat"].send(thinking={"type": "enabled", "budget_tokens": budget})
    assert body["max_tokens"] == limit
    body = BY_TYPE["anthropic_chat"].send(thinking={"type": "enabled", "budget_tokens": budget}, max_tokens=9)
    assert body["max_tokens"] == 9
