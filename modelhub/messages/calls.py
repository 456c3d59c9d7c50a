"""Calls of tools in earlier answers, in any form, and which call each result of a tool is of."""

from __future__ import annotations

from typing import Any

from modelhub.errors import BadRequestError
from modelhub.messages.plain import read_fields, write_json

_NAMES_OF_ARGUMENTS = ("arguments", "input", "args")
_NAMES_OF_ID = ("tool_call_id", "tool_use_id", "call_id")
_FLAT = frozenset({"type", "name", "call_id", *_NAMES_OF_ARGUMENTS})


def normalize_calls(calls: Any, where: str) -> list[dict[str, Any]]:
    """The ``tool_calls`` of a message, as OpenAI has them; one call need not be in a list.

    Raises BadRequestError that names the call that is none.
    """
    if not calls:
        return []
    items = list(calls) if isinstance(calls, list | tuple) else [calls]
    return [normalize_call(item, f"{where}[{n}]" if items is not calls else where) for n, item in enumerate(items)]


def normalize_call(item: Any, where: str) -> dict[str, Any]:
    """One call: OpenAI's, flat ones as those of Anthropic or of the Responses API, and objects of either form."""
    call = read_fields(item)
    if call is None:
        raise BadRequestError(f"{where} must be a dict with a function, not {type(item).__name__}")
    if "custom" in call:
        custom = read_fields(call["custom"])
        if custom is None or not isinstance(custom.get("name"), str):
            raise BadRequestError(f"{where}.custom needs the name of the tool")
        return call if custom is call["custom"] else {**call, "custom": custom}
    function = read_fields(call.get("function"))
    rest = call
    if function is None:
        function = call
        rest = {key: value for key, value in call.items() if key not in _FLAT}
        if "call_id" in call:
            rest["id"] = call["call_id"]
        where_function = where
    else:
        where_function = f"{where}.function"
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise BadRequestError(f"{where_function} needs the name of the tool")
    arguments = next((function[key] for key in _NAMES_OF_ARGUMENTS if function.get(key) is not None), None)
    text = write_arguments(arguments, f"{where_function}.arguments")
    whole = rest is call and call.get("type") == "function" and isinstance(call.get("id"), str) and call["id"] != ""
    if type(item) is dict and whole and text is arguments:
        return call if type(call["function"]) is dict else {**call, "function": function}
    told = {key: value for key, value in rest.items() if key not in ("id", "type", "function")}
    ident = rest.get("id")
    found = {"id": ident if isinstance(ident, str) else str(ident)} if ident not in (None, "") else {}
    return {**found, "type": "function", "function": {"name": name, "arguments": text}, **told}


def write_arguments(arguments: Any, where: str) -> str:
    """Arguments as JSON text, an empty object where there are none."""
    if isinstance(arguments, str):
        return "{}" if arguments.strip() in ("", "null") else arguments
    return write_json(arguments or {}, where)


class Calls:
    """Which calls of a conversation have no result yet; calls without an id get one, the same in every request."""

    def __init__(self) -> None:
        self._count = 0
        self._open: list[tuple[str, str]] = []  # name and id

    def add(self, calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The calls of one answer, each with an id."""
        named = []
        for call in calls:
            if not call.get("id"):
                call = {"id": f"call_{self._count}", **{key: value for key, value in call.items() if key != "id"}}
            self._count += 1
            self._open.append(((call.get("function") or call.get("custom") or {}).get("name") or "", call["id"]))
            named.append(call)
        return named

    def answer(self, message: dict[str, Any]) -> dict[str, Any]:
        """The message of a tool with the id of its call: its own, or that of the first open call of its name."""
        ident = next((message[key] for key in _NAMES_OF_ID if message.get(key)), None)
        name = message.get("name") or message.get("tool_name")
        if ident is not None and not isinstance(ident, str):
            ident = str(ident)
        if ident is None:
            ident = next((ident for known, ident in self._open if not name or known == name), None)
        self._open = [(known, other) for known, other in self._open if other != ident]
        if ident is None:
            return message
        rest = {key: value for key, value in message.items() if key not in _NAMES_OF_ID and key != "role"}
        return {"role": "tool", "tool_call_id": ident, **rest}
