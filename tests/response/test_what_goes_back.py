"""What a vendor gave and wants back is in the next request exactly as it came: streamed or whole, also after JSON."""

from __future__ import annotations

import copy
import json
import pickle
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub import ModelResponse
from modelhub.errors import StreamInterruptedError
from modelhub.msg import Msg
from modelhub.response.streamed import FIELDS

from .speaking import CONFIGS, DONE, OPENAI_ALIKE, ask, build_model, find_form, halve, send, speak, speak_streamed

USER = {"role": "user", "content": "Hi"}


def call(ident: str, port: str, **more: Any) -> dict[str, Any]:
    function = {"name": "find_tide", "arguments": json.dumps({"port": port})}
    return {"id": ident, "type": "function", "function": function, **more}


def use(ident: str, port: str) -> dict[str, Any]:
    return {"type": "tool_use", "id": ident, "name": "find_tide", "input": {"port": port}}


def think(text: str, signature: str) -> dict[str, Any]:
    return {"type": "thinking", "thinking": text, "signature": signature}


def say(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


CALL = call("call_1", "Calais")
SIGNED = {"google": {"thought_signature": "c2ln"}}
# Of vendors of OpenAI's API: the message that came, which is the message that goes back.
MESSAGES: dict[str, dict[str, Any]] = {
    "DeepSeek, Kimi, Qwen, Z.AI": {"content": "Look.", "reasoning_content": "Which port?", "tool_calls": [CALL]},
    "without a call": {"content": "At nine.", "reasoning_content": "It is known."},
    "vLLM": {"content": "Look.", "reasoning": "Which port?", "tool_calls": [CALL]},
    "both names": {"content": "Look.", "reasoning": "So.", "reasoning_content": "So.", "tool_calls": [CALL]},
    "thoughts of no length": {"content": "Look.", "reasoning_content": "", "tool_calls": [CALL]},
    "OpenRouter": {
        "content": "Look.",
        "reasoning": "Which port?",
        "reasoning_details": [
            {"type": "reasoning.text", "text": "Which port?", "signature": "s1", "format": "f", "index": 0},
            {"type": "reasoning.encrypted", "data": "abc=", "id": "e1", "index": 1},
            {"type": "reasoning.summary", "summary": "A port.", "index": 2},
            {"type": "reasoning.encrypted", "data": "def=", "id": "e2", "index": 1},
        ],
        "tool_calls": [CALL],
    },
    "LiteLLM with Claude": {
        "content": "Look.",
        "reasoning_content": "Which port?",
        "thinking_blocks": [
            {"type": "thinking", "thinking": "Which", "signature": "s1"},
            {"type": "redacted_thinking", "data": "abc="},
            {"type": "thinking", "thinking": " port?", "signature": "s2"},
        ],
        "tool_calls": [CALL],
    },
    "LiteLLM with Gemini": {
        "content": "Look.",
        "provider_specific_fields": {"thought_signatures": ["c2ln"]},
        "tool_calls": [
            call("call_1__thought__" + "c2ln" * 30, "Calais", provider_specific_fields={"thought_signature": "c2ln"})
        ],
    },
    "Gemini, signed calls": {
        "content": "Look.",
        "tool_calls": [call("call_1", "Calais", extra_content=SIGNED), call("call_2", "Dover")],
    },
    "Gemini, a signed message": {"content": "At nine.", "extra_content": SIGNED},
    "long ids": {"content": "Look.", "tool_calls": [call("chatcmpl-tool-" + "0" * 32, "Calais")]},
    "Mistral": {
        "content": [{"type": "thinking", "thinking": [say("Which port?")]}, say("Look.")],
        "tool_calls": [call("abcDEF012", "Calais")],
    },
    "a refusal": {"content": None, "refusal": "That I may not say."},
    "sound": {"content": None, "audio": {"id": "audio_1"}},
    "GitHub": {"content": "Look.", "reasoning_text": "Which?", "reasoning_opaque": "abc=", "tool_calls": [CALL]},
}
BLOCKS: dict[str, list[dict[str, Any]]] = {
    "interleaved": [
        think("One.", "s1"),
        use("t1", "Calais"),
        think("Two.", "s2"),
        say("Dover next."),
        {"type": "redacted_thinking", "data": "abc="},
        use("t2", "Dover"),
    ],
    "hidden": [think("", "s1"), use("t1", "Calais")],
    "a bridge without signatures": [{"type": "thinking", "thinking": "One.", "signature": ""}, say("At nine.")],
    "its own search": [
        {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "tide"}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": "srv_1",
            "content": [{"type": "web_search_result", "url": "https://a.b", "encrypted_content": "abc="}],
        },
        {"type": "text", "text": "At nine.", "citations": [{"type": "x", "encrypted_index": "a"}]},
        say(" Or ten."),
    ],
    "a bridge's ids": [use("functions.find_tide:0", "Calais")],
    "who called": [{**use("t1", "Calais"), "caller": {"type": "direct"}}],
}


