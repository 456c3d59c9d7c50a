"""Records are what dataclasses are, and cost less to declare."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from typing import Any

import pytest

from modelhub.overriding import override
from modelhub.records import Record, replace


class Point(Record):
    """Two numbers and a name."""

    x: int
    y: int = 2
    name: str | None = None


class Named(Record):
    """A name in capitals."""

    name: str

    @override
    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.name.upper())


def test_values_are_given_by_place_and_by_name() -> None:
    point = Point(1, name="a")
    assert (point.x, point.y, point.name) == (1, 2, "a")
    assert Named("a").name == "A"
    assert repr(point) == "Point(x=1, y=2, name='a')"
    match point:
        case Point(x, y):
            assert (x, y) == (1, 2)


@pytest.mark.parametrize(("given", "named"), [((), {}), ((1, 2, "a", 4), {}), ((1,), {"x": 1}), ((1,), {"z": 1})])
def test_what_a_record_does_not_take_is_refused(given: tuple[Any, ...], named: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match="Point takes x, y, name"):
        Point(*given, **named)


def test_records_are_equal_by_their_values() -> None:
    assert Point(1) == Point(1, 2, None) != Point(1, 3)
    assert len({Point(1), Point(1), Point(2)}) == 2
    assert Named("a") != ("A",)


def test_records_do_not_change() -> None:
    point: Any = Point(1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        point.x = 2
    with pytest.raises(dataclasses.FrozenInstanceError):
        del point.x
    assert not hasattr(point, "__dict__")
    assert replace(point, x=5) == Point(5)


@pytest.mark.parametrize("cross", [copy.copy, copy.deepcopy, lambda point: pickle.loads(pickle.dumps(point))])
def test_records_cross_and_are_copied(cross: Any) -> None:
    assert cross(Point(1, name="a")) == Point(1, name="a")


def test_the_functions_of_dataclasses_know_records() -> None:
    point: Any = Point(1)
    assert dataclasses.is_dataclass(Point)
    assert [(field.name, field.default) for field in dataclasses.fields(point)] == [
        ("x", dataclasses.MISSING),
        ("y", 2),
        ("name", None),
    ]
    assert dataclasses.asdict(point) == {"x": 1, "y": 2, "name": None}
    assert dataclasses.replace(point, y=3) == Point(1, 3)
