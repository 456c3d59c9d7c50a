"""JSON as servers write it: decoded forgivingly, encoded strictly."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import orjson

from modelhub.wire.halves import join, mend_inside


def encode_json(value: Any) -> bytes:
    """The UTF-8 JSON of ``value``; raises TypeError naming what cannot be sent."""
    try:
        return orjson.dumps(value)
    except TypeError:  # big integers, lone surrogates, non-string keys, str subclasses
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()


def decode_json(data: bytes | str) -> Any:
    """The value of a JSON text, whose characters are whole; raises ValueError when it is none."""
    try:
        return orjson.loads(data)
    except ValueError:
        return forgive_json(data, lambda value: join(mend_inside(value)))


def forgive_json(data: bytes | str, clean: Callable[[Any], Any]) -> Any:
    """What ``clean`` makes of a JSON text that orjson refuses, as it does half a character, NaN and a BOM.

    Raises ValueError when it is no JSON.
    """
    try:
        return clean(json.loads(data))
    except RecursionError:
        raise ValueError("the JSON is nested too deep") from None
