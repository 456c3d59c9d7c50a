"""Functions as tools: the schema of each kind of annotation, and what docstrings say."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any

import pytest

from modelhub.typed.docstrings import read_docstring
from modelhub.typed.faults import NoForm
from modelhub.typed.functions import describe_function

from . import sample

PLACE = {
    "description": "A place on earth.",
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Its name."},
        "zip": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "level": {"type": "integer", "enum": [1, 2], "description": "How high it lies."},
        "note": {"type": "string", "description": "Anything else.", "default": ""},
    },
    "required": ["city"],
    "additionalProperties": False,
}
MOVIE = {
    "description": "A film.",
    "type": "object",
    "properties": {"title": {"type": "string"}, "year": {"type": "integer"}},
    "required": ["title"],
    "additionalProperties": False,
}
SCHEMAS: dict[str, Any] = {
    "text": {"type": "string"},
    "count": {"type": "integer"},
    "ratio": {"type": "number"},
    "flag": {"type": "boolean"},
    "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
    "level": {"type": "integer", "enum": [1, 2]},
    "colour": {"type": "string", "enum": ["red"]},
    "shade": {"type": "string", "enum": ["DARK", "LIGHT"]},
    "mode": {"type": "string", "enum": ["a", "b"]},
    "mixed": {"enum": ["a", 1]},
    "names": {"type": "array", "items": {"type": "string"}},
    "pair": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "minItems": 2, "maxItems": 2},
    "many": {"type": "array", "items": {"type": "integer"}},
    "unique": {"type": "array", "items": {"type": "string"}},
    "table": {"type": "object", "additionalProperties": {"type": "integer"}},
    "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    "maybe": {"anyOf": [{"type": "number"}, {"type": "null"}]},
    "place": PLACE,
    "point": {
        "type": "object",
        "properties": {"x": {"type": "number"}, "y": {"type": "number", "default": 0.0}},
        "required": ["x"],
        "additionalProperties": False,
    },
    "movie": MOVIE,
    "day": {"type": "string", "format": "date"},
    "moment": {"type": "string", "format": "date-time"},
    "price": {"type": "number"},
    "key": {"type": "string", "format": "uuid"},
    "ident": {"type": "integer"},
    "told": {"type": "integer", "description": "A number."},
    "any_value": {},
    "sequence": {"type": "array", "items": {"type": "string", "enum": ["celsius", "fahrenheit"]}},
    "bare": {"type": "array"},
    "unknown": {},
    "box": {
        "type": "object",
        "properties": {
            "item": {"type": "integer"},
            "more": {"anyOf": [{"type": "array", "items": {"type": "integer"}}, {"type": "null"}]},
        },
        "required": ["item"],
        "additionalProperties": False,
    },
    "started": {
        "type": "object",
        "properties": {"seconds": {"type": "number"}},
        "required": ["seconds"],
        "additionalProperties": False,
    },
    "one_of": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    "said": {"anyOf": [{"type": "integer"}, {"type": "null"}], "description": "Or nothing."},
}


def read(function: Any) -> dict[str, Any]:
    schema: dict[str, Any] = describe_function(function).build_tool()["parameters"]
    return schema


def test_every_annotation_has_its_schema() -> None:
    schema = read(sample.everything)
    assert schema["properties"] == SCHEMAS
    assert schema["required"] == list(SCHEMAS)
    assert schema["type"] == "object" and schema["additionalProperties"] is False


def test_a_function_with_a_docstring_of_googles() -> None:
    tool = describe_function(sample.weather).build_tool()
    assert tool["name"] == "weather" and tool["description"] == "Tell the weather.\n\nIt is a guess."
    assert tool["parameters"]["properties"] == {
        "city": {"type": "string", "description": "Where, which may go on in the next line: so."},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "description": "The unit."},
        "days": {"type": "integer", "description": "How many days.", "default": 1},
    }
    assert tool["parameters"]["required"] == ["city"]


def test_a_function_with_a_docstring_of_rest() -> None:
    tool = describe_function(sample.add).build_tool()
    assert tool["description"] == "Add two numbers."
    described = {name: each["description"] for name, each in tool["parameters"]["properties"].items()}
    assert described == {"x": "The first, which goes on.", "y": "The second."}


def test_functions_of_other_kinds() -> None:
    tools = sample.Tools("Oslo")
    assert describe_function(tools.near).build_tool()["parameters"]["properties"] == {
        "metres": {"type": "number", "description": "How far."}
    }
    assert list(read(sample.Tools.name)["properties"]) == ["short"]
    assert list(read(sample.Tools.double)["properties"]) == ["n"]
    assert describe_function(tools).build_tool()["name"] == "Tools"
    assert describe_function(tools).build_tool()["description"] == "Call the object."
    near_unit = functools.partial(sample.weather, "Oslo")
    assert describe_function(near_unit).build_tool()["name"] == "weather"
    assert list(read(near_unit)["properties"]) == ["unit", "days"]
    assert read(sample.nothing) == {"type": "object", "properties": {}, "additionalProperties": False}
    near_unit.__name__ = "near"  # type: ignore[attr-defined]
    assert describe_function(near_unit).build_tool()["name"] == "near"
    assert describe_function(sample.Asking()).build_tool()["description"] == "Ask somebody."
    assert read(sample.follow)["properties"]["most"] == {"type": "number"}
    assert read(sample.film) == {name: value for name, value in MOVIE.items() if name != "description"}
    more = read(sample.rest)
    assert list(more["properties"]) == ["first"] and more["additionalProperties"] == {"type": "number"}


def test_a_class_that_holds_itself_is_defined_once() -> None:
    schema = read(sample.walk)
    assert schema["properties"] == {"node": {"$ref": "#/$defs/Node"}}
    node = schema["$defs"]["Node"]["properties"]
    assert node["children"] == {"type": "array", "items": {"$ref": "#/$defs/Node"}}


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the type statement is of Python 3.12")
def test_what_a_type_statement_names_may_hold_itself() -> None:
    names: dict[str, Any] = {}
    exec("type Tree[T] = dict[str, Tree[T]] | T\ndef climb(tree: Tree[int]): return tree", names)
    schema = read(names["climb"])
    branches = {"type": "object", "additionalProperties": {"$ref": "#/$defs/Tree"}}
    assert schema["$defs"] == {"Tree": {"anyOf": [branches, {"type": "integer"}]}}
    assert describe_function(names["climb"]).bind({"tree": {"a": {"b": 1}}}).args == ({"a": {"b": 1}},)


def test_a_function_is_read_once() -> None:
    assert describe_function(sample.weather) is describe_function(sample.weather)


def local(x: Missing) -> None:  # type: ignore[name-defined]  # noqa: F821
    """What the annotation means is not known."""


def complicated(x: dict[int, str]) -> None:
    """JSON has texts as names alone."""


def nested(place: list[complex]) -> None:
    """A number that JSON does not have."""


def called(back: Callable[[complex], int]) -> None:
    """What JSON cannot call."""


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (local, "the annotations of local cannot be read: name 'Missing' is not defined"),
        (complicated, r"x: dict\[int, str\] has no form in JSON"),
        (nested, "place: complex has no form in JSON"),
        (called, r"back: collections.abc.Callable\[\[complex\], int\] has no form in JSON"),
    ],
)
def test_what_has_no_form_in_json(function: Any, words: str) -> None:
    with pytest.raises(NoForm, match=words):
        describe_function(function)


GOOGLES = """Do it.

    Args:
        x: One.
            More.
        y (dict[str, Any], optional): Two: yes.

        **z: Three.

    Raises:
        ValueError: no.
