"""A conversation that one vendor's model began is legal for all others: no field they do not know, no empty turn."""

from __future__ import annotations

import copy
import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub.errors import ModelCallError

from .speaking import CONFIGS, ask, build_model, find_form, halve, send, speak_streamed
from .test_what_goes_back import BLOCKS, CASES, DRAW, MESSAGES, PARTS, SIGNED, THOUGHT, USER, call, say, think, use

# What a conversation may come to: a model_type and how its config differs.
TARGETS: dict[str, dict[str, Any]] = {
    **{model_type: {"model_type": model_type} for model_type in CONFIGS},
    "mistral": {"model_type": "openai_chat", "vendor": "mistral"},
    "vllm with mistral": {"model_type": "openai_chat", "model_name": "mistralai/Mistral-Small"},
    "deepseek": {"model_type": "openai_chat", "vendor": "deepseek"},
    "gemini-3 by OpenAI's API": {"model_type": "openai_chat", "vendor": "gemini", "model_name": "gemini-3-flash"},
    "gemini-3": {"model_type": "gemini_chat", "model_name": "gemini-3-pro-preview"},
}
LIMITED = (
    "openai_chat",
    "zhipuai_chat",
    "yi_chat",
    "litellm_chat",
    "deepseek",
    "gemini-3 by OpenAI's API",
)  # in the length of ids
FAR = {"client_args": {"base_url": "http://elsewhere.test/v1"}}
FAR_POST = {"api_url": "http://elsewhere.test/v1/chat/completions"}


def check(target: str, sent: list[dict[str, Any]]) -> None:
    """Hold a request against the rules of the vendor; what none of its own answers have is not in it."""
    form = find_form(TARGETS[target]["model_type"])
    {"anthropic": check_claude, "gemini": check_gemini, "ollama": check_ollama}.get(form, check_openai)(target, sent)


def check_openai(target: str, sent: list[dict[str, Any]]) -> None:
    keys = {"role", "content", "tool_calls", "tool_call_id"} | (
        {"reasoning_content"} if target == "deepseek" else set()
    )
    longest = {"mistral": 9, "vllm with mistral": 9}.get(target, 40 if target in LIMITED else 1000)
    waiting: list[str] = []
    known: set[str] = set()
    for n, message in enumerate(sent):
        assert message.keys() <= keys
        role = message["role"]
        assert (role == "tool") == bool(waiting)
        if role == "tool":
            waiting.remove(message["tool_call_id"])
            continue
        assert message["content"] or message.get("tool_calls")
        assert n == 0 or role != sent[n - 1]["role"]
        assert role == "assistant" or "mistral" not in target or n == 0 or sent[n - 1]["role"] != "tool"
        for one in message.get("tool_calls") or ():
            mark = {"google": {"thought_signature": "skip_thought_signature_validator"}}
            first = target.startswith("gemini-3") and one is message["tool_calls"][0]
            assert one.pop("extra_content", None) == (mark if first else None)
            assert one.keys() == {"id", "type", "function"}
            assert one["function"].keys() == {"name", "arguments"}
            assert len(one["id"]) <= longest or ("__thought__" in one["id"] and target in LIMITED)
            assert "mistral" not in target or re.fullmatch("[a-zA-Z0-9]{9}", one["id"])
            assert target != "deepseek" or message["reasoning_content"]
            waiting.append(one["id"])
        assert known.isdisjoint(waiting)
        known.update(waiting)
    assert not waiting


def check_claude(target: str, sent: list[dict[str, Any]]) -> None:
    waiting: list[str] = []
    known: set[str] = set()
    for n, message in enumerate(sent):
        assert message.keys() == {"role", "content"}
        assert n == 0 or message["role"] != sent[n - 1]["role"]
        content = message["content"]
        blocks = [say(content)] if isinstance(content, str) else content
        assert blocks
        for block in blocks:
            assert block["type"] in ("text", "tool_use", "tool_result")
            assert block["type"] != "text" or block["text"].strip()
        results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        assert sorted(results) == sorted(waiting)
        waiting = [block["id"] for block in blocks if block["type"] == "tool_use"]
        assert all(re.fullmatch("[a-zA-Z0-9_-]{1,64}", ident) for ident in waiting)
        assert known.isdisjoint(waiting)
        assert len(set(waiting)) == len(waiting)
        known.update(waiting)
    assert not waiting


