"""Reads how a request describes tools."""

from __future__ import annotations

from typing import Any, NamedTuple

from modelhub.authoring.adapter.paths import write_key, write_value

_KNOWN = {"name", "description", "parameters", "input_schema", "strict"}


class Tools(NamedTuple):
    """What to send in the place of the tools, and the ``messages.tools`` of the config."""

    value: str
    shape: str = "openai"
    is_guess: bool = False


def read_tools(value: dict[str, Any]) -> Tools | None:
    """How an object is written that has nothing but a list of tools: it is left out when there are none."""
    for key, item in value.items():
        made = read_tool_list(item) if len(value) == 1 else None
        if made is not None:
            return made._replace(value=f"=tools && {{{write_key(key)}: {made.value[1:]}}}")
    return None


def read_tool_list(value: Any) -> Tools | None:
    """How a list of tools is written; None if a value is none."""
    if not isinstance(value, list) or not value or not isinstance(value[0], dict):
        return None
    found = _find_tool(value[0])
    if found is None:
        return None
    key, tool = found
    if key == "function" and value[0].get("type") == "function":
        return Tools("=tools")
    if not key and set(tool) <= _KNOWN:
        return Tools("=tools", "anthropic" if "input_schema" in tool else "bare")
    shape = "{" + ", ".join(f"{write_key(name)}: {_write_part(name, item)}" for name, item in tool.items()) + "}"
    if key:
        others = [f"{write_key(each)}: {write_value(below)}" for each, below in value[0].items() if each != key]
        shape = "{" + ", ".join([*others, f"{write_key(key)}: {shape}"]) + "}"
    return Tools(f"=tools[].{shape}", "bare", is_guess=True)


def _write_part(name: str, item: Any) -> str:
    if not isinstance(item, dict):
        return name if name in ("name", "description") else write_value(item)
    inner = next((key for key, below in item.items() if isinstance(below, dict) and "type" in below), None)
    return "parameters" if "type" in item or inner is None else f"{{{write_key(inner)}: parameters}}"


def _find_tool(item: dict[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """Where in an item of a list the description of a tool is: a key and the object."""
    for key, value in [("", item), *item.items()]:
        described = isinstance(value, dict) and any(isinstance(each, dict) for each in value.values())
        if described and isinstance(value.get("name"), str):
            return key, value
    return None
