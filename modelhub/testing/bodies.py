"""Bodies in other encodings than UTF-8: recorded texts as the server encoded them, and what was sent, decoded."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from modelhub.testing.recordings import Recording, build_headers
from modelhub.wire import decode_json


def find_charset(config: Mapping[str, Any]) -> str:
    """The encoding of replies whose headers name none."""
    part = config.get("response")
    return str((part.get("charset") if isinstance(part, Mapping) else None) or "utf-8")


def encode_recording(recording: Recording, charset: str) -> Recording:
    """A recording whose replies are as the server encoded them, in ``charset`` where their headers name no other."""
    return replace(recording, replies=[encode_reply(reply, charset) for reply in recording.replies])


def encode_reply(reply: Mapping[str, Any], charset: str) -> Mapping[str, Any]:
    """A recorded reply with its texts as the server would have encoded them."""
    headers = build_headers(reply)
    charset = _read_charset(headers) or charset
    if charset in ("utf-8", "utf8"):
        return reply
    made = {**reply, "headers": headers}
    if "chunks" in reply:
        made["chunks"] = [*_encode_texts(reply["chunks"], charset)]
    elif reply.get("body") is not None:
        made["body"] = next(_encode_texts([reply["body"]], charset))
    return made


def read_json(headers: Mapping[str, str], data: bytes) -> Any:
    """The JSON of a body, in the encoding that its headers name; None if it is not JSON."""
    charset = _read_charset(headers)
    try:
        return decode_json(data if charset in ("", "utf-8", "utf8") else data.decode(charset))
    except (ValueError, LookupError):
        return None


def _read_charset(headers: Mapping[str, str]) -> str:
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    return kind.lower().partition("charset=")[2].partition(";")[0].strip(' "')


def _encode_texts(texts: Iterable[Any], charset: str) -> Iterator[str]:
    for value in texts:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        try:
            yield text.encode(charset).decode("utf-8", "surrogateescape")
        except (UnicodeError, LookupError):  # bytes that were recorded as they are
            yield text
