"""What Gemini wants back of its answers: the parts, as they came and in their order, with their signatures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.base import Dialect
from modelhub.messages.turns import fit_blocks

from .gemini_contents import build_call as build_signed_call


def gather(raw: Any, message: dict[str, Any]) -> dict[str, Any]:
    """The parts of an answer, if ``message`` does not say all of it."""
    parts: list[dict[str, Any]] = []
    for part in find_parts(raw):
        last = parts[-1] if parts else {}
        if not part or part == {"text": ""}:
            continue
        if is_plain(part) and is_plain(last) and bool(part.get("thought")) == bool(last.get("thought")):
            parts[-1] = {**last, "text": last["text"] + part["text"]}
        else:
            parts.append(part)
    text = message.get("content")
    calls = [{**call, "id": str(call["id"])} for call in message.get("tool_calls") or ()]  # without a signature
    plain = [{"text": text}] if text else []
    plain += [_build_call(call) for call in calls]
    unnamed = [_fit_call(part, call) or part for part, call in zip(parts[-len(calls) :], calls, strict=False)]
    same = [*parts[: len(parts) - len(calls)], *unnamed] == plain if calls else parts == plain
    return {"parts": parts} if parts and not same else {}


def restore(message: dict[str, Any], received: dict[str, Any]) -> dict[str, Any]:
    """``message`` with the parts that came, in place of its text and its tool calls."""
    parts = fit_blocks(received.get("parts") or [], message, is_text, _fit_call, _build_call)
    rest = {name: value for name, value in message.items() if name != "tool_calls"}
    return {**rest, "content": None, "parts": parts} if parts else {**rest, "content": ""}


DIALECT = Dialect("gemini", gather, restore)


def find_parts(raw: Any) -> Iterator[dict[str, Any]]:
    """The parts of the first candidate of a reply, of the pieces of a stream, or of replies that continue it."""
    if isinstance(raw, list):
        for item in raw:
            yield from find_parts(item)
        return
    candidates = raw.get("candidates") if isinstance(raw, dict) else None
    for candidate in candidates or ():
        if candidate.get("index", 0) == 0:
            yield from (candidate.get("content") or {}).get("parts") or ()
            return


def is_text(part: dict[str, Any]) -> bool:
    """Whether a part is text of the answer."""
    return "text" in part and not part.get("thought")


def is_plain(part: dict[str, Any]) -> bool:
    """Whether a part is text, of the answer or of thoughts, and nothing else."""
    return "text" in part and part.keys() <= {"text", "thought"}


def _build_call(call: dict[str, Any]) -> dict[str, Any]:
    return build_signed_call(call, {})


def _fit_call(part: dict[str, Any], call: dict[str, Any]) -> dict[str, Any] | None:
    """The part of a tool call; a call that came without an id has the one that was made up for it."""
    came = part.get("functionCall")
    if came is None:
        return None
    made = _build_call(call)["functionCall"]
    if came.get("id") not in (None, "", made.get("id")):
        return None
    if not came.get("id") and (came["name"] != made["name"] or (came.get("args") or {}) != made["args"]):
        return None
    return {**part, "functionCall": {**came, **made}}
