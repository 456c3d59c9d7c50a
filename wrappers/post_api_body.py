"""What is posted to a private service: an input of any form, beside the keys that its config gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def is_structure(value: Any) -> bool:
    """Whether ``value`` is an object or a list, which only the service can judge."""
    return isinstance(value, Mapping | list | tuple)


def name_input(args: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, ...]:
    """The arguments of a call whose input may be given by AgentScope's name ``input_``."""
    return (options.pop("input_"), *args) if "input_" in options else args


def build_body(path: str, input: Any, rest: dict[str, Any]) -> dict[str, Any]:
    """An object with the keys of ``rest``, and with ``input`` at the dotted ``path``, unless ``rest`` has that too."""
    key, _, deeper = path.partition(".")
    if deeper and isinstance(rest.get(key, {}), dict):
        return {**rest, key: build_body(deeper, input, rest.get(key, {}))}
    return {key: input, **rest}
