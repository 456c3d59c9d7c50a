"""What each expression of a private protocol's config found in the replies to one call."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from modelhub.adapters.documents import decode_document, decode_reply
from modelhub.adapters.expressions import ExpressionFault, compile_expression
from modelhub.cli.tracing import Exchange
from modelhub.printable import shorten
from modelhub.wire import Event, EventDecoder

_LONGEST = 60
_PARTS = ("text", "reasoning", "finish_reason", "usage", "tool_calls", "embedding", "image_urls", "request_id", "model")
_OF_EACH = ("id", "name", "arguments", "vector", "index")
_OF_ERRORS = ("when", "code", "message", "retry_after")


class Finding(NamedTuple):
    """An expression, its key in the config, and what it found, as text."""

    key: str
    expression: str
    found: str


def list_findings(config: Mapping[str, Any], model: Any, exchanges: Sequence[Exchange]) -> list[Finding]:
    """What the expressions of ``config`` found in the replies, in the order of its keys."""
    replied = [exchange for exchange in exchanges if exchange.reply is not None]
    if not replied:
        return []
    response = _as_object(config.get("response"))
    last = replied[-1]
    if last.pieces and isinstance(config.get("stream"), dict):
        part = {**response, **config["stream"]}
        documents = list_events(model, last)
        names = {key: "stream" if key in config["stream"] else "response" for key in _PARTS}
    else:
        part, documents = response, [_decode(last, response)]
        names = dict.fromkeys(_PARTS, "response")
    found = [
        each
        for key in _PARTS
        if part.get(key) is not None
        for each in _find(f"{names[key]}.{key}", part[key], documents)
    ]
    error = _as_object(config.get("error"))
    found += [_evaluate(f"error.{key}", error[key], documents) for key in _OF_ERRORS if isinstance(error.get(key), str)]
    done = part.get("done")
    if isinstance(done, dict) and len(documents) > 1:
        found.append(_evaluate("stream.done.when", done["when"], documents[-1:]))
    poll = _as_object(config.get("poll"))
    if poll:
        found.append(_evaluate("poll.id", poll["id"], [_decode(replied[0], response)]))
        found += [_evaluate(f"poll.{key}", poll[key], documents) for key in ("until", "failed") if key in poll]
    return found


def list_events(model: Any, exchange: Exchange) -> list[Any]:
    """The documents of the events of a stream."""
    assert exchange.reply is not None
    decoder: EventDecoder = model.build_decoder()
    decoder.headers = exchange.reply.headers
    events: list[Event] = []
    try:
        for piece in exchange.pieces:
            events += decoder.feed(piece) if piece else []
        events += decoder.flush()
    except ValueError:
        events += decoder.pending
    if decoder.plain is not None and not events:
        return [decode_document(decoder.plain)]
    return [event.data for event in events if isinstance(event.data, dict | list | str)]


def _as_object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _decode(exchange: Exchange, response: Mapping[str, Any]) -> Any:
    assert exchange.reply is not None
    return decode_reply(exchange.reply, response.get("format") or "json", response.get("charset"))


def _find(key: str, given: Any, documents: Sequence[Any]) -> Iterator[Finding]:
    """What the expressions of one key found; those inside a list, in each item of it."""
    if isinstance(given, str):
        yield _evaluate(key, given, documents)
    elif isinstance(given, dict) and "from" in given:
        yield _evaluate(f"{key}.from", given["from"], documents)
    elif isinstance(given, dict) and "each" in given:
        yield _evaluate(f"{key}.each", given["each"], documents)
        items = [item for document in documents for item in _list(_try(given["each"], document))]
        for name in _OF_EACH:
            if isinstance(given.get(name), str):
                yield _evaluate(f"{key}.{name}", given[name], items)
    elif isinstance(given, dict) and "in_text" not in given:
        for name, expression in given.items():
            if isinstance(expression, str):
                yield _evaluate(f"{key}.{name}", expression, documents)


def _evaluate(key: str, expression: str, documents: Sequence[Any]) -> Finding:
    values = []
    for document in documents:
        try:
            values.append(compile_expression(expression, key)(document))
        except ExpressionFault as fault:
            return Finding(key, expression, f"fails: {fault}")
    return Finding(key, expression, _describe([value for value in values if value is not None]))


def _try(expression: str, document: Any) -> Any:
    try:
        return compile_expression(expression, "each")(document)
    except ExpressionFault:
        return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _describe(values: Sequence[Any]) -> str:
    """What was found in all documents, in a few words."""
    if not values:
        return "null (not there)"
    if len(values) > 1 and all(isinstance(value, str) for value in values):
        return f"{_write(''.join(values))} in {len(values)} pieces"
    distinct = list(dict.fromkeys(map(_write, values)))
    return distinct[0] if len(distinct) == 1 else f"{distinct[-1]} at last, {len(values)} times"


def _write(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], int | float | list):
        return f"a list of {len(value)}"
    return shorten(json.dumps(value, ensure_ascii=False), _LONGEST)
