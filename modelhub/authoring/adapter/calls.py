"""Finds tool calls: in a list by the shape of its items, or inside the text between marks."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from modelhub.authoring.adapter.paths import Path, get, last_name, list_nodes, write_key, write_path, write_text
from modelhub.authoring.adapter.words import ID, list_words, split_name

_ARGUMENTS = list_words(
    "arguments args input parameters params kwargs arg inputs argument payload arguments_json data "
    "action_input values with 参数 参 a x"
)
_NAMES = list_words(
    "name fn function tool tool_name function_name func action toolName functionName method call op api 名称 名 "
    "command plugin of f"
)
_BELOW = ("function", "functionCall", "function_call", "toolUse", "tool_use", "call", "tool", "tool_call", "action")
_ANSWERS = {"choices", "candidates", "results", "generations", "predictions", "outputs"}
_OPEN = re.compile(
    r"(<[^<>\s/][^<>]*>|\[\[?[^\[\]\s]+\]\]?|```\w+|<<[^<>]+>>|\{\{\w+\}\}|[§«【][^§«【】»]*[§»】]|@@\w+)\s*$"
)
_CLOSE = re.compile(
    r"\s*(</?[^<>]*>|\[\[?/?[^\[\]\s]+\]\]?|```|<<[^<>]+>>|\{\{/?\w+\}\}|[§«【][^§«【】»]*[§»】]|@@\w*)"
)
_XML = re.compile(
    r"<(?P<open>[\w:-]+)>\s*<(?P<name>[\w:.-]+)[^<>]*>(?:\s*<(?P<arg>[\w:.-]+)[^<>]*>[^<]*</(?P=arg)>)*\s*</(?P=name)>\s*"
    r"</(?P=open)>|(?P<mark>[^\s\w<>][^\s<>]{0,20})\s*<(?P<name2>[\w:.-]+)[^<>]*>"
    r"(?:\s*<(?P<arg2>[\w:.-]+)[^<>]*>[^<]*</(?P=arg2)>)+\s*</(?P=name2)>\s*(?P<end>[^\s\w<>][^\s<>]{0,20})"
)


class Calls(NamedTuple):
    """Where the calls are: the path of the first, and the config's ``tool_calls``."""

    path: Path
    config: dict[str, Any]
    pieces: bool  # whether the arguments are no whole object yet


def find_calls(document: Any, *, partial: bool = False) -> Calls | None:
    """The list of tool calls of a document; with ``partial``, arguments may be any piece of text."""
    for path, node in list_nodes(document):
        if isinstance(node, dict):
            shape = _find_shape(node, partial=partial)
            if shape is not None:
                return _build(document, path, node, shape, partial=partial)
    return None


def _build(document: Any, path: Path, node: dict[str, Any], shape: dict[str, str], *, partial: bool) -> Calls:
    below = shape.pop("below", "")
    value = node[below] if below else node
    text = value.get(shape["arguments"].rpartition(".")[2].strip('"')) if isinstance(value, dict) else None
    config = {"each": _write_each(document, path, partial=partial), **shape}
    return Calls(path, config, partial and isinstance(text, str) and not (text and _is_arguments(text)))


def _write_each(document: Any, path: Path, *, partial: bool) -> str:
    """The expression of the list of calls, of which the first is at ``path``."""
    place = next((number for number in range(len(path) - 1, -1, -1) if isinstance(path[number], int)), None)
    inside = path[place + 1 :] if place is not None else path
    if place is None or len(inside) > 1 or set(split_name(last_name(path[:place]))) & _ANSWERS:
        return f"[{write_path(path, document)}][?@]"
    items = get(document, path[:place])
    base = write_path(path[:place], document) if place else "@"
    if inside:
        return f"{base}[].{write_key(str(inside[0]))}"
    alike = all(isinstance(each, dict) and _find_shape(each, partial=partial) for each in items)
    if alike and not set(split_name(last_name(path))) & {"content", "contents", "parts", "blocks", "output"}:
        return base
    kind = next(
        (key for key in ("type", "kind", "block_type", "t") if isinstance(items[path[place]].get(key), str)), ""
    )
    return f"{base}[?{write_key(kind)}=={write_text(items[path[place]][kind])}]" if kind else base


def _find_shape(node: dict[str, Any], *, partial: bool) -> dict[str, str] | None:
    """The names of a call's parts, if an object is one."""
    for below in ("", *_BELOW):
        at = node.get(below) if below else node
        if not isinstance(at, dict):
            continue
        name = next((key for key in _NAMES if isinstance(at.get(key), str) and _is_tool_name(at[key])), None)
        if name is None and partial and below:
            name = next((key for key in _NAMES if key in at), None)
        arguments = next((key for key in _ARGUMENTS if key in at and _is_arguments(at[key], partial=partial)), None)
        if name is None or arguments is None or (not below and _is_tool(at)):
            continue
        dot = f"{write_key(below)}." if below else ""
        shape = {"id": _find_id(node, at, dot), "name": dot + write_key(name), "arguments": dot + write_key(arguments)}
        return {key: value for key, value in shape.items() if value} | {"below": below}
    return None


def _find_id(node: dict[str, Any], at: dict[str, Any], dot: str) -> str:
    for where, before in ((node, ""), (at, dot)):
        keys = [key for key, value in where.items() if isinstance(value, str | int) and set(split_name(key)) & ID]
        best = next((key for key in keys if {"call", "tool"} & set(split_name(key))), keys[0] if keys else None)
        if best is not None:
            return before + write_key(best)
    return ""


def _is_tool_name(text: str) -> bool:
    return 0 < len(text) < 65 and re.fullmatch(r"[\w.:/-]+", text) is not None


def _is_tool(node: dict[str, Any]) -> bool:
    """Whether an object describes a tool, or a whole reply, rather than calling one."""
    parameters = node.get("parameters")
    described = isinstance(parameters, dict) and parameters.get("type") == "object" and "properties" in parameters
    return described or "input_schema" in node or "datatype" in node or "shape" in node


def _is_arguments(value: Any, *, partial: bool = False) -> bool:
    if isinstance(value, dict):
        return True
    if not isinstance(value, str):
        return False
    if partial:
        return True
    try:
        return isinstance(json.loads(value or "{}"), dict)
    except ValueError:
        return False


def find_in_text(text: str) -> dict[str, str] | None:
    """The marks around tool calls inside a text, as the config's ``in_text`` has them."""
    for start in (match.start() for match in re.finditer(r"\{", text)):
        try:
            value, end = json.JSONDecoder().raw_decode(text, start)
        except ValueError:
            continue
        if not isinstance(value, dict) or not {"name"} <= set(value):
            continue
        before, after = _OPEN.search(text[:start]), _CLOSE.match(text[end:])
        if before and after:
            return {"open": before[1], "close": after[1], "format": "json"}
    found = _XML.search(text)
    if found is None:
        return None
    if found["open"]:
        return {"open": f"<{found['open']}>", "close": f"</{found['open']}>", "format": "xml"}
    return {"open": found["mark"], "close": found["end"], "format": "xml"}
