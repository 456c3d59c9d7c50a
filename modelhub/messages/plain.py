"""Objects of other programs as plain dicts: an SDK's messages, dataclasses, and what else has fields."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from modelhub.errors import BadRequestError

_NO_FIELDS = (str, bytes, bytearray, int, float, list, tuple, set, frozenset, type, type(None))


def read_fields(value: Any) -> dict[str, Any] | None:
    """The fields of a mapping or an object, those of an object without None; None for what has no fields."""
    if type(value) is dict:
        return value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, _NO_FIELDS) or callable(value):
        return None
    told = _list_fields(value)
    return {name: field for name, field in told if field is not None and not name.startswith("_")} or None


def _list_fields(value: Any) -> Iterable[tuple[str, Any]]:
    dump: Any = getattr(value, "model_dump", None)  # of pydantic, whose objects the vendors' SDKs return
    if callable(dump):
        told: Any = dump()
        return list(told.items())
    names = getattr(value, "__dataclass_fields__", None) or getattr(value, "__dict__", None) or _list_slots(value)
    return [(name, getattr(value, name, None)) for name in names]


def _list_slots(value: Any) -> list[str]:
    slots = [getattr(cls, "__slots__", ()) for cls in type(value).__mro__]
    return [name for names in slots for name in ([names] if isinstance(names, str) else names)]


def write_json(value: Any, where: str) -> str:
    """``value`` as JSON text, objects as their fields; raises BadRequestError for what JSON does not have."""
    try:
        return json.dumps(value, ensure_ascii=False, default=_as_json)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequestError(f"{where} holds what JSON does not have: {error or 'it is nested too deep'}") from None


def write_output(output: Any) -> str:
    """The output of a tool as text: a text as it is, an exception as its message, other values as JSON.

    What JSON does not have becomes its ``str``. Raises BadRequestError for what is nested too deep even for that.
    """
    if isinstance(output, str):
        return output
    if output is None:
        return ""
    if isinstance(output, bytes | bytearray):
        return bytes(output).decode("utf-8", "replace")
    if isinstance(output, BaseException):
        return f"Error: {type(output).__name__}: {output}"
    try:
        return json.dumps(output, ensure_ascii=False, default=lambda value: read_fields(value) or str(value))
    except (TypeError, ValueError, RecursionError):  # keys that are no text, circles
        pass
    try:
        return str(output)
    except RecursionError:
        raise BadRequestError("the output of a tool is nested too deep to be written") from None


def _as_json(value: Any) -> Any:
    fields = read_fields(value)
    if fields is None:
        raise TypeError(f"a {type(value).__name__} ({str(value)[:60]})")
    return fields
