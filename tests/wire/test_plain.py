"""What JSON has no form for: understood where there is one obvious form, else named with its place."""

from __future__ import annotations

import array
import dataclasses
import datetime
import enum
import json
import math
import pickle
import types
import uuid
from collections import ChainMap, OrderedDict, UserDict, UserList, deque, namedtuple
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.wire import Unsendable, encode_json, find_unsendable

from ..naming import name_case


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Name(str):
    __slots__ = ()


class Missing(datetime.datetime):
    """Like the missing time of pandas."""

    def __ne__(self, other: object) -> bool:
        return True

    def __eq__(self, other: object) -> bool:
        return False

    def isoformat(self, *_: Any) -> str:
        return "NaT"


class Scalar:
    """Like a number of numpy, which is not installed."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def tolist(self) -> Any:
        return self.value


class Own:
    """Like a number that numpy itself cannot make plain."""

    def tolist(self) -> Any:
        return self


class Array(Scalar):
    """Like an array of numpy, or a Series of pandas."""


class Model:
    """Like a model of pydantic."""

    def model_dump(self, mode: str = "python") -> Any:
        return {"mode": mode, "at": None}


@dataclasses.dataclass
class Point:
    x: Any
    y: int = 2


Pair = namedtuple("Pair", "left right")  # what callers have
KEY = "\ud800"  # half a character, so that the fast way is not taken

SENT: list[tuple[Any, Any]] = [
    (Decimal("0.5"), 0.5),
    (Decimal("3"), 3),
    (Decimal("1E+2"), 100),
    (2**80, 2**80),
    (Color.RED, "red"),
    (Level.HIGH, 3),
    (Name("n"), "n"),
    ((1, 2), [1, 2]),
    (Pair(1, 2), [1, 2]),
    (deque([1]), [1]),
    (range(2), [0, 1]),
    (UserList([1]), [1]),
    (UserDict({"a": 1}), {"a": 1}),
    (OrderedDict(a=1), {"a": 1}),
    (ChainMap({"a": 1}), {"a": 1}),
    (types.MappingProxyType({"a": (1,)}), {"a": [1]}),
    (array.array("d", [0.5]), [0.5]),
    (Array([[1, 2]]), [[1, 2]]),
    (Scalar(0.5), 0.5),
    (Scalar(True), True),
    ({Scalar(5): 1}, {"5": 1}),
    (Model(), {"mode": "json", "at": None}),
    (Point(Decimal("1.5")), {"x": 1.5, "y": 2}),
    (datetime.date(2026, 1, 2), "2026-01-02"),
    (datetime.datetime(2026, 1, 2, 3, 4, 5), "2026-01-02T03:04:05"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ({50256: -100, True: 1, None: 2, 0.5: 3, Color.RED: 4}, {"50256": -100, "true": 1, "null": 2, "0.5": 3, "red": 4}),
    ("\ud83d\ude00", "😀"),
    ("a\ud83d", "a\ufffd"),
    ({"\udc00": ["\udc00"]}, {"\ufffd": ["\ufffd"]}),
    ([[[[[[]]]]]] * 3, [[[[[[]]]]]] * 3),
]

REFUSED: list[tuple[Any, str]] = [
    ({1}, "is a set, which has no order: make it a list"),
    (frozenset("a"), "is a frozenset, which has no order: make it a list"),
    (b"a", "is bytes, not text: decode it, or write it as base64"),
    (bytearray(b"a"), "is a bytearray, not text: decode it, or write it as base64"),
    (memoryview(b"a"), "is a memoryview, not text: decode it, or write it as base64"),
    (iter([1]), "is a list_iterator, which can be read only once: make it a list"),
    (print, "is a builtin_function_or_method, which JSON cannot hold"),
    (Color, "is the class Color, which JSON cannot hold"),
    (Model, "is the class Model, which JSON cannot hold"),
    (Point, "is the class Point, which JSON cannot hold"),
    (object(), "is an object, which JSON cannot hold"),
    (Missing(1, 1, 1), "is a Missing, which JSON cannot hold"),
    (Own(), "is an Own, which JSON cannot hold"),
    (Fraction(1, 2), "is a Fraction, which JSON cannot hold"),
    (1j, "is a complex, which JSON cannot hold"),
    (Decimal("NaN"), "is NaN, which JSON does not have"),
    (Decimal("0.12345678901234567890123"), "is a Decimal of more digits than a number has"),
    (Scalar(math.nan), "is nan, which JSON does not have"),
    ({(1, 2): 3}, "has a key that is a tuple, not a str"),
    ({b"a": 3}, "has a key that is bytes, not a str"),
    ({1: 1, "1": 2}, "has two keys that are '1' in JSON"),
]


@pytest.mark.parametrize(("value", "right"), SENT, ids=name_case)
def test_what_has_one_form_is_sent(value: Any, right: Any) -> None:
    assert json.loads(encode_json({"a": [value]})) == {"a": [right]}
    assert json.loads(encode_json({"a": [value], KEY: 1})) == {"a": [right], "\ufffd": 1}
    assert find_unsendable(value) is None


@pytest.mark.parametrize(("value", "why"), REFUSED, ids=name_case)
def test_what_has_none_is_named_with_its_place(value: Any, why: str) -> None:
    with pytest.raises(Unsendable) as caught:
        encode_json({"options": [{"a b": 1, "stop": value}]})
    assert str(caught.value).startswith(f"options[0].stop {why}")
    assert isinstance(caught.value, TypeError)
    assert find_unsendable({"options": [{"stop": value}]}) == (caught.value.path, caught.value.why)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_no_number_that_json_lacks_is_written(number: float) -> None:
    assert find_unsendable({"a": [number]}) == ("a[0]", f"is {number!r}, which JSON does not have")


def test_a_place_is_short_and_printable() -> None:
    assert find_unsendable({"a b": {"\x1b[31m": {"k" * 9000: {1}}}}) is not None
    path, _ = find_unsendable({"a b": {"\x1b[31m": {"k" * 9000: {1}}}}) or ("", "")
    assert path.startswith("['a b']['\\\\x1b[31m']['kkk") and len(path) < 150 and path.isprintable()


def test_what_is_nested_too_deep_or_holds_itself() -> None:
    deep: Any = []
    for _ in range(50_000):
        deep = [deep]
    round_: dict[str, Any] = {}
    round_["again"] = round_
    for value, place in ((deep, "[0][0]"), (round_, "again.again")):
        with pytest.raises(Unsendable, match="is nested more than 400 levels deep, or holds itself") as caught:
            encode_json(value)
        assert caught.value.path.startswith(place)
        assert len(str(caught.value)) < 200


def test_a_few_hundred_levels_are_sent_if_python_has_room_for_them() -> None:
    deep: Any = [Decimal(1)]
    for _ in range(350):
        deep = [deep]
    assert encode_json(deep) == b"[" * 351 + b"1" + b"]" * 351

    def call(depth: int) -> bytes:
        return call(depth - 1) if depth else encode_json(deep)

    with pytest.raises(Unsendable, match="the value is nested too deep"):
        call(800)
    for depth in range(300, 900, 10):  # it is one or the other, however much room there is
        with suppress(Unsendable):
            assert call(depth)[351:352] == b"1"


KEYS = st.text(max_size=5) | st.integers()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)
STRANGE = st.one_of(
    st.sets(st.integers()),
    st.binary(),
    st.complex_numbers(),
    st.fractions(),
    st.just(print),
    st.just(object()),
    st.floats(allow_nan=True).filter(lambda value: not math.isfinite(value)).map(lambda value: Decimal(value)),
)


@given(VALUES)
def test_the_slow_way_writes_what_the_fast_one_does(value: Any) -> None:
    slow = encode_json([value, Decimal(1)])
    assert slow == encode_json([value, 1])
    assert json.loads(slow) == [value, 1]


@given(VALUES, st.lists(KEYS, min_size=1, max_size=5), STRANGE)
def test_a_strange_value_is_found_wherever_it_is(beside: Any, steps: list[Any], strange: Any) -> None:
    value = strange
    for step in reversed(steps):
        value = [beside, value] if isinstance(step, int) else {"": beside, step + "x": value}
    found = find_unsendable(value)
    assert found is not None
    with pytest.raises(Unsendable):
        encode_json(value)
    shape = [isinstance(step, int) for step in steps]
    assert (found[0].count("[1]") >= shape.count(True)) and found[0]


@given(st.recursive(st.text(st.characters(), max_size=6), lambda inner: st.lists(inner, max_size=3), max_leaves=6))
def test_no_half_of_a_character_is_sent(value: Any) -> None:
    assert b"\\ud" not in encode_json(value).replace(b"\\\\", b"")
    encode_json(value).decode()
