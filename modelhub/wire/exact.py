"""JSON that loses nothing: whole numbers of any size are kept, and what JSON lacks is written as text."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from typing import Any

import orjson

_LONG = re.compile(rb"\d{18}")


def read_json(data: bytes) -> Any:
    """The value of a JSON text; raises ValueError where it is none."""
    if _LONG.search(data) is None:
        return orjson.loads(data)
    try:
        return json.loads(data, parse_constant=_refuse)  # orjson makes floats of numbers of more than 64 bits
    except RecursionError:
        raise ValueError("it is nested too deep") from None


def write_json(value: Any, *, sort: bool = False) -> bytes:
    """``value`` as JSON in one line: bytes as their text, or in base64, and other objects as their ``str``."""
    option = orjson.OPT_NON_STR_KEYS | (orjson.OPT_SORT_KEYS if sort else 0)
    try:
        return orjson.dumps(value, default=_write_other, option=option)
    except TypeError:  # numbers of more than 64 bits, half characters, many levels
        return json.dumps(value, default=_write_other, sort_keys=sort).encode()


def _write_other(value: Any) -> str:
    if not isinstance(value, bytes):
        return str(value)
    try:
        return value.decode()
    except UnicodeDecodeError:
        return b64encode(value).decode()


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")
