"""Reads the replies of private services, which have the form of AgentScope, OpenAI, Hugging Face or ModelScope."""

from __future__ import annotations

from typing import Any

from modelhub.base import ModelResponse, Reply
from modelhub.errors import ResponseParsingError

from .openai_message import parse_content
from .openai_reply import parse_completion, parse_usage


def open_envelope(data: Any) -> Any:
    """The content of AgentScope's envelope ``{"data": {"response": ...}}``; other ``data`` as it is."""
    if isinstance(data, dict) and isinstance(data.get("data"), dict) and isinstance(data["data"].get("response"), dict):
        return {"usage": data["data"].get("usage"), **data["data"]["response"]}
    return data


def parse_known_shape(data: Any) -> ModelResponse | None:
    """The response of a body in the form of AgentScope, OpenAI or Hugging Face; None for other bodies."""
    inner = open_envelope(data)
    if isinstance(inner, dict) and isinstance(inner.get("choices"), list):
        response = parse_completion(inner, Reply(200, {}))
        response.raw = data
        return response
    row = data
    while isinstance(row, list) and row:  # one list for each input, one item for each answer
        row = row[0]
    if not isinstance(row, dict):
        return None
    text = row.get("generated_text")
    if isinstance(text, list) and text and isinstance(text[-1], dict):  # messages in, messages out: the answer is last
        text = parse_content(text[-1].get("content"))
    if not isinstance(text, str):
        return None
    return ModelResponse(text=text, finish_reason="stop", raw=data, usage=parse_usage(row.get("usage")))


def parse_bare_vectors(rows: list[Any], pooling: str | None = None) -> list[list[float]]:
    """The vectors of a reply that is a vector or a list of vectors; raises ResponseParsingError for any other."""
    rows = rows if isinstance(rows[0], list) else [rows]
    if pooling and all(map(is_nested, rows)):
        rows = [_pool(row, pooling) for row in rows]
    if not all(map(is_vector, rows)):
        if all(map(is_nested, rows)):
            raise ResponseParsingError("the reply has a vector for each token: set pooling to 'mean' or 'first'")
        raise ResponseParsingError("the reply is a list, but not of vectors: one list of numbers for each text")
    return rows


def _pool(rows: list[Any], pooling: str) -> Any:
    while len(rows) == 1 and is_nested(rows[0]):  # several texts are answered with a batch of one for each
        rows = rows[0]
    if not all(map(is_vector, rows)) or len({len(row) for row in rows}) > 1:
        raise ResponseParsingError("the reply is a list, but not of texts that have a vector for each token")
    return rows[0] if pooling == "first" else [sum(column) / len(rows) for column in zip(*rows, strict=True)]


def is_nested(row: Any) -> bool:
    """Whether this is a list of lists, such as the vectors of the tokens of a text."""
    return isinstance(row, list) and bool(row) and isinstance(row[0], list)


def is_vector(row: Any) -> bool:
    """Whether this is a list of numbers."""
    return isinstance(row, list) and bool(row) and all(isinstance(x, int | float) for x in row)