def port(ident: str, name: str, signature: str | None = None) -> dict[str, Any]:
    part: dict[str, Any] = {"functionCall": {"id": ident, "name": "find_tide", "args": {"port": name}}}
    return {**part, "thoughtSignature": signature} if signature else part


PARTS: dict[str, list[dict[str, Any]]] = {
    "signed text": [{"text": "At nine.", "thoughtSignature": "c2ln"}],
    "signed at the end": [{"text": "At nine."}, {"text": "", "thoughtSignature": "c2ln"}],
    "signed calls": [port("c1", "Calais", "c2ln"), port("c2", "Dover"), port("c3", "Brest", "c2lo")],
    "thoughts between": [{"text": "Hm.", "thought": True}, {"text": "Look."}, port("c1", "Calais", "c2ln")],
    "an image": [
        {"text": "Here."},
        {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}, "thoughtSignature": "c2ln"},
    ],
    "code": [
        {"executableCode": {"language": "PYTHON", "code": "1+1"}},
        {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "2"}},
        {"text": "Two."},
    ],
}
THOUGHT = {
    "ollama_chat": {
        "content": "Look.",
        "thinking": "Which port?",
        "tool_calls": [{"function": {"name": "find_tide", "arguments": {"port": "Calais"}}}],
    },
    "dashscope_chat": {"content": "Look.", "reasoning_content": "Which port?", "tool_calls": [CALL]},
}
CASES = [
    *((kind, name, answer) for kind in OPENAI_ALIKE for name, answer in MESSAGES.items()),
    *(("anthropic_chat", name, answer) for name, answer in BLOCKS.items()),
    *(("gemini_chat", name, answer) for name, answer in PARTS.items()),
    *((kind, "thoughts", answer) for kind, answer in THOUGHT.items()),
]


def continue_with(response: ModelResponse) -> list[dict[str, Any]]:
    results = [one.to_result("high at nine") for one in response.tool_calls or ()]
    return [USER, response.to_message(), *(results or [USER])]


def read_turn(model_type: str, sent: Any) -> Any:
    """The answer in a request, as the vendor's own form has it."""
    turn = sent[1]
    if find_form(model_type) == "gemini":
        assert turn["role"] == "model"
        return turn["parts"]
    assert turn.pop("role") == "assistant"
    return turn["content"] if model_type == "anthropic_chat" else turn


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("model_type", "name", "answer"), CASES, ids=[f"{kind} {name}" for kind, name, _ in CASES])
def test_it_goes_back_as_it_came(model_type: str, name: str, answer: Any, stream: bool) -> None:
    messages = continue_with(ask(model_type, answer, stream))
    sent = send(model_type, messages)
    assert read_turn(model_type, sent) == answer
    if find_form(model_type) == "openai" and "tool_calls" in answer:
        assert [message["tool_call_id"] for message in sent[2:]] == [one["id"] for one in answer["tool_calls"]]


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_without_an_id_has_the_same_one_everywhere(stream: bool) -> None:
    parts = [{"functionCall": {"name": "find_tide", "args": {"port": name}}} for name in ("Calais", "Dover")]
    parts[0]["thoughtSignature"] = "c2ln"  # type: ignore[assignment]
    response = ask("gemini_chat", parts, stream)
    idents = [str(one.id) for one in response.tool_calls]
    sent = send("gemini_chat", continue_with(response))
    assert [part["functionCall"]["id"] for part in sent[1]["parts"]] == idents
    assert [part["functionResponse"]["id"] for part in sent[2]["parts"]] == idents
    assert sent[1]["parts"][0]["thoughtSignature"] == "c2ln"


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
SAID = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
ARGUMENTS = st.dictionaries(st.sampled_from(["port", "day"]), TEXTS, max_size=2)


def draw_blocks(draw: Any) -> list[dict[str, Any]]:
    blocks = draw(
        st.lists(
            st.one_of(
                st.builds(say, SAID),
                st.builds(think, TEXTS, SAID),
                st.builds(lambda data: {"type": "redacted_thinking", "data": data}, SAID),
                st.builds(lambda given: {**use("", ""), "input": given}, ARGUMENTS),
            ),
            max_size=6,
        )
    )
    return [{**block, "id": f"t{n}"} if "id" in block else block for n, block in enumerate(blocks)]


