"""What tests look at: what was sent, and what an answer says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, unquote_plus

import pytest

from modelhub.response.outcome import read_outcome
from modelhub.testing.conformance.bench import Bench
from modelhub.testing.conformance.calls import try_to_ask
from modelhub.testing.recordings import Recording, encode_pieces


def ask_text(bench: Bench, recording: Recording, way: str, text: str) -> None:
    """Ask ``text`` in place of what was recorded; what is answered does not matter."""
    question = [text] if isinstance(recording.input, list) and not isinstance(recording.input[0], dict) else text
    asked = Recording(recording.name, {**recording.request, "input": question}, recording.replies)
    outcome = try_to_ask(way, bench.wire(asked), asked)
    if outcome.error is not None and not bench.player.requests:
        pytest.fail(f"nothing was sent: {outcome.error}")


def find_text(bench: Bench, text: str) -> bool:
    """Whether ``text`` is somewhere in what was sent: in JSON, in a form, in the address, or as it is."""
    for sent in bench.player.requests:
        if text in _flatten(sent.json) or text.encode() in sent.bytes or json.dumps(text)[1:-1].encode() in sent.bytes:
            return True
        if text in unquote_plus(sent.bytes.decode("latin-1")) or text in unquote(sent.path):
            return True
        if text in _flatten(dict(sent.query)):
            return True
        if text in _flatten([_read(value) for _, value in parse_qsl(sent.bytes.decode("latin-1"))]):
            return True
        charset = sent.headers.get("Content-Type", "").partition("charset=")[2] or "utf-8"
        if json.dumps(text, ensure_ascii=False)[1:-1] in sent.bytes.decode(charset, "replace"):
            return True
    return False


def reply_by_address(bench: Bench, recording: Recording) -> None:
    """Reply to calls at once, of which one was made: each address has the last of its recorded replies."""
    addresses = [(each.method, each.path) for each in bench.player.requests]
    replies = dict(zip(addresses, recording.replies, strict=False))
    bench.player.play(lambda request: replies[request.method, request.path], again=True)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _flatten(value: Any) -> str:
    if isinstance(value, dict):
        return "\n".join(_flatten(each) for each in value.values())
    return "\n".join(map(_flatten, value)) if isinstance(value, list) else str(value)


def tell(result: Any) -> Any:
    """What an answer or an error says, as plain data that can be compared."""
    if isinstance(result, BaseException):
        return [type(result).__name__, getattr(result, "status", None), getattr(result, "code", None)]
    told = read_outcome(result)
    for call in told["tool_calls"] or ():
        call["id"] = bool(call["id"])  # where the vendor gives none, a made-up one
    return told


def cut_reply(reply: Mapping[str, Any], size: int = 7) -> dict[str, Any]:
    """A recorded reply in pieces of about ``size`` bytes, of a large one more."""
    whole = b"".join(encode_pieces(reply))
    size = max(size, len(whole) // 500)
    pieces = [whole[n : n + size] for n in range(0, len(whole), size)]
    headers = dict(reply.get("headers") or {})
    if not isinstance(reply.get("body"), str | None):
        headers.setdefault("Content-Type", "application/json")
    return {"headers": headers, "chunks": [piece.decode("utf-8", "surrogateescape") for piece in pieces]}


def stall(reply: Mapping[str, Any]) -> dict[str, Any]:
    """A recorded stream that goes silent in its middle."""
    pieces = cut_reply(reply, 5)["chunks"]
    return {**reply, "chunks": pieces, "stall": max(1, len(pieces) * 3 // 4)}
