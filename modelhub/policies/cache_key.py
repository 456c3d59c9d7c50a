"""The key that an answer is kept under: equal calls have equal keys, and no secret can be read from one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson

from modelhub.wire import encode_json
from modelhub.wire.exact import read_json
from modelhub.wire.unsendable import Unsendable

VERSION = b"1"  # of what a key is made of; keys of two versions have nothing in common
NOT_KEYED = ("stream", "stream_options")  # how an answer comes, not what it is


def build_request_key(
    method: str,
    url: str,
    body: bytes | None,
    *,
    headers: Mapping[str, str] | None = None,
    organization: str | None = None,
    api_key: str | None = None,
    reader: str = "",
) -> str:
    """The key of an HTTP request, as hex digits.

    ``headers`` are those that the config adds itself, ``reader`` is what reads the reply (a model_type), if that
    matters. In a JSON body neither the order of keys nor how the answer is to come counts. Where a vendor has another
    URL for streams, give the request as it is for a whole answer.
    """
    own = sorted((name.lower(), value) for name, value in (headers or {}).items())
    return _digest(
        "request",
        method.upper(),
        url,
        None if body is None else _make_canonical(body),
        _digest(*(text for pair in own for text in pair)),
        organization,
        None if api_key is None else _digest("api_key", api_key),
        reader,
    )


def build_call_key(name: str, call: Mapping[str, Any], reach: Any) -> str | None:
    """The key of a call of a composite, or of a model that is no HTTP request; as hex digits.

    ``name`` is the config's name, ``call`` what is asked: the input and the options. ``reach`` tells apart the
    generations of what the call can reach: the effective configs of all its targets, or their digest. A number that
    counts from 1 in each process will do only for a store that does not outlive the process. None where the call holds
    what has no form in JSON, such as a function: its answer cannot be kept.
    """
    asked = {option: value for option, value in call.items() if option not in NOT_KEYED}
    try:
        parts = [_make_canonical(encode_json(part)) for part in (asked, reach)]
    except Unsendable:
        return None
    return _digest("call", name, *parts)


def build_digest(value: Any) -> str:
    """The digest of any value that has a form in JSON."""
    return _digest("value", _make_canonical(encode_json(value)))


def _make_canonical(body: bytes) -> bytes:
    """A JSON body with its keys in order and without what does not count; any other body as it is, with a mark."""
    try:
        value = read_json(body)
        if isinstance(value, dict):
            for name in NOT_KEYED:
                value.pop(name, None)
        return b"json" + _write(value)
    except (ValueError, RecursionError):
        return b"text" + body


def _write(value: Any) -> bytes:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # integers of more than 64 bits, half characters, many levels
        return json.dumps(value, sort_keys=True).encode()


def _digest(*parts: str | bytes | None) -> str:
    """One digest of all parts, none of which can pass for a piece of another."""
    pieces: list[bytes] = []
    for part in parts:
        data = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        pieces.append(b"-" if data is None else b"%d:%b" % (len(data), data))
    return blake2b(b"".join(pieces), digest_size=32, person=b"modelhub " + VERSION).hexdigest()
