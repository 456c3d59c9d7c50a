"""What the mock model says: a deterministic answer to a prompt, before any wire format."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Literal

import orjson

from modelhub.server.formats.replies import Json
from modelhub.server.formats.values import build_value

Gift = Literal["text", "embedding", "image", "other"]
"""What an endpoint answers with."""

_PIECE = re.compile(r"\s*(?:[⺀-鿿가-힯＀-￯]{1,2}|[^\s⺀-鿿가-힯＀-￯]+)|\s+")
_NOUNS = ["river", "lantern", "gardener", "compass", "harbour", "clockmaker", "orchard", "telescope"]
_VERBS = ["remembers", "follows", "measures", "greets", "repairs", "outlives"]
_PLACES = ("before dawn", "without hurry", "in good order", "beyond the hill", "twice a year", "on quiet days")
_OPENINGS = ("As far as I can tell,", "In short,", "Here is the mock answer:", "Let us say that", "It depends, but")


@dataclass(frozen=True, slots=True)
class Message:
    """One message of the conversation as plain text."""

    role: str
    text: str


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the model may call."""

    name: str
    parameters: Json


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request without its wire format; ``tool_choice`` is auto, none, required or a tool's name."""

    model: str
    messages: Sequence[Message]
    tools: Sequence[Tool] = ()
    tool_choice: str = "auto"
    max_tokens: int | None = None
    schema: Json | None = None
    think: bool = False

    @property
    def question(self) -> str:
        """The last user message."""
        return next((message.text for message in reversed(self.messages) if message.role == "user"), "")

    @property
    def tokens(self) -> int:
        """The size of the prompt in tokens."""
        return sum(count_tokens(message.text) for message in self.messages)


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool; ``id`` is for the wire formats whose calls have ids."""

    id: str
    name: str
    arguments: Json


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model says, or the vectors or addresses that it gives; ``finish_reason`` is one of OpenAI's words."""

    text: str = ""
    reasoning: str = ""
    tool_calls: Sequence[ToolCall] = field(default=())
    finish_reason: str = "stop"
    embedding: Sequence[Sequence[float]] = field(default=())
    image_urls: Sequence[str] = field(default=())

    @property
    def gives(self) -> Gift:
        """What kind of model answers so."""
        return "embedding" if self.embedding else "image" if self.image_urls else "text"

    @property
    def tokens(self) -> int:
        """The size of the answer in tokens."""
        calls = "".join(f" {call.name} {orjson.dumps(call.arguments).decode()}" for call in self.tool_calls)
        return count_tokens(self.reasoning) + count_tokens(self.text) + count_tokens(calls)


def build_answer(seed: int, prompt: Prompt) -> Answer:
    """Answer a prompt: the same seed, model and last user message give the same answer."""
    digest = blake2b(f"{seed}\0{prompt.model}\0{prompt.question}".encode("utf-8", "replace"), digest_size=8)
    dice = random.Random(digest.digest())
    calls = build_tool_calls(prompt, digest.hexdigest())
    reasoning = f"Thinking about the {dice.choice(_NOUNS)}." if prompt.think else ""
    if calls:
        return Answer(reasoning=reasoning, tool_calls=calls, finish_reason="tool_calls")
    answer = Answer(build_text(prompt, dice), reasoning)
    pieces = split_pieces(answer.text)
    if prompt.max_tokens is None or prompt.max_tokens < 0 or len(pieces) <= prompt.max_tokens:
        return answer
    return replace(answer, text="".join(pieces[: prompt.max_tokens]), finish_reason="length")


def build_text(prompt: Prompt, dice: random.Random) -> str:
    """Choose the words of an answer that calls no tool."""
    nouns, verb = dice.sample(_NOUNS, 2), dice.choice(_VERBS)
    sentence = f"{dice.choice(_OPENINGS)} the {nouns[0]} {verb} the {nouns[1]} {dice.choice(_PLACES)}."
    if prompt.schema is not None:
        if "properties" not in prompt.schema and "$ref" not in prompt.schema:
            return orjson.dumps({"answer": sentence}).decode()
        return orjson.dumps(build_value(prompt.schema, prompt.question, optional=True)).decode()
    if prompt.messages and prompt.messages[-1].role == "tool":
        return "The tool says: " + "; ".join(_last_results(prompt.messages))
    rule, _, rest = prompt.question.strip().partition(":")
    rest = rest.strip()
    if rule.lower() == "echo":
        return rest
    if rule.lower() == "count" and rest.isdecimal():
        return " ".join(map(str, range(1, min(int(rest), 100_000) + 1)))
    return sentence


def build_tool_calls(prompt: Prompt, salt: str) -> tuple[ToolCall, ...]:
    """Call the tools that ``tool_choice`` demands or that the last user message mentions."""
    if prompt.tool_choice == "none" or not prompt.tools or "tool" in _roles_since_question(prompt.messages):
        return ()
    chosen = [tool for tool in prompt.tools if tool.name == prompt.tool_choice]
    if not chosen:
        chosen = [tool for tool in prompt.tools if _speaks_of(tool.name, prompt.question)]
    if not chosen and prompt.tool_choice == "required":
        chosen = [prompt.tools[0]]
    return tuple(
        ToolCall(f"call_{salt}{index}", tool.name, build_value(tool.parameters, prompt.question) or {})
        for index, tool in enumerate(chosen)
    )


def split_pieces(text: str) -> list[str]:
    """Cut a text into pieces of about a word; joined, they are the same text."""
    return _PIECE.findall(text)


def count_tokens(text: str) -> int:
    """Count the pieces of a text; the mock counts each as one token."""
    return len(_PIECE.findall(text))


def _speaks_of(name: str, question: str) -> bool:
    words = set(re.findall(r"\w+", question.lower()))
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    return name.lower() in question.lower() or any(part.lower() in words for part in parts if len(part) > 3)


def _roles_since_question(messages: Sequence[Message]) -> list[str]:
    roles = [message.role for message in messages]
    return roles[len(roles) - roles[::-1].index("user") :] if "user" in roles else roles


def _last_results(messages: Sequence[Message]) -> list[str]:
    first = len(messages)
    while first and messages[first - 1].role == "tool":
        first -= 1
    return [message.text for message in messages[first:]]
