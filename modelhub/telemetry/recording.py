"""What is written down of a call: a recording, as ``modelhub.testing`` plays it, without a secret in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from modelhub.events import AttemptFailed, CallEnded, Exchanged
from modelhub.messages.plain import read_fields
from modelhub.response.outcome import read_outcome
from modelhub.secrets import MASK, is_secret_name
from modelhub.secrets.traces import Masker
from modelhub.telemetry.masked_streams import mask_stream

# What is about a connection, or a body that was packed: it is not so when the recording is played.
_NOT_KEPT = frozenset({"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"})
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]+)", re.IGNORECASE)
_BROKEN = frozenset({"ConnectionError", "TimeoutError"})


def build_recording(
    exchanges: Sequence[Exchanged], failure: AttemptFailed | None, ended: CallEnded, description: str
) -> dict[str, Any]:
    """The document of a call that has ended; ``failure`` is of the try that failed last."""
    secrets = dict.fromkeys(secret for exchange in exchanges for secret in exchange.secrets)
    masker = Masker(secrets)
    asked = exchanges[0]
    options = {name: value for name, value in asked.options.items() if name != "stream" and _is_plain(value)}
    stream = {"stream": True} if ended.stream else {}
    return {
        "config": ended.config_name,
        "description": masker.mask(f"{description}: {asked.method} {asked.url}"),
        "request": masker.mask_all({"input": _plain(asked.input), **stream, **options}),
        "sent": [_build_sent(exchange, masker) for exchange in exchanges],
        "replies": [_build_reply(exchange, masker) for exchange in exchanges],
        "expect": masker.mask_all(_build_expectation(exchanges, failure, ended)),
    }


def _build_expectation(
    exchanges: Sequence[Exchanged], failure: AttemptFailed | None, ended: CallEnded
) -> dict[str, Any]:
    """What came of the call, as far as playing it can give the same."""
    last = exchanges[-1].error
    if ended.error is None and ended.response is not None:
        found = {name: value for name, value in read_outcome(ended.response).items() if value is not None}
        came = b"".join(part for each in exchanges for part in (each.body, *(each.chunks or ())))
        for call in found.get("tool_calls") or ():
            if str(call["id"]).encode() not in came:  # it was made up, and is another each time
                del call["id"]
        return {name: value for name, value in found.items() if _is_plain(value)}
    if ended.error is None and last is None:
        return {}  # a model in Python returned something of its own
    if last is not None and last not in _BROKEN:
        return {"error": {"class": "ModelCallError"}}  # it was given up, and is played as a server that says no more
    told = failure is not None and failure.error == ended.error and failure.status is not None
    return {"error": {"class": ended.error, **({"status": failure.status} if told and failure is not None else {})}}


def _build_reply(exchange: Exchanged, masker: Masker) -> dict[str, Any]:
    pieces = [piece for piece in exchange.chunks or () if piece]
    if exchange.status is None or (exchange.error is not None and not pieces):
        return {"end": "reset_before"} if exchange.error == "ConnectionError" else {"timeout": True}
    headers = {str(name): str(value) for name, value in exchange.headers.items() if name.lower() not in _NOT_KEPT}
    reply: dict[str, Any] = {"status": exchange.status, "headers": _mask_headers(headers, masker)}
    charset = _find_charset(headers)
    if exchange.chunks is not None:
        reply["chunks"] = [_decode(piece, charset) for piece in mask_stream(pieces, masker)]
        return {**reply, "end": "abrupt"} if exchange.error is not None else reply
    return {**reply, "body": _read_body(exchange.body, headers, charset, masker)}


def _build_sent(exchange: Exchanged, masker: Masker) -> dict[str, Any]:
    """What was sent, less what is another each time, or is only about the connection."""
    headers = {str(name): str(value) for name, value in exchange.request_headers.items()}
    kept = {n: value for n, value in headers.items() if n.lower() == "content-type" or is_secret_name(n)}
    sent: dict[str, Any] = {"method": exchange.method, "headers": _mask_headers(kept, masker)}
    query = parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
    if query:
        sent["query"] = _build_query(query, masker)
    if "multipart/" in headers.get("Content-Type", ""):  # whose boundary is another each time
        del sent["headers"]
    elif exchange.request_body:
        sent["body"] = _read_body(exchange.request_body, headers, _find_charset(headers), masker)
    return sent


def _build_query(pairs: Sequence[tuple[str, str]], masker: Masker) -> dict[str, str | list[str]]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        shown = "*" if is_secret_name(name) else masker.mask(value)
        before = found.get(masker.mask(name), [])
        found[masker.mask(name)] = [*before, shown] if isinstance(before, list) and before else [shown]
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _mask_headers(headers: Mapping[str, str], masker: Masker) -> dict[str, str]:
    return {name: _hide(value) if is_secret_name(name) else masker.mask(value) for name, value in headers.items()}


def _hide(value: str) -> str:
    """A secret header, of which the word before the secret is shown."""
    word, space, _ = value.partition(" ")
    return f"{word} {MASK}" if space and word.isalpha() else MASK


def _find_charset(headers: Mapping[str, str]) -> str:
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "")
    told = _CHARSET.search(kind)
    return told[1] if told else "utf-8"


def _read_body(body: bytes, headers: Mapping[str, str], charset: str, masker: Masker) -> Any:
    """A body as the document that it is, if it says so and may be written as one, else as a text."""
    if any(name.lower() == "content-type" for name in headers):
        with suppress(ValueError, LookupError, RecursionError):
            document = json.loads(body.decode(charset))
            if isinstance(document, dict | list) and _is_plain(document):
                return masker.mask_all(document)
    [masked] = masker.mask_bytes([body])
    return _decode(masked, charset)


def _decode(data: bytes, charset: str) -> str:
    """A text, as it is read, from which the same bytes can be made again."""
    with suppress(ValueError, LookupError):
        return data.decode(charset)
    is_unicode = charset.lower().replace("-", "") == "utf8"
    return data.decode("utf-8" if is_unicode else "ascii", "surrogateescape")


def _plain(value: Any) -> Any:
    """``value`` as JSON has it: objects as their fields."""
    return json.loads(json.dumps(value, default=lambda given: read_fields(given) or repr(given)))


def _is_plain(value: Any) -> bool:
    """Whether a value can be written as JSON, and read again as it is."""
    try:
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True
