"""The contract of a wire format: pure functions from a request's JSON to a reply."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from modelhub.server.formats.answers import Answer, Gift, Prompt, build_answer
from modelhub.server.formats.replies import Failure, Json, Reply
from modelhub.server.formats.standing import Standing, build_no_headers
from modelhub.server.formats.vectors import DIMENSIONS, build_vector

Function = Callable[[Prompt], Answer]
"""What answers prompts."""


@dataclass(frozen=True, slots=True)
class Ask:
    """A request as an endpoint sees it; ``path`` holds the variable parts of the path, ``raw`` is the body as sent."""

    body: Json
    seed: int = 0
    scripted: Answer | Function | None = None
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""

    def answer(self, prompt: Prompt, choice: int = 0) -> Answer:
        """The answer of the script, else the one that the seed gives for this choice."""
        if callable(self.scripted):
            return self.scripted(prompt)
        return self.scripted or build_answer(self.seed + choice, prompt)

    def embed(self, model: str, texts: Sequence[str], dimensions: int = DIMENSIONS) -> list[list[float]]:
        """A vector for each text: that of the script, which may have one for all, else the one that the seed gives."""
        if not isinstance(self.scripted, Answer):
            return [build_vector(self.seed, model, text, dimensions) for text in texts]
        vectors = [[*vector] for vector in self.scripted.embedding]
        if len(vectors) == 1:
            return vectors * len(texts)
        if len(vectors) != len(texts):
            message = f"the reply has {len(vectors)} vectors for {len(texts)} texts: give one for each, or one for all"
            raise Failure(400, "bad_request", message)
        return vectors

    def draw(self) -> Sequence[str]:
        """The addresses of the images of the script; empty where it has none."""
        return self.scripted.image_urls if isinstance(self.scripted, Answer) else ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A method, its paths, the function that answers, and what it ``gives``; ``parse`` reads the prompt of a text.

    ``json`` is false where the body of a POST is none, and ``scripted`` where scripted faults and replies do not count.
    ``keyed`` is false where no key is asked for.
    A request with the header ``unless`` is for another format, which has the same path.
    ``build`` raises Failure, or KeyError, TypeError, ValueError or AttributeError for what it cannot read.
    """

    method: str
    paths: tuple[str, ...]
    build: Callable[[Ask], Reply]
    gives: Gift = "other"
    parse: Callable[[Ask], Prompt] | None = None
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
