"""How models write tool calls as text: JSON objects, or elements of XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from modelhub.adapters.calls import Told
from modelhub.patterns import expression
from modelhub.wire import decode_json

_START = expression(r"\s*+<([^\W\d][\w.:-]*+)((?:\s[^<>]*?)?)(/?)>")
_TAG = expression(r"<(/?)([^\W\d][\w.:-]*+)(?:\s[^<>]*?)?(/?)>")
_ATTRIBUTE = expression(r"""(?<![\w.:-])([\w.:-]++)\s*+=\s*+(?:"([^"]*)"|'([^']*)')""")
_ENTITY = expression(r"&(lt|gt|amp|quot|apos|#\d{1,7}|#x[0-9a-fA-F]{1,6});")
_CDATA = "<![CDATA["
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}


def read_json_calls(text: str) -> list[Told]:
    """The calls in JSON: an object with ``name`` and ``arguments``, or a list of them; ValueError for others."""
    value = decode_json(text.strip())
    calls = value if isinstance(value, list) else [value]
    for call in calls:
        if not isinstance(call, dict) or not isinstance(call.get("name"), str) or not call["name"]:
            raise ValueError("no object with a name")
    return [(_find_id(call), call["name"], call.get("arguments")) for call in calls]


def _find_id(call: dict[str, Any]) -> str | None:
    id = call.get("id")
    return id if isinstance(id, str) else None


def read_xml_calls(text: str) -> list[Told]:
    """The calls in XML: each an element with the name of its tool, and in it one for each argument.

    Attributes of the call are arguments, too. It need not be well-formed: only the ends of elements are looked for.
    Raises ValueError for other texts.
    """
    calls: list[Told] = []
    for name, attributes, inside in _cut_elements(text):
        calls.append((None, name, {**attributes, **_read_arguments(inside)}))
    if not calls:
        raise ValueError("no element")
    return calls


def _read_arguments(text: str) -> dict[str, Any]:
    """One argument for each element; what comes several times is a list."""
    arguments: dict[str, Any] = {}
    several: set[str] = set()
    for name, _, inside in _cut_elements(text):
        value = _read_content(inside)
        if name not in arguments:
            arguments[name] = value
        elif name in several:
            arguments[name].append(value)
        else:
            several.add(name)
            arguments[name] = [arguments[name], value]
    return arguments


def _cut_elements(text: str) -> Iterator[tuple[str, dict[str, str], str]]:
    """The name, the attributes and the content of each element; raises ValueError for what is none."""
    text = text.strip()
    at = 0
    while at < len(text):
        start = _START.match(text, at)
        if start is None:
            raise ValueError("no element")
        attributes = {key: _unescape(one or other) for key, one, other in _ATTRIBUTE.findall(start[2])}
        inside = ""
        at = start.end()
        if not start[3]:
            end = _find_end(text, start[1], at)
            inside, at = text[at : end.start()], end.end()
        yield start[1], attributes, inside


def _find_end(text: str, name: str, at: int) -> re.Match[str]:
    """The end of an element, in which others of its name may be."""
    level = 1
    for tag in _TAG.finditer(text, at):
        if tag[2] == name:
            level += -1 if tag[1] else 0 if tag[3] else 1
            if not level:
                return tag
    raise ValueError(f"the element {name[:40]} has no end")


def _read_content(text: str) -> str:
    """The text of an element; the white space around it is none of it."""
    text = text.strip()
    pieces: list[str] = []
    at = 0
    while (start := text.find(_CDATA, at)) >= 0 and (end := text.find("]]>", start)) >= 0:
        pieces += [_unescape(text[at:start]), text[start + len(_CDATA) : end]]
        at = end + 3
    return "".join(pieces) + _unescape(text[at:])


def _unescape(text: str) -> str:
    return _ENTITY.sub(_name_character, text) if "&" in text else text


def _name_character(found: re.Match[str]) -> str:
    name = found[1]
    if name[0] != "#":
        return _ENTITIES[name]
    number = int(name[2:], 16) if name[1] == "x" else int(name[1:])
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"
