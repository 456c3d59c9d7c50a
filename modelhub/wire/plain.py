"""Values as JSON has them: what has one obvious form there gets it, and what has none is named with its place."""

from __future__ import annotations

import datetime
import enum
import math
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from decimal import Decimal
from typing import Any

from modelhub.printable import printable, shorten
from modelhub.wire.halves import mend_text
from modelhub.wire.unsendable import Unsendable

MAX_DEPTH = 400  # levels of lists and objects; Python itself gives up at fewer than 1,000
_NAME = re.compile(r"[^\W\d][\w-]*")
_SHOWN_STEPS = 12  # of a place that is deep inside
_TEXTS = (datetime.datetime, datetime.date, datetime.time, uuid.UUID)


def make_plain(value: Any) -> Any:
    """``value`` made of nothing but what JSON has, its texts without halves of characters.

    Mappings become dicts, sequences and arrays lists, members of an Enum their values, a Decimal the same number, a
    dataclass or a pydantic model its fields, times and UUIDs texts. Raises Unsendable for everything else.
    """
    try:
        return _plain(value, ())
    except RecursionError:
        raise Unsendable("", "is nested too deep") from None


def _plain(value: Any, path: tuple[Any, ...]) -> Any:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, str):
        return mend_text(str.__str__(value))
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise Unsendable(write_path(path), f"is {float(value)!r}, which JSON does not have")
        return float(value)
    if len(path) >= MAX_DEPTH:
        raise Unsendable(write_path(path), f"is nested more than {MAX_DEPTH} levels deep, or holds itself")
    value = _open(value, path)
    if isinstance(value, Mapping):
        return _plain_object(value, path)
    if isinstance(value, list):
        found = []
        for n, item in enumerate(value):
            found.append(_plain(item, (*path, n)))
        return found
    return value


def _plain_object(value: Mapping[Any, Any], path: tuple[Any, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = _write_key(key, path)
        if name in found:
            raise Unsendable(write_path(path), f"has two keys that are {shorten(printable(name), 60)!r} in JSON")
        found[name] = _plain(item, (*path, name))
    return found


def _write_key(key: Any, path: tuple[Any, ...]) -> str:
    """The text of a key; numbers and constants are written as JSON writes them, as Python's own ``json`` does."""
    if isinstance(key, enum.Enum):
        key = key.value
    if isinstance(key, str):
        return mend_text(str.__str__(key))
    if key is None or isinstance(key, bool):
        return {None: "null", True: "true", False: "false"}[key]
    if isinstance(key, int):
        return str(int(key))
    if isinstance(key, float) and math.isfinite(key):
        return repr(float(key))
    number = _find_list(key)
    if isinstance(number, int | float) and not isinstance(key, int | float):  # of numpy
        return _write_key(number, path)
    raise Unsendable(write_path(path), f"has a key that is {_name(key)}, not a str")


def _open(value: Any, path: tuple[Any, ...]) -> Any:
    """``value``, which is no text or number of Python's own, as a Mapping, a list, or what JSON has."""
    if isinstance(value, Mapping | list):
        return value
    if isinstance(value, _TEXTS) and value == value:  # the missing time of pandas is not itself
        return str(value) if isinstance(value, uuid.UUID) else value.isoformat()
    if isinstance(value, Decimal):
        return _plain_decimal(value, path)
    if hasattr(type(value), "__dataclass_fields__"):
        from dataclasses import fields  # who has a dataclass has it already

        declared: Any = value
        names = [field.name for field in fields(declared)]
        return {name: getattr(value, name) for name in names if not name.startswith("_")}
    if not isinstance(value, type) and callable(getattr(type(value), "model_dump", None)):  # pydantic's
        return _dump(value, path)
    if not isinstance(value, bytes | bytearray | memoryview):
        if isinstance(value, Sequence):
            return list(value)
        found = _find_list(value)
        if isinstance(found, list):
            return found
        if found is not None and type(found) is not type(value):  # a single number of numpy
            return _plain(found, path)
    raise Unsendable(write_path(path), _explain(value))


def _dump(model: Any, path: tuple[Any, ...]) -> Any:
    """The fields of a pydantic model, or of what has the same method."""
    try:
        try:
            return model.model_dump(mode="json")
        except TypeError:  # not pydantic's
            return model.model_dump()
    except Exception as error:  # it may be any
        raise Unsendable(write_path(path), f"{_explain(model)}: {shorten(printable(str(error)), 200)}") from None


def _find_list(value: Any) -> Any:
    """What numpy, pandas and torch make of their arrays and numbers for plain Python; None where there is no such."""
    tolist = getattr(type(value), "tolist", None)
    return tolist(value) if callable(tolist) and not isinstance(value, memoryview) else None


def _plain_decimal(value: Decimal, path: tuple[Any, ...]) -> int | float:
    if value.is_finite():
        number = int(value) if value == value.to_integral_value() and value.adjusted() < 300 else float(value)
        if Decimal(repr(number)) == value:
            return number
        raise Unsendable(write_path(path), "is a Decimal of more digits than a number has: make it a str or a float")
    raise Unsendable(write_path(path), f"is {value}, which JSON does not have")


def _explain(value: Any) -> str:
    """Why ``value`` has no form in JSON, and what to do."""
    what = f"is {_name(value)}"
    if isinstance(value, AbstractSet):
        return f"{what}, which has no order: make it a list"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"{what}, not text: decode it, or write it as base64"
    if isinstance(value, Iterator):
        return f"{what}, which can be read only once: make it a list"
    return f"{what}, which JSON cannot hold"


def _name(value: Any) -> str:
    if isinstance(value, type):
        return f"the class {value.__name__}"
    name = type(value).__name__
    if name == "bytes":
        return name
    return f"an {name}" if name[:1].lower() in "aeio" else f"a {name}"


def write_path(path: Sequence[Any]) -> str:
    """A place in a value: ``messages[0].content``; of a deep one only the beginning."""
    text = ""
    for step in path[:_SHOWN_STEPS]:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _NAME.fullmatch(step) and len(step) <= 60:
            text += f".{step}"
        else:
            text += f"[{shorten(printable(step), 60)!r}]"
    return text.removeprefix(".") + ("..." if len(path) > _SHOWN_STEPS else "")
