"""Turns neutral messages, tools and options into Anthropic's forms."""

from __future__ import annotations

import base64
from typing import Any

from modelhub.base import build_tool_call
from modelhub.errors import BadRequestError
from modelhub.messages import tool_choice_name
from modelhub.messages.media import build_source

from .anthropic_turn import ThoughtId, fit_id, is_blank, leave_out_empty, own_ids
from .openai import refuse

VERSION = "2023-06-01"
WITHOUT_SAMPLING = "2026-10-21"  # from this version on the API refuses the options that steer sampling
SAMPLING = ("temperature", "top_p", "top_k")
MAX_TOKENS = 4096  # the API wants a number


def build_body(messages: list[dict[str, Any]], options: dict[str, Any], version: str) -> dict[str, Any]:
    """The JSON of a request without the model; raises BadRequestError for what this version of the API cannot do."""
    refuse(options, "seed", vendor="Anthropic")
    for name in SAMPLING:
        if name in options and version >= WITHOUT_SAMPLING:
            raise BadRequestError(
                f"version {version} of Anthropic's API has no option {name!r}: "
                f"leave it out, or set anthropic_version to an earlier one such as {VERSION}"
            )
    system, turns = build_messages(messages)
    if options.get("system"):
        system.insert(0, options.pop("system"))
    body: dict[str, Any] = {"max_tokens": options.pop("max_completion_tokens", MAX_TOKENS), "messages": turns}
    if system:
        body["system"] = join_system(system)
    stop = options.pop("stop", None)
    if stop is not None:
        body["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    tools = options.pop("tools", None)
    if tools:
        body["tools"] = [build_tool(tool) for tool in tools]
    choice = build_tool_choice(options.pop("tool_choice", None), options.pop("parallel_tool_calls", None))
    if choice is not None:
        body["tool_choice"] = choice
    form = build_format(options.pop("response_format", None))
    if form is not None:
        options["output_config"] = {**options.get("output_config", {}), "format": form}
    return {**body, **options}


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
        if role in ("system", "developer"):
            system += [content] if as_blocks(content) else []
        elif role in ("tool", "function"):
            if results is None:
                results = []
                turns.append({"role": "user", "content": results})
            results.append(build_tool_result(message, own))
        elif role == "user" and results is not None:
            results += as_blocks(build_content(content))
            results = None
        elif role == "user":
            built = build_content(content)
            if built != []:
                turns.append({"role": role, "content": built})
        elif answer := build_answer(message):
            turns.append({"role": role, "content": answer})
            results = None
        elif turns and turns[-1]["role"] == "user":
            results = turns[-1]["content"] = as_blocks(turns[-1]["content"])
    return system, turns


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
    return {"type": "tool_use", "id": fit_id(built.id), "name": built.name, "input": built.arguments}


def build_tool_result(message: dict[str, Any], own: frozenset[str] = frozenset()) -> dict[str, Any]:
    """The output of a tool, as a block; ``is_error`` says that the tool failed, ``own`` has ids that the API gave."""
    ident = message.get("tool_call_id")
    if not ident:
        raise BadRequestError("a tool message needs the tool_call_id of the call that it answers")
    content = build_content(message.get("content"))
    if not as_blocks(content) or content == [{"type": "text", "text": ""}]:
        content = ""
    block = {"type": "tool_result", "tool_use_id": ident if ident in own else fit_id(ident), "content": content}
    return {**block, "is_error": True} if message.get("is_error") else block


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
        image = part["image_url"]
        return {"type": "image", "source": build_source(image if isinstance(image, str) else image["url"])}
    if kind == "file":
        return build_document(part.get("file") or {})
    if kind is None or kind == "input_audio":
        raise BadRequestError(f"Anthropic cannot take a content part of type {kind!r}")
    return part  # type: ignore[no-any-return]


def build_document(file: dict[str, Any]) -> dict[str, Any]:
    """A file as a document block: its id, its URL, or its data, which must be PDF or text."""
    data = file.get("file_data")
    if file.get("file_id"):
        source = {"type": "file", "file_id": file["file_id"]}
    elif not isinstance(data, str):
        raise BadRequestError("a file part needs file_data or file_id")
    elif ":" not in data[:9]:
        source = {"type": "base64", "media_type": "application/pdf", "data": data}
    else:
        source = build_source(data)
        if source.get("media_type", "").startswith("text/"):
            try:
                text = base64.b64decode(source["data"]).decode("utf-8")
            except ValueError:
                raise BadRequestError("the file_data of a text file must be the base64 of UTF-8") from None
            source = {"type": "text", "media_type": "text/plain", "data": text}
    title = {"title": file["filename"]} if file.get("filename") else {}
    return {"type": "document", "source": source, **title}


def build_tool(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool in OpenAI's form turned into Anthropic's; other tools stay as they are."""
    function = tool.get("function")
    if not isinstance(function, dict):
        return tool
    built = {name: value for name, value in tool.items() if name not in ("type", "function")}
    for name in ("name", "description", "strict"):
        if function.get(name) is not None:
            built[name] = function[name]
    return {**built, "input_schema": function.get("parameters") or {"type": "object", "properties": {}}}


def build_tool_choice(choice: Any, parallel: bool | None) -> dict[str, Any] | None:
    """Anthropic's ``tool_choice``, which also says whether several tools may be called at once."""
    if choice is None and parallel is not False:
        return None
    name = tool_choice_name(choice)
    if isinstance(choice, dict) and name is None:
        built: dict[str, Any] = dict(choice)
    elif name is None or name == "any":
        built = {"type": "any" if choice in ("required", "any") else choice or "auto"}
    else:
        built = {"type": "tool", "name": name}
    if parallel is False and built.get("type") != "none":
        built["disable_parallel_tool_use"] = True
    return built


def build_format(response_format: Any) -> dict[str, Any] | None:
    """``output_config.format`` for OpenAI's ``response_format``."""
    kind = response_format.get("type") if isinstance(response_format, dict) else response_format
    if kind == "json_schema":
        return {"type": "json_schema", "schema": response_format["json_schema"]["schema"]}
    if kind is None or kind == "text":
        return None
    raise BadRequestError(f"Anthropic has no response_format {kind!r}: use json_schema")
