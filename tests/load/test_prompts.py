"""What is asked."""

from __future__ import annotations

import pytest

from modelhub.errors import ModelHubError
from modelhub.load.prompts import ask_briefly, draw_words, parse_lines, repeat_text, take_in_turn
from modelhub.messages.tokens import estimate_tokens


def test_another_question_each_time() -> None:
    assert len({ask_briefly(number) for number in range(100)}) == 100


def test_the_same_text_each_time() -> None:
    assert {repeat_text("Hello")(number) for number in range(3)} == {"Hello"}


@pytest.mark.parametrize("tokens", [16, 512, 4000])
def test_about_so_many_tokens(tokens: int) -> None:
    build = draw_words(tokens)
    assert len(build(7).split()) == tokens - 3  # a word is a token, the number and the colon are two or three more
    assert estimate_tokens([{"content": build(7)}]) == pytest.approx(tokens, rel=0.5)
    assert build(7) == build(7) != build(8)
    assert build(7)[:8] != build(8)[:8]  # what a server has kept of one is of no use for another


def test_lines_in_turn() -> None:
    build = take_in_turn(parse_lines("\ufeffone\r\n\n two\u2028three\n".encode(), "p.txt"))
    assert [build(number) for number in range(3)] == ["one", " two\u2028three", "one"]


def test_messages_in_turn() -> None:
    lines = b"""[{"role": "user", "content": "a"}]
{"messages": [{"role": "user", "content": "b"}], "id": 7}
{"role": "user", "content": "c"}
"d"
"""
    prompts = parse_lines(lines, "p.JSONL")
    assert [prompt if isinstance(prompt, str) else prompt[0]["content"] for prompt in prompts] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\n\n", "p.jsonl has no prompts; write one a line"),
        (b'"a"\n{"role": ', "p.jsonl:2:10: this is not JSON: "),
        (b"\n7\n", 'p.jsonl:2: write a list of messages, such as [{"role": "user", "content": "Hello"}]'),
        (b"[]", "p.jsonl:1: write a list of messages"),
        (b'"a"\n"\xff"', "p.jsonl:2: this is not UTF-8; save the file in that encoding"),
    ],
)
def test_what_is_no_prompt(data: bytes, message: str) -> None:
    with pytest.raises(ModelHubError) as caught:
        parse_lines(data, "p.jsonl")
    assert str(caught.value).startswith(message)