"""
RESTS = """Do it.

    :param x: One.
    :type x: int
    :param list[int] y: Two
        goes on.
    :raises ValueError: no.
"""
NUMPYS = """Do it.

    Parameters
    ----------
    x : int
        One.
        More.

    y, *z
        Two: yes.

    Returns
    -------
    w : int
        Three.
"""
DOCSTRINGS: list[tuple[str | None, str, dict[str, str]]] = [
    (None, "", {}),
    ("Do it.", "Do it.", {}),
    (GOOGLES, "Do it.", {"x": "One. More.", "y": "Two: yes.", "z": "Three."}),
    (RESTS, "Do it.", {"x": "One.", "y": "Two goes on."}),
    (NUMPYS, "Do it.", {"x": "One. More.", "y": "Two: yes.", "z": "Two: yes."}),
    ("Do it.\n\nHow\n---\nx: so.", "Do it.\n\nHow\n---\nx: so.", {}),
    ("\n    Args:\n        x:\n            On the next line.", "", {"x": "On the next line."}),
    ("Note that x: is no parameter.\n\nExample:\n    x: neither.", "Note that x: is no parameter.", {}),
    ("Do it.\n\nArguments:\n    x: One.\nAnd text after it.", "Do it.", {"x": "One."}),
]


@pytest.mark.parametrize(("text", "said", "parameters"), DOCSTRINGS)
def test_docstrings(text: str | None, said: str, parameters: dict[str, str]) -> None:
    assert read_docstring(text) == (said, parameters)
