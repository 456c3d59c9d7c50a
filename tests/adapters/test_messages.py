"""Messages are laid out as a config says; what need not change is not copied."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from modelhub.adapters.braces import fill, find_strange, split
from modelhub.adapters.messages import Layout
from modelhub.errors import BadRequestError, ConfigError

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
SYSTEM = {"role": "system", "content": "S"}
USER = {"role": "user", "content": "U"}
ANSWER = {"role": "assistant", "content": "A"}
CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}
CALLING = {"role": "assistant", "content": None, "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "c1", "content": "R", "name": "f"}
ALL = [SYSTEM, USER, CALLING, RESULT, ANSWER]


def text(*texts: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": each} for each in texts]


LAYOUTS: list[tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]] = [
    ({}, ALL, ALL),
    (
        {"roles": {"user": "human", "assistant": "ai", "tool": "function", "system": "sys"}},
        [SYSTEM, USER, ANSWER, RESULT],
        [
            {**SYSTEM, "role": "sys"},
            {**USER, "role": "human"},
            {**ANSWER, "role": "ai"},
            {**RESULT, "role": "function"},
        ],
    ),
    ({}, [{"role": "developer", "content": "D"}], [{"role": "system", "content": "D"}]),
    ({"roles": {"system": "sys"}}, [{"role": "developer", "content": "D"}], [{"role": "sys", "content": "D"}]),
    ({"roles": {"developer": "dev"}}, [{"role": "developer", "content": "D"}], [{"role": "dev", "content": "D"}]),
    (
        {"fields": {"role": "from", "content": "value", "tool_calls": "function_calls"}},
        [USER, CALLING],
        [{"from": "user", "value": "U"}, {"from": "assistant", "value": None, "function_calls": [CALL]}],
    ),
    (
        {"fields": {"tool_call_id": "call", "name": None}},
        [RESULT],
        [{"role": "tool", "call": "c1", "content": "R"}],
    ),
    ({"content": "text"}, [{"role": "user", "content": text("a", "b")}], [{"role": "user", "content": "ab"}]),
    ({"content": "auto"}, [{"role": "user", "content": text("a", "b")}], [{"role": "user", "content": "ab"}]),
    (
        {"content": "auto"},
        [{"role": "user", "content": [*text("a"), IMAGE]}],
        [{"role": "user", "content": [*text("a"), IMAGE]}],
    ),
    ({"content": "parts"}, [USER, CALLING], [{"role": "user", "content": text("U")}, CALLING]),
    ({"content": "parts"}, [{"role": "user", "content": [IMAGE]}], [{"role": "user", "content": [IMAGE]}]),
    ({"system": "first_user"}, [SYSTEM, ANSWER, USER, USER], [ANSWER, {"role": "user", "content": "S\n\nU"}, USER]),
    ({"system": "first_user"}, [SYSTEM, SYSTEM, USER], [{"role": "user", "content": "S\n\nS\n\nU"}]),
    ({"system": "first_user"}, [SYSTEM, ANSWER], [{"role": "user", "content": "S"}, ANSWER]),
    ({"system": "first_user"}, [USER], [USER]),
    (
        {"system": "first_user", "content": "parts"},
        [SYSTEM, {"role": "user", "content": [IMAGE, *text("U")]}],
        [{"role": "user", "content": [IMAGE, *text("S\n\nU")]}],
    ),
    (
        {"system": "first_user", "content": "parts"},
        [SYSTEM, {"role": "user", "content": [IMAGE]}],
        [{"role": "user", "content": [*text("S"), IMAGE]}],
    ),
    ({"system": "drop_to_field"}, [SYSTEM, USER], [USER]),
    (
        {"arguments": "object"},
        [CALLING],
        [{**CALLING, "tool_calls": [{**CALL, "function": {"name": "f", "arguments": {"x": 1}}}]}],
    ),
]


@pytest.mark.parametrize(("given", "messages", "sent"), LAYOUTS)
def test_layouts(given: dict[str, Any], messages: list[dict[str, Any]], sent: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(messages)
    assert list(Layout(given, "messages").lay_out(messages)) == sent
    assert messages == before


def test_messages_that_need_no_change_are_the_same_objects() -> None:
    assert all(one is other for one, other in zip(Layout({}, "messages").lay_out(ALL), ALL, strict=True))


@pytest.mark.parametrize("given", [{}, {"system": "first_user"}, {"layout": "prompt"}])
def test_parts_that_are_no_text_are_refused(given: dict[str, Any]) -> None:
    layout = Layout(given, "messages")
    messages = [SYSTEM, {"role": "user", "content": [*text("a"), IMAGE]}]
    for lay_out in (layout.lay_out, layout.write_prompt):
        with pytest.raises(BadRequestError, match=r"messages\[1\]\.content\[1\] is no text but 'image_url'") as caught:
            lay_out(messages)
        assert "base64" not in str(caught.value)


def test_arguments_that_are_no_object_are_refused() -> None:
    call = {**CALL, "function": {"name": "f", "arguments": "[1"}}
    with pytest.raises(BadRequestError, match=r"messages\[1\]\.tool_calls\[0\]"):
        Layout({"arguments": "object"}, "messages").lay_out([USER, {**CALLING, "tool_calls": [call]}])


def test_the_system_and_the_turns() -> None:
    layout = Layout({"roles": {"user": "human"}, "system": "first_user"}, "messages")
    messages = [SYSTEM, USER, {"role": "developer", "content": text("D")}, {"role": "system", "content": ""}]
    assert layout.find_system(messages) == "S\n\nD"
    assert layout.lay_out_turns(messages) == [{"role": "human", "content": "U"}]
    assert layout.find_system([USER]) is None


PROMPTS: list[tuple[Any, dict[str, Any], str]] = [
    ("plain", {}, "system: S\nuser: U\nassistant: A\nuser: V\nassistant:"),
    ("plain", {"roles": {"user": "Human", "assistant": "AI"}}, "system: S\nHuman: U\nAI: A\nHuman: V\nAI:"),
    (
        "chatml",
        {},
        "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nU<|im_end|>\n<|im_start|>assistant\nA<|im_end|>\n"
        "<|im_start|>user\nV<|im_end|>\n<|im_start|>assistant\n",
    ),
    ("llama2", {}, "<s>[INST] <<SYS>>\nS\n<</SYS>>\n\nU [/INST] A </s><s>[INST] V [/INST]"),
    (
        "llama3",
        {"system": "drop_to_field"},
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nU<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\nA<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nV<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    (
        {"turn": "<{role}>{content}\n", "start": "[", "end": "<ai>"},
        {},
        "[<system>S\n<user>U\n<assistant>A\n<user>V\n<ai>",
    ),
    ({"turn": "{content}|"}, {"system": "first_user"}, "S\n\nU|A|V|"),
    ({"turn": "{role}{role.x}{0}{}{content!r}{{content}}"}, {"system": "drop_to_field"}, None),
]


@pytest.mark.parametrize(("template", "given", "written"), PROMPTS)
def test_prompts(template: Any, given: dict[str, Any], written: str | None) -> None:
    if written is None:
        one = "{role.x}{0}{}{content!r}"
        written = "".join(
            f"{role}{one}{{{content}}}" for role, content in (("user", "U"), ("assistant", "A"), ("user", "V"))
        )
    layout = Layout({"layout": "prompt", "template": template, **given}, "messages")
    assert layout.write_prompt([SYSTEM, USER, ANSWER, {"role": "user", "content": "V"}]) == written


def test_braces_in_what_is_said_mean_nothing() -> None:
    layout = Layout({"template": {"turn": "<{role}>{content}", "start": "{content}", "end": "{role}"}}, "messages")
    assert (
        layout.write_prompt([{"role": "user", "content": "{role} {content} %s"}])
        == "{content}<user>{role} {content} %s{role}"
    )


def test_a_template_that_there_is_not() -> None:
    with pytest.raises(ConfigError, match=r"messages\.template.*did you mean 'chatml'"):
        Layout({"template": "chatlm"}, "messages")


def test_calls_of_tools_are_written_into_prompts() -> None:
    written = Layout({"template": {"turn": "{content};"}}, "messages").write_prompt([USER, CALLING, RESULT])
    assert written == 'U;{"name":"f","arguments":{"x":1}};R;'


@pytest.mark.parametrize(
    ("template", "values", "filled"),
    [
        ("a{x}b{y}", {"x": 1, "y": "{x}"}, "a1b{x}"),
        ("{x.y}{x!r}{x[0]}{0}{}{z}", {"x": 1}, "{x.y}{x!r}{x[0]}{0}{}{z}"),
        ("{{x}}", {"x": 1}, "{1}"),
        ("${x}", {"x": 1}, "${x}"),
    ],
)
def test_braces_hold_names_and_nothing_else(template: str, values: dict[str, Any], filled: str) -> None:
    assert fill(template, values) == filled


def test_braces_that_hold_no_name_are_found() -> None:
    assert find_strange("a{x}b") is None
    assert find_strange("a{x}b", {"y"}) == "{x}"
    assert find_strange("a{x.y}b") == "{x.y}"
    assert find_strange("a{b") == "{b"
    assert find_strange("${HOST}/{x}") is None
    assert split("a{x}b{y}", {"x"}) == ["a", "x", "b{y}"]
