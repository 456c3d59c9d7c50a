"""Reads a reply of a chat: where the answer, its end, its cost and its tool calls are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from modelhub.authoring.adapter.answers import find_answer, find_empty, find_reasoning
from modelhub.authoring.adapter.calls import find_calls, find_in_text
from modelhub.authoring.adapter.counts import find_usage
from modelhub.authoring.adapter.finishes import build_map, find_finish
from modelhub.authoring.adapter.paths import Path, last_name, list_leaves, write_key, write_path
from modelhub.authoring.adapter.words import split_name

_ANY_CALL = {
    "id": "id || call_id",
    "name": "function.name || name || tool || fn || func",
    "arguments": "function.arguments || arguments || args || input || parameters || params",
}
# How the text ends, and where the calls are then, in protocols that many services have taken over.
_USUAL = (
    ("content[?type=='text']", "[tool_calls, content[?name]][]", _ANY_CALL),
    ("content[]", "content[].toolUse", {"id": "toolUseId", "name": "name", "arguments": "input"}),
    ("parts[]", "parts[].functionCall", {"id": "id", "name": "name", "arguments": "args"}),
    ("parts[?!thought]", "parts[].functionCall", {"id": "id", "name": "name", "arguments": "args"}),
)
_CALLS = {"call", "calls", "functions", "tools", "actions", "use", "uses", "invocations", "commands", "调用"}
_KNOWN = ("stop", "length", "tool_calls", "content_filter")


class Part(NamedTuple):
    """One part of the config, what of it was guessed by its keys, and where the answer was found."""

    config: dict[str, Any]
    notes: dict[Path, str]
    answer: Path | None = None
    value: str = ""


def read_chat(document: Any, asked: Iterable[str], told: str = "") -> Part | None:
    """The config's ``response`` that reads a chat's reply; None if there is no answer in it."""
    calls = find_calls(document)
    found = find_answer(_without(document, calls.path) if calls else document, asked, told)
    path = found.path if found else find_empty(document) if calls else None
    if found is None and calls is None:
        return None
    value = str(found.value) if found else ""
    config: dict[str, Any] = {}
    notes: dict[Path, str] = {}
    if path is not None:
        config["text"] = write_path(path, document, joined=True)
        if found is None:
            notes["text",] = "guessed: this reply has no text"
        elif found.points < 9:
            notes["text",] = "guessed: it looks most like an answer"
    thoughts = find_reasoning(document)
    if path is None and calls is not None:
        config["text"] = _guess_text(calls.path)
        notes["text",] = "guessed: this reply has no text"
    if thoughts is not None:
        config["reasoning"] = write_path(thoughts.path, document, joined=True)
    add_finish(config, notes, document, path, called=calls is not None)
    if usage := find_usage(document):
        config["usage"] = usage
    in_text = find_in_text(value) if calls is None else None
    if calls is not None:
        config["tool_calls"] = calls.config
    elif in_text is not None:
        config["tool_calls"] = {"in_text": in_text}
    elif guess := _guess_calls(document):
        config["tool_calls"] = guess
        notes["tool_calls",] = "guessed: this reply has no tool call"
    add_identity(config, document, path)
    return Part(config, notes, path, value)


def add_finish(
    config: dict[str, Any], notes: dict[Path, str], document: Any, path: Path | None, *, called: bool = False
) -> None:
    """Add the config's ``finish_reason``, if the document says why the answer ended."""
    end = find_finish(document, path)
    if end is None:
        return
    where = write_path(end[0], document)
    if end[1] in _KNOWN and "_" not in str(end[1]) and where.endswith("finish_reason"):
        config["finish_reason"] = where
        return
    made, guessed = build_map([end[1]], fallback="tool_calls" if called else "stop")
    config["finish_reason"] = {"from": where, "map": made}
    notes["finish_reason", "map"] = "guessed, but for what was seen"
    for word in guessed:
        notes["finish_reason", "map", word] = "guessed: it was seen with a whole answer"


def add_identity(config: dict[str, Any], document: Any, answer: Path | None) -> None:
    """Add where the ids of the call and the name of the model are."""
    best: tuple[float, Path] | None = None
    for path, value in list_leaves(document):
        if path == answer or not isinstance(value, str) or not value or any(isinstance(step, int) for step in path):
            continue
        words = split_name(last_name(path))
        if words[-1:] in (["model"], ["engine"]) or words in (["model", "name"], ["model", "id"], ["model", "version"]):
            config.setdefault("model", write_path(path, document))
        points = 0.0
        if set(words) & {"id", "uuid", "trace", "rid", "reqid", "traceid", "requestid", "sid"}:
            points = 2 + 3 * bool(set(words) & {"request", "trace", "req", "log", "rid", "call", "reqid", "sid"})
            points -= 2 * bool(set(words) & {"session", "user", "conversation", "model", "parent", "span", "task"})
            points -= 0.4 * len(path)
        if points > 0 and " " not in value and (best is None or points > best[0]):
            best = (points, path)
    if best is not None:
        config["request_id"] = write_path(best[1], document)


def _guess_calls(document: Any) -> dict[str, Any] | None:
    """Where tool calls would be, if a reply without them has their key."""
    for path, value in list_leaves(document):
        words = split_name(last_name(path))
        if value in (None, [], "") and _CALLS & set(words) and path:
            return {"each": write_path(path, document), **_ANY_CALL}
    return None


def _guess_text(path: Path) -> str:
    """Where the text most likely is in replies whose first tool call is at ``path``: beside the list of them."""
    place = next((number for number, step in enumerate(path) if isinstance(step, int)), len(path))
    parent = path[: max(place - 1, 0)]
    list_name = write_key(str(path[place - 1])) if place else "@"
    before = "".join(f"{write_key(str(step))}." for step in parent)
    blocks = f"{before}{list_name}[].text" if len(path) > place + 1 or list_name in ("content", "parts") else ""
    return " || ".join([*([blocks] if blocks else []), f"{before}text", f"{before}content", f"{before}answer"])


def guess_calls(text: str) -> dict[str, Any]:
    """Where tool calls most likely are in replies whose text is found by ``text``: beside it."""
    beside, _, last = text.rpartition(".")
    for ending, each, call in _USUAL:
        if beside.endswith(ending):
            return {"each": beside.removesuffix(ending) + each, **call}
    if last.endswith("]") or "|" in text:
        return {}
    before = f"{beside}." if beside else ""
    return {"each": f"{before}tool_calls || {before}calls || {before}function_calls", **_ANY_CALL}


def _without(document: Any, path: Path) -> Any:
    """The document without what stands at a path, so that no argument of a call is taken for the answer."""
    if not path:
        return None
    step, *rest = path
    if isinstance(document, dict):
        return {key: _without(value, tuple(rest)) if key == step else value for key, value in document.items()}
    return [_without(value, tuple(rest)) if index == step else value for index, value in enumerate(document)]
