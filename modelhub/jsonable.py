"""Anything as JSON has it: what has no form there becomes a text."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

_DEEPEST = 100  # levels; Python's own json gives up at fewer than 1,000
_LARGEST = 2000  # bits of a number; Python refuses to write one of thousands of digits
_LEFT_OUT = "..."


def build_jsonable(value: Any, inside: tuple[int, ...] = ()) -> Any:
    """``value`` made of what JSON has; nothing that is put in makes it fail.

    What has a ``to_dict``, dataclasses and pydantic's models become objects, sets lists, bytes and all else texts. What
    holds itself is ``...`` in itself. ``inside`` are the ids of what ``value`` stands in.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int(value) if value.bit_length() <= _LARGEST else hex(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, bytes | bytearray | memoryview):
        return _read_bytes(bytes(value))
    if id(value) in inside or len(inside) >= _DEEPEST:
        return _LEFT_OUT
    inside = (*inside, id(value))
    try:
        opened = _open(value)
        if isinstance(opened, Mapping):
            return {str(key): build_jsonable(item, inside) for key, item in opened.items()}
        if isinstance(opened, list | tuple | deque | AbstractSet):
            return [build_jsonable(item, inside) for item in opened]
        return str(value)
    except Exception:  # classes of others may raise anything here
        return f"<{type(value).__name__}>"


def _open(value: Any) -> Any:
    """An object as a mapping, or itself."""
    if isinstance(value, type):
        return value
    for name in ("to_dict", "model_dump"):
        if callable(getattr(type(value), name, None)):
            return getattr(value, name)()
    if hasattr(type(value), "__dataclass_fields__"):
        return {name: getattr(value, name) for name in type(value).__dataclass_fields__ if not name.startswith("_")}
    return value


def _read_bytes(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return f"<{len(value)} bytes>"
