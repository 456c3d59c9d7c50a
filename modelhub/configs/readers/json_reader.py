"""Reads JSON text as plain data, words its faults for people, and finds positions when they are needed."""

import re
from collections.abc import Iterator
from typing import Any

from modelhub.configs.readers.allowance import MAX_VALUES, TOO_MANY
from modelhub.configs.readers.limits import build_limit_fault, is_limit
from modelhub.configs.readers.positions import Node, Parsed, TextFault, build_twice_fault
from modelhub.diagnostics.lookalikes import QUOTES, describe_characters
from modelhub.diagnostics.spelling import respell_word

# Strings, punctuation, and everything else up to the next of these.
_TOKEN = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[{}\[\],:]|[^\s{}\[\],:"]++', re.DOTALL)
_MESSAGES = {
    "Expecting property name": "expected a key in double quotes",
    "Expecting ':'": "expected ':' after the key",
    "Expecting ','": "expected ',' or the closing bracket",
    "Expecting value": "expected a value",
    "Unterminated string": "the string that starts here is not closed",
    "Invalid control character": "a line break, tab or other control character stands inside a string",
    "Invalid \\escape": "unknown escape in a string",
    "Invalid \\u": "unfinished \\uXXXX escape in a string",
    "Unexpected UTF-8 BOM": "a second byte order mark",
    "Extra data": "more text after the end of the JSON value",
}
_HINTS = {
    "Invalid control character": "close the quote, or write \\n and \\t",
    "Extra data": "put several configs in one list",
    "Unterminated string": "close the quote",
    "Invalid \\escape": "write \\\\ for a backslash",
}
_WORDS = {"True": "true", "False": "false", "None": "null", "undefined": "null"}


def parse_json(text: str) -> Iterator[Parsed]:
    """Parse one JSON document; raises TextFault for a syntax error."""
    import json

    twice, count = False, 0

    def build_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice, count
        count += len(pairs) + 1
        if count > 2 * MAX_VALUES:
            raise TextFault("MH106", TOO_MANY, 0)
        built = dict(pairs)
        if len(built) < len(pairs):
            twice = True
            for key, value in reversed(pairs):
                built[key] = value
        return built

    if not text.strip():
        yield Parsed(None, lambda: Node(0, 0))
        return
    try:
        data = json.loads(text, object_pairs_hook=build_object)
    except json.JSONDecodeError as error:
        raise (
            build_limit_fault(text, error.pos) if is_limit(error) else _explain(text, error.msg, error.pos)
        ) from None
    except (RecursionError, MemoryError):
        raise build_limit_fault(text) from None
    except ValueError:
        match = re.search(r"\d{4000,}", text)
        raise TextFault("MH106", "the number is too large", match.start() if match else 0) from None
    faults = find_nodes(text)[1] if twice else []
    yield Parsed(data, lambda: find_nodes(text)[0], faults)


def _explain(text: str, message: str, offset: int) -> TextFault:
    """Say what is wrong at the place where the parser stopped."""
    kind = next((known for known in _MESSAGES if message.startswith(known)), "")
    rest = text[offset:].lstrip()
    before = text[:offset].rstrip()
    word = re.match(r"\w*", rest)
    if "trailing comma" in message or (rest[:1] in ("}", "]") and before.endswith(",")):
        comma = offset if text[offset : offset + 1] == "," else len(before) - 1
        return TextFault("MH101", "a comma stands before the closing bracket", comma, hint="remove the comma")
    if not rest and kind.startswith("Expecting"):
        return TextFault("MH101", "the text ends before the JSON value does", offset, hint="close every '{' and '['")
    hint = _HINTS.get(kind)
    if kind.startswith(("Expecting", "Extra data")) and rest.startswith(("//", "/*", "#")):
        hint = "remove the comment, or call the file .jsonc or .yaml"
        return TextFault("MH101", "JSON has no comments", offset, hint=hint)
    if kind.startswith("Expecting"):
        if rest.startswith("'"):
            hint = "use double quotes"
        elif rest[:1] and rest[0] in QUOTES:
            hint = f'write " in place of {describe_characters([rest[0]])}'
        elif word and word[0] in _WORDS:
            hint = f"write {_WORDS[word[0]]}"
        elif not kind.startswith("Expecting prop") and (meant := respell_word(text, offset)):
            hint = meant
        elif kind == "Expecting ','" and rest.startswith('"'):
            hint = "put a comma between the two"
        elif kind == "Expecting property name" and word and word[0]:
            hint = f'write "{word[0]}"'
    return TextFault("MH101", _MESSAGES.get(kind) or f"not valid JSON: {message}", offset, hint=hint)


class _Open:
    """A container that is not closed yet, the last key that was read in it, and whether its value comes next."""

    __slots__ = ("has_key", "key", "node")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.key = ""
        self.has_key = False


def find_nodes(text: str) -> tuple[Node, list[TextFault]]:
    """Find where every value of a valid JSON text stands, and the keys that stand twice."""
    import json

    top: list[Node] = []
    stack = [_Open(Node(0, len(text), top))]
    faults: list[TextFault] = []
    for match in _TOKEN.finditer(text):
        start, end = match.span()
        sign = text[start]
        frame = stack[-1]
        children = frame.node.children
        if sign in ",:":
            continue
        if sign in "}]":
            stack.pop().node.end = end
        elif isinstance(children, dict) and not frame.has_key:
            frame.key, frame.has_key = json.loads(match[0]) if "\\" in match[0] else match[0][1:-1], True
            if frame.key in frame.node.keys:
                first = frame.node.keys[frame.key][0]
                faults.append(build_twice_fault(frame.key, first, start, end, tuple(_path(stack[1:]))))
            else:
                frame.node.keys[frame.key] = (start, end)
        else:
            node = Node(start, end)
            if isinstance(children, list):
                children.append(node)
            elif isinstance(children, dict):
                children.setdefault(frame.key, node)
                frame.has_key = False
            if sign in "{[":
                node.children = {} if sign == "{" else []
                stack.append(_Open(node))
    return top[0], faults


def _path(stack: list[_Open]) -> Iterator[str | int]:
    for frame in stack:
        children = frame.node.children
        yield len(children) - 1 if isinstance(children, list) else frame.key