def check_gemini(target: str, sent: list[dict[str, Any]]) -> None:
    called: list[str] = []
    for content in sent:
        assert content.keys() == {"role", "parts"}
        assert content["parts"]
        for part in content["parts"]:
            assert part.keys() <= {"text", "functionCall", "functionResponse", "thoughtSignature"}
            assert part.get("text") != ""
        names = [part["functionResponse"]["name"] for part in content["parts"] if "functionResponse" in part]
        assert names == called
        calls = [part for part in content["parts"] if "functionCall" in part]
        called = [part["functionCall"]["name"] for part in calls]
        signed = [part["thoughtSignature"] for part in content["parts"] if "thoughtSignature" in part]
        assert signed == (["skip_thought_signature_validator"] if calls and target == "gemini-3" else [])
    assert not called


def check_ollama(target: str, sent: list[dict[str, Any]]) -> None:
    for message in sent:
        assert message.keys() <= {"role", "content", "tool_calls", "tool_name"}
        assert message.get("content") or message.get("tool_calls")
        assert all(one.keys() == {"function"} for one in message.get("tool_calls") or ())


def answer_tools(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"role": "tool", "tool_call_id": one["id"], "content": "nine"} for one in message.get("tool_calls") or ()]


FROM = [case for case in CASES if case[0] in ("openai_chat", "anthropic_chat", "gemini_chat", *THOUGHT)]


def is_another(model_type: str, target: str) -> bool:
    """Whether another vendor is at the target: Gemini and Ollama are the same wherever they are."""
    form = find_form(model_type)
    return form not in ("gemini", "ollama") or form != find_form(TARGETS[target]["model_type"])


def move(model_type: str, answer: Any, target: str) -> None:
    """Continue a conversation at the target and check what is sent."""
    config = dict(TARGETS[target])
    if find_form(model_type) == find_form(config["model_type"]):  # the same API elsewhere is another vendor's
        config |= FAR_POST if config["model_type"] == "post_api_chat" else FAR
    message = ask(model_type, answer, True).to_message()
    check(target, send(config.pop("model_type"), [USER, message, *answer_tools(message), USER], **config))


PAIRS = [(*case, target) for case in FROM for target in TARGETS if is_another(case[0], target)]


@pytest.mark.parametrize(("model_type", "name", "answer", "target"), PAIRS)
def test_an_answer_goes_to_another_vendor(model_type: str, name: str, answer: Any, target: str) -> None:
    move(model_type, answer, target)


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=40)
@given(data=st.data())
def test_any_answer_goes_to_another_vendor(target: str, data: st.DataObject) -> None:
    types = ("openai_chat", "anthropic_chat", "gemini_chat", *THOUGHT)
    model_type = data.draw(st.sampled_from([one for one in types if is_another(one, target)]))
    move(model_type, DRAW[find_form(model_type)](data.draw), target)


SILENT: dict[str, tuple[str, Any]] = {
    "openai": ("openai_chat", {"content": ""}),
    "openai, null": ("openai_chat", {"content": None}),
    "deepseek": ("openai_chat", {"content": "", "reasoning_content": "Hm."}),
    "anthropic": ("anthropic_chat", []),
    "anthropic, an empty text": ("anthropic_chat", [say("")]),
    "anthropic, a thought": ("anthropic_chat", [think("Hm.", "s1")]),
    "gemini": ("gemini_chat", []),
    "gemini, an empty text": ("gemini_chat", [{"text": ""}]),
    "gemini, a thought": ("gemini_chat", [{"text": "Hm.", "thought": True}]),
    "ollama": ("ollama_chat", {"content": ""}),
    "ollama, a thought": ("ollama_chat", {"content": "", "thinking": "Hm."}),
    "dashscope": ("dashscope_chat", {"content": "", "reasoning_content": "Hm."}),
}


@pytest.mark.parametrize("after", ["a question", "results"])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("origin", SILENT)
def test_an_answer_that_says_nothing(origin: str, target: str, after: str) -> None:
    """It is left out, and the conversation goes on, with the same vendor too."""
    model_type, answer = SILENT[origin]
    calls = {"role": "assistant", "content": None, "tool_calls": [call("call_1", "Calais")]}
    before = [USER] if after == "a question" else [USER, calls, *answer_tools(calls)]
    for stream in (False, True):
        message = ask(model_type, answer, stream).to_message()
        config = dict(TARGETS[target])
        sent = send(config.pop("model_type"), [*before, message, {"role": "user", "content": "Go on."}], **config)
        if find_form(TARGETS[target]["model_type"]) in ("openai", "dashscope") and after == "results":
            assert sent[-1]["content"] in ("Go on.", [{"text": "Go on."}])
        assert "Hm." not in json.dumps(sent)
        assert "Go on." in json.dumps(sent[-1])
        check(target, sent)


