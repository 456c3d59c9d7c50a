"""What all the servers answer, whatever protocol they speak.

A conversation whose last message is the result of a tool is answered with that result. One with tools is answered with
a call of the first tool. All others are answered with the last text of the user. Some texts are orders:

| the last text of the user | what happens                                      |
|---------------------------|---------------------------------------------------|
| ``please fail 429``       | an error of that kind, whose wait is 7 seconds    |
| ``please break``          | a reply that nobody can read                      |
| ``please wait``           | the reply takes half a second longer              |
| ``please cut``            | the answer ends because it is too long            |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

WAIT = 7
SLOW = 0.5


@dataclass
class ToolUse:
    """A call of a tool."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass
class Said:
    """One message, with the names of roles that all servers share: system, user, assistant, tool."""

    role: str
    text: str
    calls: list[ToolUse] = field(default_factory=list)


@dataclass
class Question:
    """What a server is asked."""

    said: list[Said]
    tools: Sequence[str] = ()
    stream: bool = False

    @property
    def order(self) -> str:
        """The last text of the user."""
        return next((said.text for said in reversed(self.said) if said.role == "user"), "")


@dataclass
class Answer:
    """What a server answers; ``reason`` is stop, length or tool_calls."""

    text: str
    reason: str
    usage: tuple[int, int]
    calls: list[ToolUse] = field(default_factory=list)

    @property
    def pieces(self) -> list[str]:
        """The text in pieces of three characters."""
        return [self.text[at : at + 3] for at in range(0, len(self.text), 3)]


class Refusal(Exception):
    """Why a server refuses; ``kind`` is the status that usual servers would give it."""

    def __init__(self, kind: int, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message


class Broken(Exception):
    """The server is told to break."""


def think(question: Question) -> Answer:
    """The answer to a question."""
    order = question.order
    if not question.said:
        raise Refusal(400, "there are no messages")
    if order.startswith("please fail "):
        raise Refusal(int(order.split()[2]), "as you wish")
    if order == "please break":
        raise Broken
    spent = sum(len(said.text) for said in question.said)
    last = question.said[-1]
    if last.role != "tool" and question.tools:
        calls = [ToolUse("call-7", question.tools[0], {"city": order, "days": 3, "deep": {"list": [1, "<>&\"'"]}})]
        return Answer("", "tool_calls", (spent, 5), calls)
    text = last.text if last.role == "tool" else order
    return Answer(text, "length" if order == "please cut" else "stop", (spent, len(text)))


def check_keys(what: Any, needed: str, others: str = "") -> dict[str, Any]:
    """``what``, if it is an object with these keys and no more."""
    if not isinstance(what, dict):
        raise Refusal(400, f"an object is needed, not {type(what).__name__}")
    missing, unknown = set(needed.split()) - what.keys(), what.keys() - set(needed.split()) - set(others.split())
    if missing or unknown:
        raise Refusal(400, f"missing {sorted(missing)}, unknown {sorted(unknown)}")
    return what


def check_kind(what: Any, kind: type) -> Any:
    """``what``, if it is of this type."""
    if not isinstance(what, kind) or (kind is not bool and isinstance(what, bool)):
        raise Refusal(400, f"{kind.__name__} is needed, not {type(what).__name__}")
    return what


def find_role(names: dict[str, str], name: Any) -> str:
    """The role that a server calls ``name``."""
    if name not in names:
        raise Refusal(400, f"no role is called {name!r}")
    return names[name]
