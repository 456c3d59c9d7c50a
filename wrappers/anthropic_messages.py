"""Turns neutral messages into Anthropic's system and turns, which are made of blocks."""

from __future__ import annotations

from typing import Any

from modelhub.base import build_tool_call
from modelhub.errors import BadRequestError
from modelhub.messages import write_output

from .anthropic_media import build_document, build_image
from .anthropic_turn import ThoughtId, can_mark, fit_id, is_blank, is_block, leave_out_empty, own_ids


def build_messages(messages: list[dict[str, Any]]) -> tuple[list[Any], list[dict[str, Any]]]:
    """The contents of the system messages, and the turns made of all other messages.

    Results of tools that follow each other become one user turn, together with a user message after them. An answer
    without any block that the API takes is left out, and the user messages around it become one.
    """
    system: list[Any] = []
    turns: list[dict[str, Any]] = []
    results: list[Any] | None = None  # the blocks of a user's turn that may be added to
    own = own_ids(messages)
    for message in messages:
        role, content = message["role"], message.get("content")
        mark = message.get("cache_control")
        if role in ("system", "developer"):
            system += [mark_blocks(content, mark)] if as_blocks(content) else []
        elif role in ("tool", "function"):
            if results is None:
                results = []
                turns.append({"role": "user", "content": results})
            results.append(build_tool_result(message, own))
        elif role == "user" and results is not None:
            results += as_blocks(mark_blocks(build_content(content), mark))
            results = None
        elif role == "user":
            built = mark_blocks(build_content(content), mark)
            if as_blocks(built):
                turns.append({"role": role, "content": built})
        elif answer := mark_blocks(build_answer(message), mark):
            turns.append({"role": role, "content": answer})
            results = None
        elif turns and turns[-1]["role"] == "user":
            results = turns[-1]["content"] = as_blocks(turns[-1]["content"])
    if turns and turns[-1]["role"] == "assistant":
        turns[-1]["content"] = cut_blanks(turns[-1]["content"])
    return system, turns


def mark_blocks(content: Any, mark: Any) -> Any:
    """Content whose last block has the ``cache_control`` of its message, if it has one; the API knows none of messages.

    The last one that can be marked has it: the API refuses the mark on thoughts.
    """
    if mark is None:
        return content
    blocks = as_blocks(content)
    n = next((n for n, block in reversed([*enumerate(blocks)]) if can_mark(block)), None)
    if n is None:
        return content
    return [*blocks[:n], {**blocks[n], "cache_control": blocks[n].get("cache_control", mark)}, *blocks[n + 1 :]]


def cut_blanks(content: str | list[Any]) -> str | list[Any]:
    """The beginning of an answer without the blanks at its end, which the API refuses.

    https://platform.claude.com/docs/en/build-with-claude/prompt-engineering/prefill-claudes-response
    """
    if isinstance(content, str):
        return content.rstrip()
    *before, last = content
    text = last.get("text") if isinstance(last, dict) and last.get("type") == "text" else None
    return [*before, {**last, "text": text.rstrip()}] if isinstance(text, str) else content


def join_system(contents: list[Any]) -> str | list[Any]:
    """Join the contents of system messages: to a text, or to blocks if one of them has blocks."""
    if all(isinstance(content, str) for content in contents):
        return "\n\n".join(contents)
    return [block for content in contents for block in as_blocks(content)]


def as_blocks(content: Any) -> list[Any]:
    """Content as a list of blocks; a blank text is left out, because the API refuses it."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content.strip() else []
    return list(content or ())


def build_answer(message: dict[str, Any]) -> str | list[Any]:
    """The content of an assistant's turn: first thinking, then text, then calls of tools; empty if it has none.

    An answer that this API gave has its blocks, as they came.
    """
    content = build_content(message.get("content"))
    calls: list[dict[str, Any]] = message.get("tool_calls") or []
    thinking = message.get("thinking_blocks") or ()
    if not thinking and not calls and isinstance(content, str):
        return content if content.strip() else ""
    blocks = [*thinking, *as_blocks(content)]
    for n, call in enumerate(calls):
        ident = call.get("id")
        if isinstance(ident, ThoughtId) and not thinking:
            blocks = [*blocks, *ident.thinking_blocks] if n else [*ident.thinking_blocks, *blocks]
        blocks.append(build_tool_use(call, n))
    return leave_out_empty(blocks)


def build_tool_use(call: dict[str, Any], n: int = 0) -> dict[str, Any]:
    """A tool call of an earlier answer, as a block."""
    function = call["function"]
    try:
        built = build_tool_call(call.get("id") or f"call_{n}", function["name"], function.get("arguments"))
    except ValueError as error:
        raise BadRequestError(str(error)) from None
    block = {"type": "tool_use", "id": fit_id(built.id), "name": built.name, "input": built.arguments}
    return add_mark(block, call)


def build_tool_result(message: dict[str, Any], own: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The output of a tool, as a block; ``is_error`` says that the tool failed, ``own`` has ids that the API gave."""
    ident = message.get("tool_call_id")
    if not ident:
        raise BadRequestError("a tool message needs the tool_call_id of the call that it answers")
    content = build_output(message.get("content"))
    block = {"type": "tool_result", "tool_use_id": ident if ident in own else fit_id(ident), "content": content}
    if message.get("is_error"):  # which the API wants a word about
        block = {**block, "content": content or "error", "is_error": True}
    return add_mark(block, message)


def build_output(output: Any) -> str | list[Any]:
    """What a tool returned as text or blocks; blank texts are left out, which the API refuses among blocks."""
    blocks = output is None or isinstance(output, str) or (isinstance(output, list) and all(map(is_block, output)))
    content = build_content(output if blocks else write_output(output))
    return content if any(not is_blank(block) for block in as_blocks(content)) else ""


def add_mark(block: dict[str, Any], holder: dict[str, Any]) -> dict[str, Any]:
    """``block`` with the ``cache_control`` of the message or the call that it is made of."""
    return block if holder.get("cache_control") is None else {**block, "cache_control": holder["cache_control"]}


def build_content(content: Any) -> str | list[Any]:
    """Text as it is, parts as blocks; the API refuses blank texts, so they are kept only if there is nothing else."""
    if content is None or isinstance(content, str):
        return content or ""
    blocks = [build_part(part) for part in content]
    return [block for block in blocks if not is_blank(block)] or blocks


def build_part(part: Any) -> dict[str, Any]:
    """One part as a block; a block, or a part of an unknown kind, stays as it is."""
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "image_url":
        return build_image(part)
    if kind == "file":
        return build_document(part)
    if kind == "tool_use" and not isinstance(part.get("input"), dict):
        call = {"id": part.get("id"), "function": {"name": part.get("name"), "arguments": part.get("input")}}
        return {**part, "input": build_tool_use(call)["input"]}
    if kind == "tool_result" and not isinstance(part.get("content", ""), str):
        return {**part, "content": build_output(part["content"])}
    if kind is None or kind == "input_audio":
        raise BadRequestError(f"Anthropic cannot take a content part of type {kind!r}")
    return part  # type: ignore[no-any-return]
