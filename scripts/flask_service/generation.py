"""From a prompt's tokens to the text, the tool calls and the end of an answer, piece by piece."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .arguments import Arguments
from .messages import Message
from .refusal import Refusal
from .tool_calls import ToolCall, find_tool_calls

BUDGET = 4096  # of an answer, where neither request, service nor model says
UNFINISHED = "\ufffd"  # what a tokenizer writes for bytes that are no whole character yet


class Model(Protocol):
    """What a service needs of a model."""

    context: int | None  # the most tokens of prompt and answer together
    ends: Collection[int]  # the tokens that end an answer

    def build_prompt(self, messages: list[Message], tools: list[dict[str, Any]] | None) -> list[int]:
        """The tokens of a conversation that the model is to continue; raises Refusal."""

    def generate(
        self, prompt: list[int], arguments: Arguments, budget: int, is_cancelled: Callable[[], bool]
    ) -> Generator[int, None, None]:
        """New tokens, up to ``budget``, as they come; when it is closed, nothing is being computed any more."""

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of tokens, without the special ones."""


@dataclass(frozen=True, slots=True)
class End:
    """The last thing of an answer: why it ended ("stop" or "length"), and how many tokens were made."""

    reason: str
    tokens: int


Event = str | ToolCall | End


def find_budget(prompt: int, wanted: int | None, context: int | None, most: int | None) -> int:
    """How many tokens the answer to ``prompt`` tokens may have; raises Refusal when not one fits."""
    if context is not None and prompt >= context:
        message = f"the prompt has {prompt} tokens, which leaves no room in the model's context of {context}"
        raise Refusal(400, message, "context_length_exceeded", "messages")
    limits = [limit for limit in (wanted, most) if limit is not None]
    if context is not None:
        limits.append(context - prompt)
    return min(limits, default=BUDGET)


def generate_answer(
    model: Model,
    prompt: list[int],
    arguments: Arguments,
    budget: int,
    is_cancelled: Callable[[], bool],
) -> Iterator[Event]:
    """The answer's pieces of text, its tool calls and its end; raises Refusal when it is cancelled before that."""
    made: list[int] = []

    def count(tokens: Iterable[int]) -> Iterator[int]:
        for token in tokens:
            made.append(token)
            if token in model.ends:
                return
            yield token

    with contextlib.closing(model.generate(prompt, arguments, budget, is_cancelled)) as tokens:
        stops = Stops(arguments.stop)
        text = stops.cut(spell(count(tokens), model.decode))
        yield from find_tool_calls(text) if arguments.tools else text
    if is_cancelled():
        raise Refusal(503, "the answer was given up", "cancelled")
    ended = stops.met or (bool(made) and made[-1] in model.ends)
    yield End("stop" if ended else "length", len(made))


def spell(tokens: Iterable[int], decode: Callable[[Sequence[int]], str]) -> Iterator[str]:
    """The text of tokens, of which no piece ends within a character.

    A token is decoded together with those before it, since many tokenizers write it differently at the beginning.
    """
    before: list[int] = []
    new: list[int] = []
    for token in tokens:
        new.append(token)
        text = decode(before + new)
        known = decode(before)
        if len(text) > len(known) and not text.endswith(UNFINISHED):
            yield text[len(known) :]
            before, new = new, []
    if rest := decode(before + new)[len(decode(before)) :]:
        yield rest


class Stops:
    """The strings that end an answer and are no part of it; ``met`` tells whether one of them came."""

    def __init__(self, stops: Sequence[str]) -> None:
        self.stops = stops
        self.met = False

    def cut(self, pieces: Iterable[str]) -> Iterator[str]:
        """The pieces before the first of the strings; what may be the beginning of one waits for the rest."""
        held = ""
        for piece in pieces:
            held += piece
            found = [place for stop in self.stops if (place := held.find(stop)) >= 0]
            if found:
                self.met = True
                held = held[: min(found)]
                break
            keep = max((overlap(held, stop) for stop in self.stops), default=0)
            if len(held) > keep:
                yield held[: len(held) - keep]
                held = held[len(held) - keep :]
        if held:
            yield held


def overlap(text: str, stop: str) -> int:
    """How many characters at the end of ``text`` are the beginning of ``stop``."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)
