"""The path and the query of a URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from modelhub.errors import BadRequestError
from modelhub.wire import mend


def add_path(url: str, path: str) -> str:
    """``url`` with ``path`` after its own path, and before its query; a fragment, which no server sees, is left out."""
    place, mark, query = url.partition("#")[0].partition("?")
    return f"{place.rstrip('/')}{path}{mark}{query}"


def add_query(url: str, query: Mapping[str, Any] | None) -> str:
    """``url`` with the parameters of ``query`` appended, less those that are None; ``True`` is written ``true``.

    Raises BadRequestError for a query that is no mapping, or a parameter that is no text, number or list of these.
    """
    if not query:
        return url
    if not isinstance(query, Mapping):
        raise BadRequestError(f"the parameters of a query must be a dict, not {type(query).__name__}")
    told = {name: _write(name, value) for name, value in query.items() if value is not None}
    place = url.partition("#")[0]
    return f"{place}{'&' if '?' in place else '?'}{urlencode(mend(told), doseq=True)}" if told else url


def _write(name: Any, value: Any, within: bool = False) -> Any:
    if isinstance(value, list | tuple) and not within:
        return [_write(name, item, within=True) for item in value]
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        raise BadRequestError(f"the parameter {name!r} of a query must be a text, not {type(value).__name__}")
    return str(value).lower() if isinstance(value, bool) else value
