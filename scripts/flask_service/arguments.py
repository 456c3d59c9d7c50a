"""Which arguments a request may have: those that do something, those that do nothing, and no others."""

from __future__ import annotations

import difflib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .messages import parse_tools
from .refusal import Refusal, refuse_value


@dataclass(frozen=True, slots=True)
class Number:
    """A number between two others, both included."""

    low: float
    high: float = math.inf
    whole: bool = False

    def parse(self, name: str, value: Any) -> Any:
        """``value`` when it is such a number; raises Refusal."""
        right = isinstance(value, int if self.whole else int | float) and not isinstance(value, bool)
        if not right or not self.low <= value <= self.high:
            kind = "an integer" if self.whole else "a number"
            limits = f"from {self.low:g} to {self.high:g}" if self.high < math.inf else f"of at least {self.low:g}"
            raise refuse_value(name, f"{kind} {limits}")
        return value


# The names of the most tokens of an answer: two of OpenAI's, transformers', and the one in AgentScope's configs.
LENGTHS = ("max_tokens", "max_completion_tokens", "max_new_tokens", "max_length")
NUMBERS = {
    **dict.fromkeys(LENGTHS, Number(1, whole=True)),
    "temperature": Number(0, 2),
    "top_p": Number(0, 1),
    "top_k": Number(-1, whole=True),
    "seed": Number(-(2**63), 2**63 - 1, whole=True),
    "repetition_penalty": Number(0.01, 10),
}
FLAGS = ("do_sample", "stream")
OTHERS = ("model", "stop", "stream_options", "tools", "tool_choice")
# What clients of OpenAI send that changes nothing about an answer.
IGNORED = ("metadata", "prompt_cache_key", "safety_identifier", "service_tier", "store", "user")
# What is not done here, with the value that does not ask for it.
NEUTRAL: dict[str, Any] = {
    "frequency_penalty": 0,
    "logit_bias": {},
    "logprobs": False,
    "n": 1,
    "num_beams": 1,
    "num_return_sequences": 1,
    "parallel_tool_calls": True,
    "presence_penalty": 0,
    "response_format": {"type": "text"},
    "top_logprobs": 0,
}
KNOWN = frozenset((*NUMBERS, *FLAGS, *OTHERS, *IGNORED, *NEUTRAL))
MOST_STOPS = 16


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a request asks of the generation; a temperature of 0 is greedy."""

    max_tokens: int | None = None
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int | None = None
    repetition_penalty: float = 1.0
    stop: tuple[str, ...] = ()
    stream: bool = False
    include_usage: bool = False
    model: str | None = None
    tools: list[dict[str, Any]] | None = None


def parse_arguments(body: Mapping[str, Any]) -> Arguments:
    """The arguments of a request's body, less its messages; null is absent. Raises Refusal."""
    given = {name: value for name, value in body.items() if value is not None}
    for name, value in given.items():
        check_name(name, value)
    numbers = {name: number.parse(name, given[name]) for name, number in NUMBERS.items() if name in given}
    for name in FLAGS:
        if not isinstance(given.get(name, False), bool):
            raise refuse_value(name, "true or false")
    if not isinstance(given.get("model", ""), str):
        raise refuse_value("model", "a string")
    samples = given.get("do_sample", numbers.get("temperature", 0) > 0)
    return Arguments(
        max_tokens=min((numbers[name] for name in LENGTHS if name in numbers), default=None),
        temperature=(numbers.get("temperature") or 1.0) if samples else 0.0,
        top_p=numbers.get("top_p", 1.0),
        top_k=max(0, numbers.get("top_k", 0)),
        seed=numbers.get("seed"),
        repetition_penalty=numbers.get("repetition_penalty", 1.0),
        stop=parse_stop(given.get("stop", ())),
        stream=given.get("stream", False),
        include_usage=parse_stream_options(given.get("stream_options", {})),
        model=given.get("model"),
        tools=parse_tools(given.get("tools"), given.get("tool_choice")),
    )


def check_name(name: str, value: Any) -> None:
    """Raises Refusal for an argument that is unknown, or that asks for what is not done here."""
    if name not in KNOWN:
        near = difflib.get_close_matches(name, KNOWN, 1)
        hint = f", did you mean '{near[0]}'?" if near else ""
        raise Refusal(400, f"unknown argument '{name[:80]}'{hint}", "unknown_parameter", name[:80])
    if name in NEUTRAL and (value != NEUTRAL[name] or isinstance(value, bool) != isinstance(NEUTRAL[name], bool)):
        raise Refusal(400, f"'{name}' is not supported: leave it out", "unsupported_parameter", name)


def parse_stop(value: Any) -> tuple[str, ...]:
    """The strings that end an answer, of which none is empty."""
    stops = (value,) if isinstance(value, str) else value
    right = isinstance(stops, list | tuple) and len(stops) <= MOST_STOPS
    if not right or not all(isinstance(stop, str) and stop for stop in stops):
        raise refuse_value("stop", f"a string or up to {MOST_STOPS} of them, none empty")
    return tuple(stops)


def parse_stream_options(value: Any) -> bool:
    """Whether a stream ends with its usage."""
    if not isinstance(value, dict) or value.keys() - {"include_usage"}:
        raise refuse_value("stream_options", "an object with nothing but 'include_usage'")
    wanted = value.get("include_usage")
    if not isinstance(wanted, bool | None):
        raise refuse_value("stream_options.include_usage", "true or false")
    return bool(wanted)
