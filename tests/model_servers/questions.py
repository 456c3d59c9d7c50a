"""The questions whose answers the tiny model has learnt, as neutral messages that every wrapper is given alike."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelhub.response import Usage

from ..paths import TESTS


@dataclass(frozen=True, slots=True)
class Answer:
    """What a greedy server must answer."""

    text: str
    calls: list[tuple[str, dict[str, Any]]]
    finish_reason: str
    usage: Usage | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Question:
    """A conversation to be continued."""

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]] | None
    answer: Answer


def load_questions(path: Path) -> list[Question]:
    """The questions of a file of known answers; the tool calls in them are given the ids that messages need."""
    rows = json.loads(path.read_text("utf-8"))
    for message in (message for row in rows for message in row["messages"]):
        for call in message.get("tool_calls", ()):
            call["id"] = "call_0"
        if message["role"] == "tool":
            message["tool_call_id"] = "call_0"
    return [Question(row["messages"], row["tools"], parse_answer(row["answer"])) for row in rows]


def parse_answer(text: str) -> Answer:
    """The answer that a server makes of what the model writes."""
    if not text.startswith("<tool_call>"):
        return Answer(text, [], "stop")
    call = json.loads(text.removeprefix("<tool_call>").removesuffix("</tool_call>"))
    return Answer("", [(call["name"], call["arguments"])], "tool_calls")


QUESTIONS = load_questions(TESTS / "models/known_answers.json")
(WEATHER,) = (question for question in QUESTIONS if question.answer.calls)
