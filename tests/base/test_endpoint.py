"""URLs put together: a path goes before the query, parameters behind it, and a fragment nowhere."""

from __future__ import annotations

from typing import Any

import pytest

from modelhub.base import add_path, add_query
from modelhub.errors import BadRequestError

PATHS = [
    ("http://h", "http://h/p"),
    ("http://h/", "http://h/p"),
    ("http://h/v1//", "http://h/v1/p"),
    ("http://h/v1?a=b/", "http://h/v1/p?a=b/"),
    ("http://h/v1/?a=%2F#part", "http://h/v1/p?a=%2F"),
    ("http://h/v1#part?", "http://h/v1/p"),
]
QUERIES: list[tuple[str, Any, str]] = [
    ("http://h", None, "http://h"),
    ("http://h#x", {}, "http://h#x"),
    ("http://h", {"a": None}, "http://h"),
    ("http://h", {"a": "b c", "d": 1}, "http://h?a=b+c&d=1"),
    ("http://h?x=1", {"a": [1, True], "b": False, "c": None}, "http://h?x=1&a=1&a=true&b=false"),
    ("http://h/p#part", {"a": "1"}, "http://h/p?a=1"),
    ("http://h", {"a": "é/?&"}, "http://h?a=%C3%A9%2F%3F%26"),
    ("http://h", {"a": "\ud83d\ude00\ud83d"}, "http://h?a=%F0%9F%98%80%EF%BF%BD"),
]


@pytest.mark.parametrize(("url", "right"), PATHS)
def test_a_path_is_added(url: str, right: str) -> None:
    assert add_path(url, "/p") == right


@pytest.mark.parametrize(("url", "query", "right"), QUERIES)
def test_a_query_is_added(url: str, query: Any, right: str) -> None:
    assert add_query(url, query) == right


@pytest.mark.parametrize("query", ["a=b", ["a"], 7])
def test_a_query_is_a_mapping(query: Any) -> None:
    with pytest.raises(BadRequestError, match="must be a dict, not"):
        add_query("http://h", query)
