"""What a call adds to its requests by hand: ``extra_body``, ``extra_headers`` and ``extra_query``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from modelhub.engine.building import FOREIGN, explain
from modelhub.engine.query import add_query
from modelhub.errors import BadRequestError
from modelhub.wire import Request, encode_json
from modelhub.wire.headers import explain_unsendable, is_header_name

NAMES = frozenset({"extra_body", "extra_headers", "extra_query", "headers"})


class Extras(NamedTuple):
    """What is added to each request of one call; ``headers`` that are None are taken away."""

    body: Mapping[str, Any]
    headers: Mapping[str, str | None]
    query: Mapping[str, Any]

    def add_to(self, request: Request) -> None:
        """Add it: headers to any request, keys and query to those that send something."""
        if self.headers:
            request.headers = merge_headers(request.headers, self.headers)
        if request.body is None:
            return
        if self.query:
            request.url = add_query(request.url, self.query)
        if self.body:
            # json keeps integers of any size, which orjson would make floats of.
            body = merge(json.loads(request.body), self.body)
            try:
                request.body = encode_json(body)
            except FOREIGN as error:
                raise BadRequestError(f"extra_body cannot be sent: {explain(error)}") from None


def take_extras(
    options: dict[str, Any], place: Callable[[dict[str, Any]], Mapping[str, Any]] = lambda body: body
) -> Extras | None:
    """Take the extras out of the ``options`` of a call; None if it has none. ``place`` says where keys belong.

    ``headers`` is a shorter name of ``extra_headers``. Raises BadRequestError for what HTTP cannot carry.
    """
    if NAMES.isdisjoint(options):
        return None
    taken = {name: _check_mapping(name, options.pop(name)) for name in sorted(NAMES) if name in options}
    headers: dict[str, str | None] = {}
    for key in ("headers", "extra_headers"):
        for name, value in taken.get(key, {}).items():
            headers[name] = _check_header(key, name, value)
    return Extras(place(dict(taken.get("extra_body", {}))), headers, taken.get("extra_query", {}))


def _check_mapping(name: str, value: Any) -> Mapping[str, Any]:
    if value is not None and not isinstance(value, Mapping):
        raise BadRequestError(f"{name} must be a dict, not {type(value).__name__}")
    return value or {}


def _check_header(where: str, name: Any, value: Any) -> str | None:
    """The value of a header as text, None to take the header away."""
    if not isinstance(name, str) or not is_header_name(name):
        raise BadRequestError(f"{where}: {name!r} is no name of a header")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadRequestError(f"{where}: the header {name} is {type(value).__name__}, not a str")
    text = str(value)
    if why := explain_unsendable(text):
        raise BadRequestError(f"{where}: the header {name} holds {why}, which HTTP cannot carry")
    return text


def merge_headers(headers: Mapping[str, str], extra: Mapping[str, str | None]) -> dict[str, str]:
    """``headers`` with those of ``extra``, which win, however they are capitalized."""
    replaced = {name.lower() for name in extra}
    merged = {name: value for name, value in headers.items() if name.lower() not in replaced}
    return merged | {name: value for name, value in extra.items() if value is not None}


def merge(body: Any, extra: Mapping[str, Any]) -> dict[str, Any]:
    """``body`` with the keys of ``extra``; where both have an object, the objects are merged, too."""
    merged: dict[str, Any] = dict(body)
    for name, value in extra.items():
        old = merged.get(name)
        merged[name] = merge(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return merged
