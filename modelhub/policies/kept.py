"""A whole answer as bytes, for a store that nobody need trust, and an answer made of them again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection
from typing import Any, Final
from zlib import crc32

import orjson

from modelhub.response import ModelResponse, StreamedResponse, ToolCall, Usage
from modelhub.response.accumulator import Accumulator
from modelhub.response.origin import Origin
from modelhub.response.tool_calls import MalformedToolCall, split_tool_calls
from modelhub.response.usage import COUNTS

VERSION = 2  # of the form of an entry; one of another version is not read
_MAGIC = b"modelhub-answer"
_SCALARS = frozenset((str, int, bool, type(None)))
_NUMBERS = frozenset((int, float))
_LEFT_BEHIND = ("raw", "parsed")  # where they are objects of a library


def build_kept(response: ModelResponse) -> bytes | None:
    """A whole answer as bytes; None for one that would not come back as it is.

    Objects of Python libraries stay behind: a ``raw`` or a ``parsed`` of that kind comes back as None.
    """
    if type(response) is not ModelResponse and not (
        type(response) is StreamedResponse and response.is_stream_exhausted
    ):
        return None
    try:
        fields: dict[str, Any] = {name: getattr(response, name) for name in _CHECKS}
        fields["usage"] = _pack_usage(response.usage)
        fields["tool_calls"] = _pack_calls(response.tool_calls)
        fields["origin"] = response.origin.name if response.origin is not None else None
        _check(fields)
        form, text = _encode(fields)
    except (TypeError, ValueError, RecursionError):
        return None
    return b"%b %d %b %08x\n%b" % (_MAGIC, VERSION, form, crc32(text), text)


def parse_kept(data: bytes, origins: Collection[Origin] = ()) -> ModelResponse | None:
    """The answer that an entry holds; None for an entry of another version, and for a broken one, which is logged once.

    ``origins`` are those of the models that may have given it: the one of the same name becomes its own.
    """
    try:
        head, line_end, text = data.partition(b"\n")
        magic, version, form, checksum = head.split(b" ")
        if magic != _MAGIC or not line_end:
            raise ValueError("it is not an answer")
        if version != b"%d" % VERSION:
            return None
        if checksum != b"%08x" % crc32(text):
            raise ValueError("its checksum is wrong")
        fields = orjson.loads(text) if form == _EXACT else json.loads(text)
        if not isinstance(fields, dict) or not fields.keys() <= _CHECKS.keys():
            raise ValueError("its fields are wrong")
        fields = dict.fromkeys(_CHECKS) | fields
        _check(fields)
        fields["usage"] = Usage(*fields["usage"]) if fields["usage"] is not None else None
        fields["tool_calls"] = _unpack_calls(fields["tool_calls"])
        fields["origin"] = next((origin for origin in origins if origin.name == fields["origin"]), None)
        name = fields.pop("config_name")
        response = ModelResponse(**fields)
        if name is not None:
            response._trail = (((name, "", 1, None, 0.0, 0.0, "cached"), None),)
        return response
    except (ValueError, RecursionError) as error:
        _log_broken(error)
        return None


def build_deltas(response: ModelResponse, so_far: Accumulator) -> list[ModelResponse]:
    """A kept answer as the deltas of a stream, which are in ``so_far`` then, as is all else that was received.

    ``raw`` is what it was, the events of a stream or a whole reply. There is at least one delta.
    """
    deltas = [ModelResponse("", reasoning=response.reasoning)] if response.reasoning else []
    if response.text or response.refusal:
        deltas.append(ModelResponse(response.text or "", refusal=response.refusal))
    if response.image_urls:
        deltas.append(ModelResponse("", image_urls=list(response.image_urls)))
    if response.tool_calls:
        deltas.append(ModelResponse("", tool_calls=split_tool_calls(response.tool_calls)))
    deltas.append(ModelResponse("", finish_reason=response.finish_reason, usage=response.usage))
    deltas[0].model = response.model
    deltas[0].request_id = response.request_id
    for delta in deltas:
        so_far.add(delta)
    so_far.raw, so_far.parsed, so_far.request_id = response.raw, response.parsed, response.request_id
    so_far.origin = response.origin
    so_far.ended = True
    return deltas


_EXACT: Final = b"exact"  # orjson reads what it wrote without any loss
_WIDE: Final = b"wide"  # there is what only Python's json knows: NaN, numbers of more than 64 bits, half characters


def _encode(fields: dict[str, Any]) -> tuple[bytes, bytes]:
    """The form and the text of an entry; raises TypeError for what has no form in JSON."""
    found: dict[str, Any] = {}
    finite = True
    for name, value in fields.items():
        try:
            finite &= _is_finite(value)
        except TypeError:
            if name not in _LEFT_BEHIND:
                raise
        else:
            if value is not None:
                found[name] = value
    if finite:
        try:
            return _EXACT, orjson.dumps(found)
        except TypeError:
            pass
    return _WIDE, json.dumps(found, separators=(",", ":")).encode()


def _is_finite(value: Any) -> bool:
    """Whether ``value`` has neither NaN nor infinity; raises TypeError for what decoded JSON does not have."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if kind is float:
        return math.isfinite(value)
    if kind is list:
        kinds = set(map(type, value))
        if kinds <= _SCALARS:
            return True
        if kinds == {float}:  # a vector
            return all(map(math.isfinite, value))
        found = [_is_finite(item) for item in value]  # each is looked at
        return all(found)
    if kind is dict:
        if value and set(map(type, value)) != {str}:
            raise TypeError("a key is not a str")
        found = [_is_finite(item) for item in value.values()]
        return all(found)
    raise TypeError(f"JSON has no {kind.__name__}")


