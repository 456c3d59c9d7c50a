"""Whatever JSON comes, a request is read or refused, and no path of a file gets through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelhub.server.formats.format import Ask
from modelhub.server.formats.replies import Failure

from .speaking import ROUTES, list_fields, read_cases

WORDS = ("user", "assistant", "tool", "text", "image_url", "image", "base64", "function", "message", "json_schema", "x")
SCALARS = (
    st.none() | st.booleans() | st.integers(-2, 5) | st.floats(allow_nan=False) | st.sampled_from(WORDS) | st.text()
)
NAMES = sorted(
    {name for _, case in read_cases("requests") for name in case["body"]}
    | {"role", "content", "type", "text", "url", "source", "data", "id", "name", "function", "arguments", "input_audio"}
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)
VALID = [(case["path"], case["body"]) for _, case in read_cases("requests") if "wanted" in case]


def list_places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all values in a body."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(one for key, item in inner for one in list_places(item, (*place, key)))]


def replace(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    """``value`` with another value at a place."""
    if not place:
        return new
    key, *rest = place
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[key] = replace(value[key], tuple(rest), new)
    return changed


def check(path: str, body: Any) -> None:
    """Read a request, which may be refused, and nothing else."""
    try:
        list_fields(ROUTES[path].parse(Ask(body)))
    except Failure as failure:
        assert failure.status == 400 and failure.message and "\n" not in failure.message


@pytest.mark.parametrize("path", ROUTES)
@settings(max_examples=30)
@given(body=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6))
def test_any_object_is_read_or_refused(path: str, body: dict[str, Any]) -> None:
    check(path, body)


@settings(max_examples=300)
@given(st.data())
def test_any_value_at_any_place_is_read_or_refused(data: st.DataObject) -> None:
    path, body = data.draw(st.sampled_from(VALID))
    place = data.draw(st.sampled_from(list_places(body)[1:]))
    check(path, replace(body, place, data.draw(VALUES)))


@pytest.mark.parametrize("path", ROUTES)
@pytest.mark.parametrize("body", [None, [], "x", 3, True])
def test_what_is_no_object_is_refused(path: str, body: Any) -> None:
    with pytest.raises(Failure, match="must be an object"):
        ROUTES[path].parse(Ask(body))


SECRETS = ("/etc/passwd", "file:///etc/passwd", " FILE:/etc/passwd", "~/x.png", "etc/passwd", "http://10.0.0.1/x")


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(("path", "body"), VALID, ids=range(len(VALID)))
def test_no_medium_is_a_file_or_inside_the_network(path: str, body: Any, secret: str) -> None:
    """A path in the place of any text never becomes the source of a medium."""
    for place in list_places(body)[1:]:
        try:
            wanted = ROUTES[path].parse(Ask(replace(body, place, secret)))
        except Failure:
            continue
        for found in list_sources(wanted.input):
            assert found.startswith(("data:", "https://example.com/"))


def list_sources(value: Any) -> list[str]:
    """The sources of the media in messages."""
    if isinstance(value, list):
        return [one for item in value for one in list_sources(item)]
    if not isinstance(value, dict):
        return []
    kind = value.get("type")
    medium = value.get(kind) if isinstance(kind, str) else None
    if kind in ("image_url", "video_url", "input_audio", "file") and isinstance(medium, dict):
        return [medium[name] for name in ("url", "data", "file_data") if name in medium]
    if kind in ("image", "document"):
        return [value["source"]["url"]] if value["source"]["type"] == "url" else []
    return [one for item in value.values() for one in list_sources(item)]