def draw_parts(draw: Any) -> list[dict[str, Any]]:
    signed = st.sampled_from([{}, {"thoughtSignature": "c2ln"}])
    parts = draw(
        st.lists(
            st.one_of(
                st.builds(lambda text, more: {"text": text, **more}, SAID, signed),
                st.builds(lambda text: {"text": text, "thought": True}, SAID),
                st.builds(lambda given, more: {**port("", ""), "given": given, **more}, ARGUMENTS, signed),
            ),
            max_size=6,
        )
    )
    made: list[dict[str, Any]] = []
    for n, part in enumerate(parts):
        if "functionCall" in part:
            part = {**part, "functionCall": {"id": f"c{n}", "name": "find_tide", "args": part["given"]}}
            del part["given"]
        elif made and "thoughtSignature" not in {*part, *made[-1]} and part.keys() == made[-1].keys():
            continue  # two pieces of one text
        made.append(part)
    return made


def draw_message(draw: Any) -> dict[str, Any]:
    message = draw(
        st.fixed_dictionaries(
            {"content": TEXTS},
            optional={
                "reasoning_content": TEXTS,
                "reasoning": TEXTS,
                "extra_content": st.just(SIGNED),
                "reasoning_details": st.lists(
                    st.builds(lambda text: {"type": "reasoning.text", "text": text, "signature": "s"}, SAID),
                    min_size=1,
                    max_size=3,
                ),
                "tool_calls": st.lists(ARGUMENTS, min_size=1, max_size=3),
            },
        )
    )
    if "reasoning_content" in message:
        message.pop("reasoning", None)  # where both come, they come together
    for n, block in enumerate(message.get("reasoning_details") or ()):
        block["index"] = n
    if "tool_calls" in message:
        message["tool_calls"] = [
            {"id": f"c{n}", "type": "function", "function": {"name": "find_tide", "arguments": json.dumps(given)}}
            for n, given in enumerate(message["tool_calls"])
        ]
        message["tool_calls"][-1]["extra_content"] = SIGNED
    return message


def draw_simple(draw: Any, thinking: str) -> dict[str, Any]:
    message = draw(st.fixed_dictionaries({"content": TEXTS}, optional={thinking: TEXTS}))
    calls = draw(st.lists(ARGUMENTS, max_size=2))
    if calls and thinking == "thinking":
        message["tool_calls"] = [
            {"id": f"c{n}", "function": {"name": "f", "arguments": given}} for n, given in enumerate(calls)
        ]
    elif calls:
        message["tool_calls"] = [
            {"id": f"c{n}", "type": "function", "function": {"name": "f", "arguments": json.dumps(given)}}
            for n, given in enumerate(calls)
        ]
    return message


DRAW: dict[str, Any] = {
    "openai": draw_message,
    "anthropic": draw_blocks,
    "gemini": draw_parts,
    "ollama": lambda draw: draw_simple(draw, "thinking"),
    "dashscope": lambda draw: draw_simple(draw, "reasoning_content"),
}


@pytest.mark.parametrize("model_type", sorted(CONFIGS))
@settings(max_examples=40)
@given(data=st.data())
def test_streamed_equals_whole(model_type: str, data: st.DataObject) -> None:
    """However an answer is cut, all of its fields, the message made of it and the next request are the same."""
    answer = DRAW[find_form(model_type)](data.draw)
    size = data.draw(st.integers(1, 5))
    whole = ask(model_type, answer, False)
    streamed = ask(model_type, answer, True, lambda text: [text[n : n + size] for n in range(0, len(text), size)])
    for name in FIELDS:
        if name not in ("raw", "usage", "image_urls"):
            assert (getattr(streamed, name) or None) == (getattr(whole, name) or None), name
    assert streamed.to_message() == whole.to_message()
    assert send(model_type, continue_with(streamed)) == send(model_type, continue_with(whole))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("as_msg", [False, True])
def test_a_message_that_a_program_writes_itself(stream: bool, as_msg: bool) -> None:
    """The ids of the calls hold what Claude and Gemini want back, also in AgentScope's messages."""
    blocks = [think("One.", "s1"), say("Look."), use("t1", "Calais"), think("Two.", "s2"), use("t2", "Dover")]
    parts = [{"text": "Look."}, port("c1", "Calais", "c2ln"), port("c2", "Dover")]
    for model_type, answer in (("anthropic_chat", blocks), ("gemini_chat", parts)):
        response = ask(model_type, answer, stream)
        calls = response.tool_calls
        written: Any = {
            "role": "assistant",
            "content": response.text,
            "tool_calls": [one.to_message() for one in calls],
        }
        results: list[Any] = [one.to_result("nine") for one in calls]
        if as_msg:
            uses = [{"type": "tool_use", "id": c.id, "name": c.name, "input": c.arguments} for c in calls]
            written = Msg("model", [{"type": "text", "text": response.text}, *uses], "assistant")
            outputs = [{"type": "tool_result", "id": one.id, "output": "nine"} for one in calls]
            results = [Msg("tools", outputs, "user")]
        model, replay = build_model({"model_type": model_type}, speak(model_type, DONE[find_form(model_type)]))
        model([USER, written, *results])
        sent = json.loads(replay.requests[0].body or b"")
        assert read_turn(model_type, sent["contents" if model_type == "gemini_chat" else "messages"]) == answer


