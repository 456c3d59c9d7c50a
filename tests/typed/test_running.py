"""Calls of tools that are functions: the right one is called with what its annotations promise, or none is."""

from __future__ import annotations

import asyncio
import datetime
import functools
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from modelhub.errors import BadRequestError, ResponseParsingError
from modelhub.response.tool_calls import MalformedToolCall, ToolCall

from . import sample
from .sample import Box, Colour, Level, Node, Place, Point, Shade, Started, Unit

KEY = "12345678-1234-5678-1234-567812345678"
GIVEN: dict[str, tuple[Any, Any]] = {
    "text": ("a", "a"),
    "count": (3.0, 3),
    "ratio": (3, 3.0),
    "flag": (True, True),
    "unit": ("celsius", Unit.C),
    "level": (2, Level.HIGH),
    "colour": ("red", Colour.RED),
    "shade": ("DARK", Shade.DARK),
    "mode": ("b", "b"),
    "mixed": (1, 1),
    "names": (["a"], ["a"]),
    "pair": ([1, "b"], (1, "b")),
    "many": ([1, 2], (1, 2)),
    "unique": (["a", "a"], {"a"}),
    "table": ({"a": 1}, {"a": 1}),
    "either": ("5", "5"),
    "maybe": (None, None),
    "place": ({"city": "Oslo", "level": 2}, Place("Oslo", level=Level.HIGH)),
    "point": ({"x": 1}, Point(1.0)),
    "movie": ({"title": "M"}, {"title": "M"}),
    "day": ("2026-01-02", datetime.date(2026, 1, 2)),
    "moment": ("2026-01-02T03:04:05+00:00", datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)),
    "price": (1.10, Decimal("1.1")),
    "key": (KEY, UUID(KEY)),
    "ident": (5, 5),
    "told": (5, 5),
    "any_value": ([None], [None]),
    "sequence": (["fahrenheit"], [Unit.F]),
    "bare": ([1, "a"], [1, "a"]),
    "unknown": ({"a": 1}, {"a": 1}),
    "box": ({"item": 1.0, "more": [2]}, Box(1, [2])),
    "started": ({"seconds": 30}, Started(30.0)),
    "one_of": ("a", "a"),
    "said": (None, None),
}
TOLD = {name: given for name, (given, _) in GIVEN.items()}
TOOLS: list[Any] = [sample.everything, sample.weather, sample.add, sample.later, sample.rest, sample.walk]


def run(name: str, arguments: dict[str, Any], functions: Any = TOOLS) -> Any:
    return ToolCall("1", name, arguments).run(functions)


def test_arguments_are_what_is_annotated() -> None:
    built = run("everything", TOLD)
    for name, (_, wanted) in GIVEN.items():
        assert (name, built[name], type(built[name])) == (name, wanted, type(wanted))


def test_the_right_one_is_called() -> None:
    assert run("weather", {"city": "Oslo", "unit": "fahrenheit"}) == ("Oslo", Unit.F, 1)
    assert run("add", {"x": 1}) == 3 and run("add", {"y": 5, "x": 1}) == 6
    assert run("follow", {"y": 5}, sample.follow)[:2] == (1, 5)
    assert run("film", {"title": "M"}, sample.film) == {"title": "M"}
    assert run("rest", {"first": 1, "a": 2}) == (1, (), {"a": 2.0})
    assert run("walk", {"node": {"name": "a", "children": [{"name": "b"}]}}) == Node("a", [Node("b")])
    tools = sample.Tools("Oslo")
    assert run("near", {"metres": 5}, [tools.near, {"type": "function"}]) == "5.0 m from Oslo"
    assert run("nothing", {}, sample.nothing) == "done"
    assert run("add", {"x": 1}, {"add": sample.add}) == 3


def test_an_async_function_returns_its_awaitable() -> None:
    awaitable = run("later", {"place": {"city": "Oslo"}})
    assert asyncio.run(awaitable) == Place("Oslo")


