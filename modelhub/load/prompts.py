"""What a load test asks: another question each time, a text, the lines of a file, or so many words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import orjson

from modelhub.errors import ModelHubError

BuildPrompt = Callable[[int], Any]
_BEGINNING = 5  # tokens before the words, about
# Words that are one token each for most models.
_WORDS = (
    *("the", "of", "and", "to", "in", "is", "that", "it", "was", "for", "on", "are", "as", "with"),
    *("his", "they", "at", "be", "this", "have", "from", "or", "one", "had", "by", "but", "not", "what"),
    *("all", "were", "we", "when", "your", "can", "said", "there", "use", "an", "each", "which", "she", "do"),
    *("how", "their", "if", "will", "up", "other", "about", "out", "many", "then", "them"),
)


def ask_briefly(number: int) -> str:
    """A question that has a short answer, another one for each ``number``."""
    return f"Write one sentence about the number {number}."


def repeat_text(text: str) -> BuildPrompt:
    """The same text each time."""
    return lambda number: text


def draw_words(tokens: int) -> BuildPrompt:
    """Texts of about so many tokens, which begin differently, so that no server can reuse what it made of another."""

    def build(number: int) -> str:
        words = Random(number).choices(_WORDS, k=max(tokens - _BEGINNING, 1))
        return f"Text {number}: {' '.join(words)}"

    return build


def take_in_turn(prompts: Sequence[Any]) -> BuildPrompt:
    """One prompt after the other, over and over."""
    return lambda number: prompts[number % len(prompts)]


def parse_lines(data: bytes, file: str) -> list[Any]:
    """The prompts of a file, one a line; in a ``.jsonl`` file, a line is a list of messages, or a text in quotes.

    Raises ModelHubError, which names the line, for one that is neither.
    """
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ModelHubError(f"{file}:{line}: this is not UTF-8; save the file in that encoding") from None
    in_json = file.lower().endswith(".jsonl")
    numbered = [(number, line.rstrip("\r")) for number, line in enumerate(lines, 1) if line.strip()]
    prompts = [_parse_row(line, f"{file}:{number}") if in_json else line for number, line in numbered]
    if not prompts:
        raise ModelHubError(f"{file} has no prompts; write one a line")
    return prompts


def _parse_row(line: str, place: str) -> Any:
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise ModelHubError(f"{place}:{error.colno}: this is not JSON: {error.msg}") from None
    if isinstance(row, dict) and "messages" in row:
        row = row["messages"]
    elif isinstance(row, dict) and "role" in row:
        row = [row]
    if (isinstance(row, str) and row) or (isinstance(row, list) and row):
        return row
    raise ModelHubError(f'{place}: write a list of messages, such as [{{"role": "user", "content": "Hello"}}]')