@pytest.mark.parametrize("model_type", sorted({*CONFIGS} - {"dashscope_multimodal"}))
def test_users_stay_apart_where_they_were(model_type: str) -> None:
    """Only messages around an answer that said nothing become one; another speaker stays another."""
    sent = send(model_type, [USER, {"role": "user", "content": "Go on."}])
    assert len(sent) == 2
    if model_type == "openai_chat":
        names = [{**USER, "name": "Ann"}, {"role": "assistant", "content": ""}, {**USER, "name": "Bob"}]
        assert send(model_type, names) == [names[0], names[2]]
        parts = [USER, {"role": "assistant", "content": ""}, {"role": "user", "content": [say("Go on.")]}]
        assert send(model_type, parts) == [{"role": "user", "content": [say("Hi"), say("Go on.")]}]


BAD = [
    "functions.find_tide:0",
    "x" * 65,
    "id with spaces",
    "ключ",
    "a/b",
    "call_1__thought__" + "c" * 99,
    "1",
    "toolu_1",
]


@pytest.mark.parametrize("target", TARGETS)
def test_ids_that_a_vendor_refuses(target: str) -> None:
    calls = [call(ident, "Calais") for ident in BAD]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    config = dict(TARGETS[target])
    sent = send(config.pop("model_type"), [USER, message, *answer_tools(message)], **config)
    if target in LIMITED:  # an id that LiteLLM made holds a signature; nobody known has made it
        assert (sent[1]["tool_calls"][5]["id"] == sent[7]["tool_call_id"] == BAD[5]) == (
            target not in ("deepseek", "gemini-3 by OpenAI's API")
        )
    check(target, sent)


@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=8, unique=True))
def test_ids_stay_different_and_together(idents: list[str]) -> None:
    calls = [call(ident, "Calais") for ident in idents]
    message = {"role": "assistant", "content": None, "tool_calls": calls}
    for target in ("mistral", "anthropic_chat", "openai_chat"):
        config = dict(TARGETS[target])
        model_type = config.pop("model_type")
        sent = send(model_type, [USER, message, *answer_tools(message)], **config)
        check(target, sent)
        assert sent == send(model_type, [USER, message, *answer_tools(message)], **config)


@pytest.mark.parametrize("target", TARGETS)
def test_servers_that_count_calls_from_zero(target: str) -> None:
    """Two turns, or two calls of one turn, with the same id: each result stays with its call."""
    turns = []
    for ports in (["Calais"], ["Dover", "Brest"]):
        message = {"role": "assistant", "content": None, "tool_calls": [call("call_0", port) for port in ports]}
        turns += [message, *answer_tools(message)]
    config = dict(TARGETS[target])
    check(
        target, send(config.pop("model_type"), [USER, *turns, {"role": "assistant", "content": "At nine."}], **config)
    )


def test_made_up_ids_are_never_made_twice() -> None:
    lost = {"function": {"name": "find_tide", "arguments": {"port": "Calais"}}}
    text = {"function": {"name": "find_tide", "arguments": "{}"}}
    answers = [
        ("ollama_chat", {"content": "", "tool_calls": [lost, lost]}),
        ("gemini_chat", [{"functionCall": {"name": "find_tide"}}] * 2),
        ("openai_chat", {"content": "", "tool_calls": [text, text]}),
        ("dashscope_chat", {"content": "", "tool_calls": [text, text]}),
    ]
    idents = [
        one.id
        for _ in range(2)
        for model_type, answer in answers
        for stream in (False, True)
        for one in ask(model_type, answer, stream).tool_calls
    ]
    assert len(set(idents)) == len(idents) == 32
    response = ask("openai_chat", answers[2][1], True)
    assert response.tool_calls == response.tool_calls
    assert [one.id for one in response.tool_calls] == [one["id"] for one in response.to_message()["tool_calls"]]


EDITS = {
    "openai_chat": MESSAGES["Mistral"],
    "anthropic_chat": [think("One.", "s1"), say("Look."), think("Two.", "s2"), use("c1", "Calais"), use("c2", "Dover")],
    "gemini_chat": [
        {"text": "Hm.", "thought": True},
        {"text": "Look.", "thoughtSignature": "c2ln"},
        *({"functionCall": {"id": f"c{n}", "name": "find_tide", "args": {"port": p}}, "thoughtSignature": "c2lo"}
          for n, p in enumerate(("Calais", "Dover"), 1)),
    ],
}  # fmt: skip


