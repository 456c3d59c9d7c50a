"""JSON as servers write it: decoded forgivingly, encoded strictly."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modelhub.late import late
from modelhub.wire.halves import join, mend_inside
from modelhub.wire.unsendable import Unsendable

if TYPE_CHECKING:
    import orjson
else:
    orjson = late("orjson")


def encode_json(value: Any) -> bytes:
    """The UTF-8 JSON of ``value``; raises Unsendable, a TypeError, that names the place of what cannot be sent."""
    try:
        return orjson.dumps(value)
    except TypeError:  # half a character, a key that is no str, what only looks like a list or a number
        from modelhub.wire.plain import make_plain  # what it needs takes longer to load than all else here

        plain = make_plain(value)
    try:
        return orjson.dumps(plain)
    except TypeError:  # numbers of more than 64 bits, many levels
        return _write(plain)


def _write(plain: Any) -> bytes:
    try:
        return json.dumps(plain, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except RecursionError:
        raise Unsendable("", "is nested too deep") from None


def find_unsendable(value: Any) -> tuple[str, str] | None:
    """The place of the first thing in ``value`` that JSON cannot hold, and why it cannot; None if it can hold all."""
    from modelhub.wire.plain import make_plain

    try:
        make_plain(value)
    except Unsendable as error:
        return error.path, error.why
    return None


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
