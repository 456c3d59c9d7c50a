"""Earlier answers of models: what their vendors want back, and answers that said nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

RECEIVED = "received"  # the key of a message for what only the vendor that gave the answer understands
# What does not make an answer of a message without text: vendors refuse a turn that is nothing but thoughts.
_BESIDE = frozenset(
    {"role", "content", "name", "thinking", "thinking_blocks", "reasoning", "reasoning_content", "reasoning_details"}
)

Restore = Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]


def restore_turns(messages: list[dict[str, Any]], origin: str | None, restore: Restore | None) -> list[dict[str, Any]]:
    """``messages`` as the vendor called ``origin`` wants them; what other vendors want back is left out.

    Answers that said nothing are left out too, and the messages of the user before and after such an answer become
    one, since vendors refuse empty turns, and some want user and assistant to take turns. Calls of different turns
    that have the same id get different ones, and results of tools follow the answer that called them.
    """
    turns: list[dict[str, Any]] = []
    dropped = False
    for n, message in enumerate(messages, 1):
        if message["role"] == "assistant":
            if RECEIVED in message:
                message = dict(message)
                received = message.pop(RECEIVED)
                if restore is not None and isinstance(received, dict) and received.get("from") == origin:
                    message = restore(message, received)
            if n < len(messages) and is_silent(message):
                dropped = True
                continue
        if dropped and turns and (joined := join_turns(turns[-1], message)) is not None:
            turns[-1] = joined
        else:
            turns.append(message)
        dropped = False
    return gather_results(part_calls(turns))


def part_calls(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``messages`` where each tool call has an id of its own; some servers count the calls of each answer from 0.

    The results of a call follow it, so that it is known which call a result is of.
    """
    idents = [call.get("id") for message in messages for call in message.get("tool_calls") or ()]
    if len(set(idents)) == len(idents):
        return messages
    seen: set[str] = set()
    waiting: dict[str, list[str]] = {}
    parted: list[dict[str, Any]] = []
    for message in messages:
        calls, ident = message.get("tool_calls"), message.get("tool_call_id")
        if calls:
            waiting, renamed = {}, []
            for call in calls:
                given = call.get("id")
                if type(given) is str and given:  # other kinds hold what their vendor wants back
                    new = given if given not in seen else name_anew(given, seen)
                    seen.add(new)
                    waiting.setdefault(given, []).append(new)
                    call = call if new == given else {**call, "id": new}
                renamed.append(call)
            message = {**message, "tool_calls": renamed}
        elif ident in waiting:
            new = waiting[ident].pop(0) if len(waiting[ident]) > 1 else waiting[ident][0]
            message = message if new == ident else {**message, "tool_call_id": new}
        parted.append(message)
    return parted


def gather_results(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``messages`` where the results of tools stand right after the answer with their calls, as vendors want it.

    What was said between, such as a user's message with the image that a tool has made, comes after them.
    """
    waiting: dict[Any, list[dict[str, Any]]] = {}
    groups: list[list[dict[str, Any]]] = []
    for message in messages:
        group = waiting.pop(message["tool_call_id"], None) if message.get("tool_call_id") else None
        if group is not None:
            group.append(message)
            continue
        groups.append([message])
        for call in message.get("tool_calls") or ():
            waiting[call.get("id")] = groups[-1]
    return [message for group in groups for message in group]


def name_anew(ident: str, seen: set[str]) -> str:
    """An id like ``ident`` that is not in ``seen``, the same in every request."""
    n = 2
    while f"{ident}_{n}" in seen:
        n += 1
    return f"{ident}_{n}"


def is_silent(message: dict[str, Any]) -> bool:
    """Whether an assistant's message has neither text nor anything else that the assistant said or did."""
    content = message.get("content")
    if content and not (isinstance(content, list) and all(map(is_empty_text, content))):
        return False
    return all(name in _BESIDE or not value for name, value in message.items())


def is_empty_text(part: Any) -> bool:
    """Whether a part of a message is a text of no length."""
    return isinstance(part, dict) and part.keys() <= {"type", "text"} and part.get("text") == ""


def join_turns(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any] | None:
    """Two messages of a user as one; None if they are not the same user's, or hold more than content."""
    if one["role"] != "user" or other["role"] != "user" or one.get("name") != other.get("name"):
        return None
    if not one.keys() | other.keys() <= {"role", "content", "name"}:
        return None
    first, second = one.get("content"), other.get("content")
    if isinstance(first, str) and isinstance(second, str):
        return {**one, "content": "\n\n".join(filter(None, (first, second)))}
    return {**one, "content": [*as_parts(first), *as_parts(second)]}


def as_parts(content: Any) -> list[Any]:
    """The content of a message as a list of parts."""
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if content else []


def read_text(content: Any) -> str:
    """The text of the content of a message."""
    return content if isinstance(content, str) else "".join(part.get("text") or "" for part in _dicts(content))


def _dicts(parts: Any) -> Iterable[dict[str, Any]]:
    return (part for part in parts or () if isinstance(part, dict))


def fit_blocks(
    blocks: list[dict[str, Any]],
    message: dict[str, Any],
    is_text: Callable[[dict[str, Any]], bool],
    fit_call: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any] | None],
    build_call: Callable[[dict[str, Any]], dict[str, Any]],
) -> list[dict[str, Any]]:
    """The ``blocks`` of an answer as they came, but with the text and the tool calls that ``message`` has now.

    A text that was changed takes the place of the first text. ``fit_call`` gives the block of a call for a tool call
    of the message, None if this is another call or the block is none; ``build_call`` gives the block of a call that is
    new. Calls that the message has no more are left out.
    """
    text = read_text(message.get("content"))
    changed = text != "".join(block["text"] for block in blocks if is_text(block))
    calls = list(message.get("tool_calls") or ())
    fitted: list[dict[str, Any]] = []
    first_call: int | None = None
    for block in blocks:
        if is_text(block):
            if not changed:
                fitted.append(block)
            elif text:
                fitted.append({name: value for name, value in block.items() if name != "citations"} | {"text": text})
                text = ""
            continue
        if is_call(block):
            if first_call is None:
                first_call = len(fitted)
            found = next(((n, b) for n, call in enumerate(calls) if (b := fit_call(block, call)) is not None), None)
            if found is None:
                continue
            del calls[found[0]]
            block = found[1]
        fitted.append(block)
    if changed and text:
        fitted.insert(len(fitted) if first_call is None else first_call, build_text(blocks, text))
    return [*fitted, *map(build_call, calls)]


def is_call(block: dict[str, Any]) -> bool:
    """Whether a block calls one of the caller's own tools."""
    return block.get("type") == "tool_use" or "functionCall" in block


def build_text(blocks: list[dict[str, Any]], text: str) -> dict[str, Any]:
    """A block of text like the ``blocks``, which have types or, as Gemini's, have none."""
    return {"type": "text", "text": text} if any("type" in block for block in blocks) else {"text": text}