@pytest.mark.parametrize("model_type", EDITS)
def test_what_the_user_has_changed_counts(model_type: str) -> None:
    message = json.loads(json.dumps(ask(model_type, EDITS[model_type], True).to_message()))
    message["content"] = "Wait."
    message["tool_calls"] = [*message["tool_calls"][-1:], call("new", "Brest")]
    kept = copy.deepcopy(message)
    sent = send(model_type, [USER, message, *answer_tools(message)])
    assert message == kept
    told = json.dumps(sent)
    assert "Look." not in told
    if model_type == "openai_chat":
        assert sent[1]["content"] == [EDITS[model_type]["content"][0], say("Wait.")]  # type: ignore[call-overload]
        assert [one["id"] for one in sent[1]["tool_calls"]] == ["abcDEF012", "new"]
    elif model_type == "anthropic_chat":
        blocks = EDITS[model_type]
        assert sent[1]["content"] == [blocks[0], say("Wait."), blocks[2], blocks[4], use("new", "Brest")]
    else:
        parts: Any = EDITS[model_type]
        new = {"functionCall": {"id": "new", "name": "find_tide", "args": {"port": "Brest"}}}
        assert sent[1]["parts"] == [parts[0], {**parts[1], "text": "Wait."}, parts[3], new]


def test_a_text_where_there_was_none() -> None:
    message = ask("anthropic_chat", BLOCKS["hidden"], False).to_message()
    message["content"] = "Wait."
    sent = send("anthropic_chat", [USER, message, *answer_tools(message)])
    assert sent[1]["content"] == [think("", "s1"), say("Wait."), use("t1", "Calais")]
    message = ask("gemini_chat", PARTS["signed text"], False).to_message()
    message["content"] = ""
    assert send("gemini_chat", [USER, message, USER]) == [{"role": "user", "parts": [{"text": "Hi\n\nHi"}]}]


@pytest.mark.parametrize("vendor", ["mistral", "groq", "openai"])
def test_a_thought_of_claude_is_not_for_others(vendor: str) -> None:
    """Also one that the caller has put there."""
    by_hand = {
        "role": "assistant",
        "content": [think("One.", "s1"), {"type": "redacted_thinking", "data": "abc="}, say("At nine.")],
    }
    assert send("openai_chat", [USER, by_hand, USER], vendor=vendor)[1]["content"] == [say("At nine.")]
    stored = {"role": "assistant", "content": "At nine.", "thinking_blocks": [think("One.", "s1")]}
    sent = send("openai_chat", [USER, stored, USER], vendor=vendor)
    assert ("thinking_blocks" in sent[1]) == (vendor == "openai")  # whose address here is not OpenAI's own


def test_what_a_caller_writes_for_his_vendor_is_sent() -> None:
    own = {"role": "assistant", "content": "At nine.", "reasoning_content": "So.", "extra_content": SIGNED}
    assert send("openai_chat", [USER, own, USER])[1] == own


def test_models_of_one_maker_share_their_thoughts() -> None:
    answer = MESSAGES["OpenRouter"]
    message = ask("openai_chat", answer, False, model_name="anthropic/claude-4").to_message()
    messages = [USER, message, *answer_tools(message)]
    same = send("openai_chat", messages, model_name="anthropic/claude-5")[1]
    other = send("openai_chat", messages, model_name="openai/gpt-5")[1]
    assert (same.get("reasoning_details"), other.get("reasoning_details")) == (answer["reasoning_details"], None)
    message = ask("anthropic_chat", BLOCKS["interleaved"], False, model_name="claude-x").to_message()
    moved = {"client_args": {"base_url": "http://elsewhere.test"}, "model_name": "claude-y"}
    assert (
        send("anthropic_chat", [USER, message, *answer_tools(message)], **moved)[1]["content"] == BLOCKS["interleaved"]
    )


@pytest.mark.parametrize(("model_type", "name", "answer"), FROM)
def test_a_broken_answer_may_go_back_and_elsewhere(model_type: str, name: str, answer: Any) -> None:
    reply = speak_streamed(model_type, answer, halve)
    for n in range(1, len(reply["chunks"])):
        model, _ = build_model(
            {"model_type": model_type, "retry": {"max_attempts": 1}},
            {**reply, "chunks": reply["chunks"][:n], "end": "abrupt"},
        )
        try:
            response = model("Hi", stream=True)
        except ModelCallError:
            continue  # it broke before there was anything
        with suppress(ModelCallError):
            list(response)
        message = response.to_message()
        messages = [USER, message, *answer_tools(message), USER]
        check("mistral", send("openai_chat", messages, vendor="mistral", **FAR))
        if model_type != "gemini_chat":
            check("gemini-3", send("gemini_chat", messages, model_name="gemini-3"))
        sent = send(model_type, messages)
        if model_type != "anthropic_chat":
            continue
        blocks = [block for turn in sent if isinstance(turn["content"], list) for block in turn["content"]]
        assert all(block["signature"] for block in blocks if block["type"] == "thinking") or "bridge" in name
        used = [block["id"] for block in blocks if block["type"] == "tool_use"]
        assert used == [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        assert blocks[-1]["type"] not in ("thinking", "redacted_thinking") if blocks else len(sent) == 1