def test_a_message_of_a_vendors_sdk() -> None:
    """Such objects are taken with all that they hold."""

    class Message:
        role = "assistant"
        content = None

        def model_dump(self) -> dict[str, Any]:
            return {"role": "assistant", "content": None, "refusal": None, **THINKING}

    model, replay = build_model({"model_type": "openai_chat"}, speak("openai_chat", DONE["openai"]))
    model([USER, Message(), {"role": "tool", "tool_call_id": "call_1", "content": "nine"}])
    sent = json.loads(replay.requests[0].body or b"")["messages"][1]
    assert sent == {"role": "assistant", "content": None, **THINKING}


THINKING = {"reasoning_content": "Which port?", "tool_calls": [CALL]}


@pytest.mark.parametrize("model_type", sorted(CONFIGS))
def test_a_response_can_be_copied_and_stored(model_type: str) -> None:
    answers = {"anthropic": BLOCKS["interleaved"], "gemini": PARTS["signed calls"], "ollama": THOUGHT["ollama_chat"]}
    response = ask(model_type, answers.get(find_form(model_type), MESSAGES["DeepSeek, Kimi, Qwen, Z.AI"]), False)
    for same in (copy.deepcopy(response), pickle.loads(pickle.dumps(response))):
        assert same.to_message() == response.to_message()
        assert "received" in same.to_message()


def test_a_gateway_that_begins_each_block_with_the_same_index() -> None:
    blocks = BLOCKS["interleaved"]
    reply = speak_streamed("anthropic_chat", blocks, halve)
    reply["chunks"] = [re.sub(r'"index": \d', '"index": 0', chunk) for chunk in reply["chunks"] if "_stop" not in chunk]
    model, _ = build_model({"model_type": "anthropic_chat"}, reply)
    response = model("Hi", stream=True)
    list(response)
    assert [block for block in response.to_message()["received"]["content"] if block["type"] != "tool_use"] == [
        block for block in blocks if block["type"] != "tool_use"
    ]


@pytest.mark.parametrize("name", ["", "Two thoughts.", "A thought."])
def test_a_second_message_after_a_whole_one_is_not_read(name: str) -> None:
    first = speak_streamed("anthropic_chat", [say("At nine.")], halve)["chunks"]
    second = [
        chunk.replace("msg_1", "msg_2") for chunk in speak_streamed("anthropic_chat", [say(name)], halve)["chunks"]
    ]
    model, _ = build_model({"model_type": "anthropic_chat"}, {"status": 200, "chunks": [*first, *second]})
    response = model("Hi", stream=True)
    list(response)
    assert (response.text, response.to_message()) == ("At nine.", {"role": "assistant", "content": "At nine."})


@pytest.mark.parametrize("cut", range(1, 6))
def test_a_second_message_before_the_first_has_ended(cut: int) -> None:
    chunks = speak_streamed("anthropic_chat", [say("At nine.")], halve)["chunks"]
    again = [chunk.replace("msg_1", "msg_2") for chunk in chunks]
    config = {"model_type": "anthropic_chat", "retry": {"max_attempts": 1}}
    model, _ = build_model(config, {"status": 200, "chunks": [*chunks[:cut], *again]})
    with pytest.raises(StreamInterruptedError) as caught:
        list(model("Hi", stream=True))
    partial: Any = caught.value.partial
    assert (partial.text if partial else "") == "".join(halve("At nine.")[: max(0, cut - 2)])


def test_a_call_of_a_custom_tool_goes_back_as_one() -> None:
    """Its free text comes whole or in pieces."""
    custom = {"id": "c1", "type": "custom", "custom": {"name": "shell", "input": "ls -l"}}
    pieces = [
        [{"index": 0, "id": "c1", "type": "custom", "custom": {"name": "shell", "input": "ls"}}],
        [{"index": 0, "custom": {"input": " -l"}}],
    ]
    chunks = [f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'tool_calls': p}}]})}\n\n" for p in pieces]
    done = 'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}\n\n'
    model, _ = build_model({"model_type": "openai_chat"}, {"status": 200, "chunks": [*chunks, done]})
    streamed = model("Hi", stream=True)
    list(streamed)
    for response in (ask("openai_chat", {"content": None, "tool_calls": [custom]}, False), streamed):
        assert send("openai_chat", continue_with(response))[1]["tool_calls"] == [custom]
        assert send("anthropic_chat", continue_with(response))[1]["content"] == [
            {"type": "tool_use", "id": "c1", "name": "shell", "input": {"input": "ls -l"}}
        ]