def _pack_usage(usage: Any) -> list[Any] | None:
    if usage is None:
        return None
    if type(usage) is not Usage:
        raise TypeError(f"{type(usage).__name__} is no Usage")
    return [getattr(usage, name) for name in COUNTS]


def _pack_calls(calls: Any) -> list[list[Any]] | None:
    """Each call as a list: id, name and arguments; of one that cannot be run its text and its problem."""
    if calls is None:
        return None
    packed: list[list[Any]] = []
    for call in calls:
        if type(call) is MalformedToolCall:
            packed.append([call.id, call.name, call.text, call.problem])
        elif type(call) is ToolCall:
            packed.append([call.id, call.name, call.arguments])
        else:
            raise TypeError(f"{type(call).__name__} is no call")
    return packed


def _unpack_calls(packed: list[list[Any]] | None) -> list[ToolCall] | None:
    if packed is None:
        return None
    return [ToolCall(*parts) if len(parts) == 3 else MalformedToolCall(*parts) for parts in packed]


def _check(fields: dict[str, Any]) -> None:
    """Raise ValueError for a field of a kind that no answer has."""
    for name, fits in _CHECKS.items():
        value = fields[name]
        if value is not None and not fits(value):
            raise ValueError(f"its {name} is wrong")


def _is_any(value: Any) -> bool:
    return True


def _is_text(value: Any) -> bool:
    return type(value) is str


def _is_texts(value: Any) -> bool:
    return type(value) is list and set(map(type, value)) <= {str}


def _is_vectors(value: Any) -> bool:
    return type(value) is list and all(type(row) is list and set(map(type, row)) <= _NUMBERS for row in value)


def _is_usage(value: Any) -> bool:
    kinds = [type(count) for count in value] if type(value) is list else []
    return len(kinds) == len(COUNTS) and set(kinds[:3]) <= _NUMBERS and set(kinds[3:]) <= {*_NUMBERS, type(None)}


def _is_calls(value: Any) -> bool:
    return type(value) is list and all(type(parts) is list and _is_call(parts) for parts in value)


def _is_call(parts: list[Any]) -> bool:
    kinds = list(map(type, parts))
    return kinds == [str, str, dict] or kinds == [str] * 4


# Every field that is kept, and whether a value that is not None may stand in it.
_CHECKS: dict[str, Callable[[Any], bool]] = {
    "text": _is_text,
    "reasoning": _is_text,
    "refusal": _is_text,
    "tool_calls": _is_calls,
    "finish_reason": _is_text,
    "usage": _is_usage,
    "embedding": _is_vectors,
    "image_urls": _is_texts,
    "parsed": _is_any,
    "raw": _is_any,
    "request_id": _is_text,
    "model": _is_text,
    "origin": _is_text,
    "config_name": _is_text,
}
_BROKEN: list[str] = []  # what was logged


def _log_broken(error: Exception) -> None:
    if _BROKEN:
        return
    _BROKEN.append(str(error))
    import logging  # only programs with a broken store need it

    logging.getLogger("modelhub").warning("a kept answer cannot be read (%s): the model is asked instead", error)
