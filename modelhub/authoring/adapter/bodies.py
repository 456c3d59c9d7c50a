"""Makes a template of a recorded body: what depends on the call becomes an expression, all else stays as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modelhub.authoring.adapter.answers import score_text
from modelhub.authoring.adapter.fields import FLAGS, LAST, MODEL, OF_IMAGES, OPTION, PROMPT, STREAM, SYSTEM, TEXTS
from modelhub.authoring.adapter.paths import Path, write_literal, write_text
from modelhub.authoring.adapter.tool_lists import Tools, read_tool_list, read_tools
from modelhub.authoring.adapter.turns import Turns, read_prompt, read_turns
from modelhub.authoring.adapter.words import ROLES, split_name
from modelhub.diagnostics.wording import is_secret, looks_secret


@dataclass(slots=True)
class Body:
    """The template of a body, and what was learnt of it; ``given`` are the options of the call, if they are known."""

    task: str
    model: str = ""
    messages: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    notes: dict[Path, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    secrets: int = 0
    streams: bool = False
    finds_input: bool = False
    has_tools: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)


def fill(value: Any, body: Body, path: Path = ()) -> Any:
    """The template of a value; what is learnt is written into ``body``."""
    name = _find_name(path)
    option = _find_given(value, body, name)
    if option is not None:
        return f"={option}"
    if isinstance(value, dict):
        tools = read_tools(value) if body.task == "chat" else None
        if tools is not None:
            return _use_tools(tools, body, path)
        return {key: fill(item, body, (*path, key)) for key, item in value.items()}
    if isinstance(value, list):
        return _fill_list(value, body, path, name)
    if isinstance(value, str):
        return _fill_text(value, body, path, name)
    if name in STREAM and isinstance(value, bool | int):
        body.streams = True
        return "=stream" if isinstance(value, bool) else "=stream && `1` || `0`"
    return _find_option(value, body, name)


def _find_given(value: Any, body: Body, name: str) -> str | None:
    """The option of the recorded call that stands here, if it is known which options it had."""
    if isinstance(value, bool | list | dict | None):
        return None
    same = [option for option, given in body.given.items() if type(given) is type(value) and given == value]
    return name if name in same else same[0] if len(same) == 1 and same[0].isidentifier() else None


def _find_name(path: Path) -> str:
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    return "_".join(split_name(name)) or name.lower()


def _find_option(value: Any, body: Body, name: str) -> Any:
    option = OPTION.get(name)
    if body.task == "image" and name in OF_IMAGES:
        option = name
    if option is None or (body.task != "chat" and option == "max_tokens"):
        return value
    counted = option not in ("stop", "tool_choice", "response_format", *OF_IMAGES)
    if counted and (isinstance(value, bool) or not isinstance(value, int | float | None)):
        return write_literal(value) if isinstance(value, str) else value
    if value is not None and option not in ("tool_choice", "response_format"):
        body.options[option] = value
    return f"={option}"


def _fill_list(value: list[Any], body: Body, path: Path, name: str) -> Any:
    nested = [_parse_nested(item) if isinstance(item, str) else None for item in value]
    if value and all(isinstance(item, dict) for item in nested):
        value = nested  # as a query or a form repeats a key
    turns = read_turns(value) if body.task == "chat" else None
    if turns is not None:
        body.asked += [text for item in value for text in _list_texts(item)]
        if (body.finds_input and not _asks(value[-1])) or name.endswith("history"):
            turns = turns._replace(value=turns.value.replace("=messages", "=messages[:-1]", 1))
        _use(turns, body, path)
        return turns.value
    tools = read_tool_list(value) if body.task == "chat" else None
    if tools is not None:
        return _use_tools(tools, body, path)
    texts = value and all(isinstance(item, str) for item in value)
    if texts and name in OPTION:
        return _find_option(value, body, name)
    if texts and body.task == "embedding" and (name in TEXTS or score_text(value[0]) > 3):
        body.finds_input = True
        body.asked += value
        return "=input"
    return [fill(item, body, (*path, index)) for index, item in enumerate(value)]


def _asks(item: Any) -> bool:
    """Whether a message is one of the user's."""
    words = [value.lower() for value in item.values() if isinstance(value, str)] if isinstance(item, dict) else []
    return any(word in ROLES["user"] for word in words)


def _list_texts(item: Any) -> list[str]:
    if isinstance(item, str):
        return [item]
    below = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
    return [text for each in below for text in _list_texts(each)]


def _fill_text(value: str, body: Body, path: Path, name: str) -> Any:
    keys = [step for step in path if isinstance(step, str)]
    if name in MODEL and value:
        body.model = body.model or value
        return "=model"
    if (name in STREAM or name.endswith("mode")) and value in FLAGS:
        body.streams = True
        return f"=stream && {write_text(FLAGS[value])} || {write_text(value)}"
    if keys and (is_secret(keys) or (looks_secret(value) and " " not in value)) and name not in PROMPT:
        body.secrets += 1
        return "${API_KEY}" if body.secrets == 1 else f"${{API_{re.sub(r'[^A-Z0-9]+', '_', name.upper())}}}"
    if name in SYSTEM and body.task == "chat":
        body.messages["system"] = "drop_to_field"
        body.asked.append(value)
        return "=system"
    if name in OPTION:
        return _find_option(value, body, name)
    if name in PROMPT or (not path or (isinstance(path[-1], int) and name in TEXTS)):
        return _fill_prompt(value, body, path, name)
    nested = _parse_nested(value)
    if isinstance(nested, dict) and body.task == "chat" and read_turns([nested]) is not None:
        return _fill_list([nested], body, path, name)
    if nested is not None:
        made = fill(nested, body, path)
        if isinstance(nested, dict):
            return made
        if isinstance(made, str) and made.startswith("="):
            return f"=to_string({made[1:]})"
    if not body.finds_input and not body.messages and (score_text(value) > 4.2 or read_prompt(value)):
        return _fill_prompt(value, body, path, name)
    return write_literal(value)


def _parse_nested(value: str) -> Any:
    """The JSON that a text holds, if that is a list or an object."""
    if value[:1] not in ("{", "["):
        return None
    try:
        nested = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return nested if isinstance(nested, dict | list) and nested else None


def _fill_prompt(value: str, body: Body, path: Path, name: str) -> Any:
    body.asked.append(value)
    if body.finds_input:
        return write_literal(value)
    body.finds_input = True
    if body.task == "embedding":
        return "=input[0]"
    if body.task == "image":
        return "=input"
    turns = read_prompt(value)
    if turns is not None:
        _use(turns, body, path)
        return turns.value
    if name in LAST:
        body.notes[path] = "guessed: the last text of the user"
        return "=input"
    body.notes[path] = "guessed: all texts, one below the other"
    return "=join('\n', messages[].content)"


def _use_tools(tools: Tools, body: Body, path: Path) -> str:
    body.has_tools = True
    if tools.shape != "openai":
        body.messages["tools"] = tools.shape
    if tools.is_guess:
        body.notes[path] = "guessed: how a tool is described"
    return tools.value


def _use(turns: Turns, body: Body, path: Path) -> None:
    system = body.messages.get("system")
    body.messages = {**body.messages, **turns.config} | ({"system": system} if system else {})
    if turns.note:
        body.notes[path] = turns.note
