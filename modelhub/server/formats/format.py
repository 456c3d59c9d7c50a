"""The contract of a wire format: pure functions from a request's JSON to a reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from modelhub.server.formats.answers import Answer, Prompt, build_answer
from modelhub.server.formats.replies import Failure, Json, Reply
from modelhub.server.formats.standing import Standing, build_no_headers


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as an endpoint sees it; ``path`` holds the variable parts of the path, ``raw`` is the body as sent."""

    body: Json
    seed: int = 0
    scripted: Answer | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""

    def answer(self, prompt: Prompt, choice: int = 0) -> Answer:
        """The answer of the script, else the one that the seed gives for this choice."""
        return self.scripted or build_answer(self.seed + choice, prompt)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method, its paths, and the function that answers; ``speaks`` is true if its replies contain an Answer.

    ``json`` is false where the body of a POST is none, and ``scripted`` where scripted faults and replies do not count.
    ``keyed`` is false where no key is asked for.
    A request with the header ``unless`` is for another format, which has the same path.
    ``build`` raises Failure, or KeyError, TypeError, ValueError or AttributeError for what it cannot read.
    """

    method: str
    paths: tuple[str, ...]
    build: Callable[[Ask], Reply]
    speaks: bool = False
    json: bool = True
    scripted: bool = True
    keyed: bool = True
    unless: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """A wire format: its endpoints, and the functions that build its errors and its headers about rate limits."""

    endpoints: tuple[Endpoint, ...]
    build_error: Callable[[Failure], Reply]
    build_error_event: Callable[[Failure], bytes]
    build_limit_headers: Callable[[Standing], dict[str, str]] = build_no_headers