def fail() -> None:
    raise KeyError("its own")


def test_what_the_function_raises_is_raised() -> None:
    with pytest.raises(KeyError, match="its own"):
        run("fail", {}, [fail])


DEEP: Any = functools.reduce(lambda node, _: {"name": "", "children": [node]}, range(900), {"name": ""})
WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("weather", {}, "weather cannot be called: its argument city is missing"),
    ("weather", {"city": 5}, "weather .* argument city must be a string, not 5"),
    ("weather", {"city": "Oslo", "unit": "kelvin"}, "unit must be 'celsius' or 'fahrenheit', not 'kelvin'"),
    ("weather", {"city": "Oslo", "days": "3"}, "days must be an integer, not '3'"),
    ("weather", {"city": "Oslo", "days": True}, "days must be an integer, not True"),
    ("weather", {"city": "Oslo", "days": 1.5}, "days must be an integer, not 1.5"),
    ("weather", {"city": "Oslo", "dayz": 1}, "dayz is unknown: there are city, unit, days"),
    ("later", {"place": {"city": None}}, "later .* argument place.city must be a string, not null"),
    ("later", {"place": {"city": "Oslo", "zip": 5}}, "place.zip must be a string, not 5"),
    ("later", {"place": "Oslo"}, "place must be an object, not 'Oslo'"),
    ("later", {"place": {"city": "Oslo", "ignored": 1}}, "place.ignored is unknown"),
    ("walk", {"node": {"name": "a", "children": [{"name": 5}]}}, r"node.children\[0\].name must be a string"),
    ("rest", {"first": 1, "more": "x"}, "more must be a number"),
    ("everything", {**TOLD, "pair": [1]}, "pair must be a list of 2 items"),
    ("everything", {**TOLD, "unique": [["a"]]}, r"unique\[0\] must be a string"),
    ("everything", {**TOLD, "table": {"a": "b"}}, "table.a must be an integer"),
    ("everything", {**TOLD, "either": []}, "either fits none of its types"),
    ("everything", {**TOLD, "either": {}}, "none of its types: must be an integer, not an object; must be a"),
    ("everything", {**TOLD, "box": {"item": "a"}}, "box.item must be an integer, not 'a'"),
    ("everything", {**TOLD, "ratio": 10**400}, "ratio must be a number, not 1000"),
    ("walk", {"node": DEEP}, "walk cannot be called: its arguments are nested too deep"),
    ("everything", {**TOLD, "day": "tomorrow"}, "day must be a date, not 'tomorrow'"),
    ("everything", {**TOLD, "price": "much"}, "price must be a number, not 'much'"),
    ("everything", {**TOLD, "movie": {"year": 1}}, "movie.title is missing"),
    ("even", {"even": {"number": 3}}, "even is no Even: 3 is odd"),
    ("gone", {}, "the model called 'gone', which is no function here: there are add, "),
]


@pytest.mark.parametrize(("name", "arguments", "words"), WRONG, ids=[words for *_, words in WRONG])
def test_wrong_arguments_call_nothing(name: str, arguments: dict[str, Any], words: str) -> None:
    def even(even: sample.Even) -> None:
        raise AssertionError("it was called")

    even.__annotations__ = {"even": sample.Even}
    with pytest.raises(ResponseParsingError, match=words):
        run(name, arguments, [*TOOLS, even])


def test_what_the_model_wrote_wrongly_cannot_be_run() -> None:
    with pytest.raises(ResponseParsingError, match="are not JSON"):
        MalformedToolCall("1", "weather", "{", "the arguments are not JSON").run(TOOLS)


def test_functions_that_cannot_be_told_apart() -> None:
    def add(x: int) -> int:
        return x

    with pytest.raises(BadRequestError, match="two functions are called 'add'"):
        run("add", {"x": 1}, [sample.add, add])
    assert run("add", {"x": 1}, [sample.add, sample.add]) == 3
