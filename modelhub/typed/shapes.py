"""The shapes that values in JSON may have: each writes its schema, and builds the value that an annotation promises."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from modelhub.typed.definitions import Definitions, Schema
from modelhub.typed.faults import Misfit, join, show

_NAMES = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
_WORDS = {str: "a string", int: "an integer", float: "a number", bool: "true or false", type(None): "null"}


class Shape(Protocol):
    """What an annotation says of a value in JSON."""

    def build_schema(self, definitions: Definitions) -> Schema:
        """The JSON Schema; classes that hold themselves go into ``definitions``."""
        ...

    def build(self, value: Any, place: str) -> Any:
        """The value of the annotation's type for decoded JSON; raises Misfit that names the place of what is wrong."""
        ...


class Anything:
    """What is not annotated: any value, as it is."""

    def build_schema(self, definitions: Definitions) -> Schema:
        """A schema that says nothing."""
        return {}

    def build(self, value: Any, place: str) -> Any:
        """The value as it is."""
        return value


class Plain:
    """A text, a number, a boolean or null; of numbers, 3.0 is an integer, and 3 may stand for 3.0."""

    def __init__(self, kind: type) -> None:
        self.kind = kind

    def build_schema(self, definitions: Definitions) -> Schema:
        """Its type."""
        return {"type": _NAMES[self.kind]}

    def build(self, value: Any, place: str) -> Any:
        """The value, if it is of the type."""
        if type(value) is self.kind:
            return value
        if self.kind is float and type(value) is int and abs(value) <= sys.float_info.max:
            return float(value)
        if self.kind is int and type(value) is float and value.is_integer():
            return int(value)
        raise Misfit(place, f"must be {_WORDS[self.kind]}, not {show(value)}")


class Written:
    """A value that JSON has as text, or as a number, such as a date; ``read`` makes it of that."""

    def __init__(self, schema: Schema, kinds: tuple[type, ...], read: Callable[[Any], Any]) -> None:
        self.schema = schema
        self.kinds = kinds
        self.read = read

    def build_schema(self, definitions: Definitions) -> Schema:
        """Its type and format."""
        return dict(self.schema)

    def build(self, value: Any, place: str) -> Any:
        """What is read from the text."""
        what = self.schema.get("format") or self.schema["type"]
        if type(value) not in self.kinds:
            raise Misfit(place, f"must be a {what}, not {show(value)}")
        try:
            return self.read(value)
        except (ValueError, ArithmeticError):
            raise Misfit(place, f"must be a {what}, not {show(value)}") from None


class Choice:
    """One of some values, as of a Literal or an Enum: what JSON has, and what it stands for."""

    def __init__(self, choices: Sequence[tuple[Any, Any]]) -> None:
        self.choices = choices

    def build_schema(self, definitions: Definitions) -> Schema:
        """The choices, and their type where they have one."""
        told = [given for given, _ in self.choices]
        kinds = {type(each) for each in told}
        return ({"type": _NAMES[kinds.pop()]} if len(kinds) == 1 else {}) | {"enum": told}

    def build(self, value: Any, place: str) -> Any:
        """What the chosen one stands for."""
        for given, meant in self.choices:
            if type(given) is type(value) and given == value:
                return meant
        raise Misfit(place, f"must be {join([show(given) for given, _ in self.choices])}, not {show(value)}")


class Items:
    """A list of values of one shape, from which ``make`` makes what is wanted: a list, a tuple, a set."""

    def __init__(self, item: Shape, make: Callable[[list[Any]], Any]) -> None:
        self.item = item
        self.make = make

    def build_schema(self, definitions: Definitions) -> Schema:
        """A list of what its items are."""
        item = self.item.build_schema(definitions)
        return {"type": "array", **({"items": item} if item else {})}

    def build(self, value: Any, place: str) -> Any:
        """The items, built one after the other."""
        if not isinstance(value, list):
            raise Misfit(place, f"must be a list, not {show(value)}")
        built = [self.item.build(each, f"{place}[{n}]") for n, each in enumerate(value)]
        try:
            return self.make(built)
        except TypeError as error:  # what has no hash cannot be in a set
            raise Misfit(place, f"cannot be built: {error}") from None


class Row:
    """A tuple, with a shape for each of its places."""

    def __init__(self, places: Sequence[Shape]) -> None:
        self.places = places

    def build_schema(self, definitions: Definitions) -> Schema:
        """A list of as many items, each with its own schema."""
        count, told = len(self.places), [each.build_schema(definitions) for each in self.places]
        return {"type": "array", "prefixItems": told, "minItems": count, "maxItems": count}

    def build(self, value: Any, place: str) -> Any:
        """The tuple."""
        if not isinstance(value, list) or len(value) != len(self.places):
            raise Misfit(place, f"must be a list of {len(self.places)} items, not {show(value)}")
        pairs = zip(self.places, value, strict=True)
        return tuple(shape.build(each, f"{place}[{n}]") for n, (shape, each) in enumerate(pairs))


class Table:
    """Values of one shape by name."""

    def __init__(self, item: Shape) -> None:
        self.item = item

    def build_schema(self, definitions: Definitions) -> Schema:
        """An object whose properties have any names."""
        return {"type": "object", "additionalProperties": self.item.build_schema(definitions) or True}

    def build(self, value: Any, place: str) -> Any:
        """The values, built one after the other."""
        if not isinstance(value, dict):
            raise Misfit(place, f"must be an object, not {show(value)}")
        return {name: self.item.build(each, f"{place}.{name}" if place else name) for name, each in value.items()}


class Named:
    """What a ``type`` statement names, which may hold itself."""

    def __init__(self, alias: Any) -> None:
        self.alias = alias
        self.shape: Shape = Anything()  # which comes later

    def build_schema(self, definitions: Definitions) -> Schema:
        """That of what it stands for."""
        return definitions.write(self.alias, lambda: self.shape.build_schema(definitions))

    def build(self, value: Any, place: str) -> Any:
        """What it stands for makes."""
        return self.shape.build(value, place)


class Either:
    """One of several shapes: the one whose own type the value has, else the first that it fits."""

    def __init__(self, shapes: Sequence[Shape]) -> None:
        self.shapes = shapes

    def build_schema(self, definitions: Definitions) -> Schema:
        """The alternatives."""
        return {"anyOf": [shape.build_schema(definitions) for shape in self.shapes]}

    def build(self, value: Any, place: str) -> Any:
        """The value of the first shape that it fits."""
        flaws: list[Misfit] = []
        for shape in self.shapes:
            if isinstance(shape, Plain) and shape.kind is type(value):
                return value
        for shape in self.shapes:
            try:
                return shape.build(value, place)
            except Misfit as flaw:
                if not (isinstance(shape, Plain) and shape.kind is type(None)):
                    flaws.append(flaw)
        deep = [flaw for flaw in flaws if flaw.place != place]  # it has the type, and is wrong within
        if len(flaws) == 1 or len(deep) == 1:
            raise (deep or flaws)[0]
        told = dict.fromkeys(flaw.why if flaw.place == place else str(flaw) for flaw in flaws)
        raise Misfit(place, f"fits none of its types: {'; '.join(told)}")
