# ruff: noqa: E402
"""The parts of the Flask services of scripts/ that need no Flask: from a request to tokens, and back to an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .echo import Echo

HELLO = [{"role": "user", "content": "hello"}]

from flask_service.arguments import Arguments, parse_arguments
from flask_service.generation import Stops, find_budget, generate_answer, spell
from flask_service.limits import Places
from flask_service.messages import build_plain_prompt, parse_messages
from flask_service.refusal import Refusal
from flask_service.settings import read_settings
from flask_service.tool_calls import ToolCall, find_tool_calls

TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]


CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Paris"}}\n</tool_call>'


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({}, {"temperature": 0.0, "max_tokens": None, "stop": ()}),
        ({"temperature": 0.5}, {"temperature": 0.5}),
        ({"temperature": 0, "seed": 7}, {"temperature": 0.0, "seed": 7}),
        ({"temperature": 0.5, "do_sample": False}, {"temperature": 0.0}),
        ({"do_sample": True}, {"temperature": 1.0}),
        ({"max_tokens": 9, "max_completion_tokens": 7, "max_new_tokens": 8}, {"max_tokens": 7}),
        ({"max_length": 4096, "temperature": None}, {"max_tokens": 4096, "temperature": 0.0}),
        ({"stop": "a", "user": "u", "n": 1, "response_format": {"type": "text"}}, {"stop": ("a",)}),
        ({"stop": ["a", "b"], "frequency_penalty": 0.0}, {"stop": ("a", "b")}),
        ({"stream": True, "stream_options": {"include_usage": True}}, {"stream": True, "include_usage": True}),
        ({"tools": TOOLS}, {"tools": TOOLS}),
        ({"tools": TOOLS, "tool_choice": "none"}, {"tools": None}),
        ({"tools": []}, {"tools": None}),
    ],
)
def test_arguments(body: dict[str, Any], wanted: dict[str, Any]) -> None:
    arguments = parse_arguments(body)
    assert {name: getattr(arguments, name) for name in wanted} == wanted


def test_a_near_miss_is_told() -> None:
    with pytest.raises(Refusal, match=r"unknown argument 'temprature', did you mean 'temperature'\?"):
        parse_arguments({"temprature": 1})


@pytest.mark.parametrize(
    ("messages", "prompt"),
    [
        (HELLO, "user: hello\n"),
        ([{"role": "developer", "content": "x"}], "system: x\n"),
        ([{"role": "user", "content": [{"type": "text", "text": "a"}, {"text": "b"}]}], "user: a\nb\n"),
        ([{"role": "user", "content": "x", "name": "Ada", "extra": 1}], "user: x\n"),
        (
            [{"role": "user", "content": "x", "name": "Ada"}, {"role": "user", "content": "y", "name": "Bob"}],
            "user: Ada: x\nuser: Bob: y\n",
        ),
        (
            [{"role": "user", "content": "x", "name": "user"}, {"role": "assistant", "content": "y", "name": "Bob"}],
            "user: x\nassistant: y\n",
        ),
    ],
)
def test_messages(messages: list[Any], prompt: str) -> None:
    assert build_plain_prompt(parse_messages(messages)) == prompt + "assistant:"


def test_tool_calls_in_messages_are_decoded() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    turns = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "1", "name": "f"},
    ]
    told, result = parse_messages(turns)
    assert (told["content"], told["tool_calls"][0]["function"]) == ("", {"name": "f", "arguments": {"a": 1}})
    assert result == {"role": "tool", "content": "1", "name": "f"}


@pytest.mark.parametrize("text", ["naïve café — 東京 🚀 Ω", "你好！", "plain", ""])
def test_no_piece_ends_within_a_character(text: str) -> None:
    pieces = list(spell(text.encode(), lambda tokens: bytes(tokens).decode("utf-8", "replace")))
    assert pieces == list(text)


def test_bytes_that_are_no_character_are_not_lost() -> None:
    pieces = list(spell([0x61, 0xF0, 0x9F], lambda tokens: bytes(tokens).decode("utf-8", "replace")))
    assert pieces == ["a", "\ufffd"]


def cut_everywhere(text: str) -> Iterator[list[str]]:
    """The text in two pieces, wherever it can be cut, and in single characters."""
    yield from ([text[:n], text[n:]] for n in range(1, len(text)))
    yield list(text)


@pytest.mark.parametrize(
    ("stops", "wanted", "met"),
    [
        ((", blue",), "red, green", True),
        (("green", ", "), "red", True),
        (("blues",), "red, green, blue", False),
        ((), "red, green, blue", False),
        (("red",), "", True),
    ],
)
def test_stop_strings(stops: tuple[str, ...], wanted: str, met: bool) -> None:
    for pieces in cut_everywhere("red, green, blue"):
        found = Stops(stops)
        assert ("".join(found.cut(pieces)), found.met) == (wanted, met)


PARIS = ToolCall("get_weather", '{"city": "Paris"}')


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (CALL, ["", PARIS]),
        (f"Let me see.\n{CALL}\n{CALL}\n", ["Let me see.", PARIS, PARIS]),
        (CALL.removesuffix("\n</tool_call>"), ["", PARIS]),
        ("<tool_call>nonsense</tool_call>", ["<tool_call>nonsense</tool_call>"]),
        ("<tool_call>[1]", ["<tool_call>[1]"]),
        ("1 <\n 2 <tool", ["1 <\n 2 <tool"]),
        ("line one\nline two\n", ["line one\nline two\n"]),
    ],
)
def test_tool_calls_in_a_text(text: str, wanted: list[Any]) -> None:
    for pieces in cut_everywhere(text):
        found = list(find_tool_calls(pieces))
        calls = [piece for piece in found if isinstance(piece, ToolCall)]
        said = "".join(piece for piece in found if isinstance(piece, str))
        if calls:
            said = said.rstrip()
        assert [said, *calls] == wanted


@pytest.mark.parametrize(
    ("prompt", "wanted", "context", "most", "budget"),
    [(10, None, 100, None, 90), (10, 5, 100, None, 5), (10, 500, 100, None, 90), (10, 50, 100, 20, 20)],
)
def test_the_budget_of_an_answer(prompt: int, wanted: Any, context: Any, most: Any, budget: int) -> None:
    assert find_budget(prompt, wanted, context, most) == budget


@pytest.mark.parametrize(
    ("text", "arguments", "reason", "tokens"),
    [
        ("hello", Arguments(), "stop", 6),
        ("hello", Arguments(max_tokens=5), "length", 5),
        ("hello", Arguments(max_tokens=4, stop=("l",)), "stop", 3),
        ("hello", Arguments(max_tokens=3, stop=("l",)), "stop", 3),
    ],
)
def test_how_an_answer_ends(text: str, arguments: Arguments, reason: str, tokens: int) -> None:
    echo = Echo()
    prompt = [ord(character) for character in text]
    *_, end = generate_answer(echo, prompt, arguments, arguments.max_tokens or 99, lambda: False)
    assert (end.reason, end.tokens, echo.running) == (reason, tokens, 0)


def test_places_are_given_in_order() -> None:
    places, order = Places(1, 2), []
    first = places.take()
    first.__enter__()

    def wait(name: str) -> None:
        with places.take():
            order.append(name)

    threads = []
    for n, name in enumerate("ab", 1):
        threads.append(threading.Thread(target=wait, args=name))
        threads[-1].start()
        while len(places._waiting) < n:
            pass
    with pytest.raises(Refusal) as refused, places.take():
        pass
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "1"})
    first.__exit__(None, None, None)
    for thread in threads:
        thread.join()
    assert order == ["a", "b"]


def test_who_gives_up_waiting_takes_no_place() -> None:
    places = Places(1, 1)
    with places.take():
        with pytest.raises(Refusal, match="given up"), places.take(lambda: True):
            pass
        assert not places._waiting
    with places.take():
        pass


def test_settings(tmp_path: Path) -> None:
    folder = tmp_path / "Qwen"
    folder.mkdir()
    environ = {"MODELHUB_SERVICE_MODEL": f"{folder}/", "MODELHUB_SERVICE_QUEUE": "3", "MODELHUB_SERVICE_API_KEY": "k"}
    settings = read_settings({"queue": None, "concurrency": "2"}, environ)
    assert (settings.name, settings.queue, settings.concurrency, settings.api_key) == ("Qwen", 3, 2, "k")
    assert "'k'" not in repr(settings)
    assert read_settings({"model": "Qwen/Qwen2.5"}, {}).name == "Qwen/Qwen2.5"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "which model"),
        ({"model": "m", "queue": "x"}, "queue must be a whole number of at least 0, not 'x'"),
        ({"model": "m", "max_tokens": 0}, "max-tokens must be"),
        ({"model": "m", "nope": 1}, "unknown settings: nope"),
    ],
)
def test_wrong_settings(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_settings(given, {})
