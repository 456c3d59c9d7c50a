"""Types and functions that tests describe and call; what is annotated here is no text, as in most programs."""

import dataclasses
import datetime
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum, IntEnum, StrEnum
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    TypedDict,
    TypeVar,
    Unpack,
)
from uuid import UUID

if TYPE_CHECKING:
    from somewhere import Frame  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

Id = NewType("Id", int)
T = TypeVar("T")
OneOf = TypeVar("OneOf", int, str)


class Unit(Enum):
    C = "celsius"
    F = "fahrenheit"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class Colour(StrEnum):
    RED = "red"


class Shade(Enum):
    DARK = (0, 0, 0)
    LIGHT = (9, 9, 9)


@dataclasses.dataclass
class Place:
    """A place on earth.

    Attributes:
        city: Its name.
    """

    city: str
    zip: str | None = None
    level: Annotated[Level, "How high it lies."] = Level.LOW
    note: str = dataclasses.field(default="", metadata={"description": "Anything else."})
    ignored: int = dataclasses.field(default=5, init=False)


@dataclasses.dataclass
class Node:
    name: str
    children: "list[Node]" = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Even:
    number: int

    def __post_init__(self) -> None:
        if self.number % 2:
            raise ValueError(f"{self.number} is odd")


@dataclasses.dataclass
class Box(Generic[T]):
    item: T
    more: "list[T] | None" = None


@dataclasses.dataclass
class Started:
    seconds: dataclasses.InitVar[float]
    minutes: float = dataclasses.field(init=False)

    def __post_init__(self, seconds: float) -> None:
        self.minutes = seconds / 60


class Point(NamedTuple):
    x: float
    y: float = 0.0


class Movie(TypedDict):
    """A film."""

    title: str
    year: NotRequired[int]


class Series(Movie, total=False):
    seasons: int


def everything(
    text: str,
    count: int,
    ratio: float,
    flag: bool,
    unit: Unit,
    level: Level,
    colour: Colour,
    shade: Shade,
    mode: Literal["a", "b"],
    mixed: Literal["a", 1],
    names: list[str],
    pair: tuple[int, str],
    many: tuple[int, ...],
    unique: set[str],
    table: dict[str, int],
    either: int | str,
    maybe: float | None,
    place: Place,
    point: Point,
    movie: Movie,
    day: datetime.date,
    moment: datetime.datetime,
    price: Decimal,
    key: UUID,
    ident: Id,
    told: Annotated[int, "A number."],
    any_value: Any,
    sequence: Sequence[Unit],
    bare: list,  # type: ignore[type-arg]
    unknown,  # type: ignore[no-untyped-def]
    box: Box[int],
    started: Started,
    one_of: OneOf,
    said: Annotated[int, "Or nothing."] | None,
) -> dict[str, Any]:
    return dict(locals())


def weather(city: str, unit: Unit = Unit.C, *, days: int = 1) -> tuple[str, Unit, int]:
    """Tell the weather.

    It is a guess.

    Args:
        city: Where, which may
            go on in the next line: so.
        unit (Unit, optional): The unit.
        days: How many
            days.

    Returns:
        What it was asked.
    """
    return city, unit, days


def add(x: int, y: int = 2, /) -> int:
    """Add two numbers.

    :param int x: The first,
        which goes on.
    :param y: The second.
    :returns: The sum.
    """
    return x + y


def follow(x: int = 1, y: int = 2, /, most: float = float("inf")) -> "Frame":
    return x, y, most


def film(**about: Unpack[Movie]) -> Movie:
    return about


async def later(place: Place) -> Place:
    return place


def rest(first: int, *others: int, **more: float) -> Any:
    return first, others, more


def walk(node: Node) -> Node:
    return node


def nothing() -> str:
    """Do nothing."""
    return "done"


class Asking:
    """Ask somebody."""

    def __call__(self, n: int) -> int:
        return n


class Tools:
    """An object with methods."""

    def __init__(self, town: str) -> None:
        self.town = town

    def near(self, metres: float) -> str:
        """What is near.

        Args:
            metres: How far.
        """
        return f"{metres} m from {self.town}"

    @classmethod
    def name(cls, short: bool = True) -> str:
        return "Tools"

    @staticmethod
    def double(n: int) -> int:
        return 2 * n

    def __call__(self, n: int) -> int:
        """Call the object."""
        return n
