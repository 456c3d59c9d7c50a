"""Objects with fields: dataclasses, TypedDicts, named tuples, and the arguments of functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any

from modelhub.typed.definitions import Definitions, Schema
from modelhub.typed.faults import Misfit, show
from modelhub.typed.shapes import Shape

ABSENT: Any = object()  # the default of a field that has none


class Field:
    """One property: its shape, its name in Python, whether it may be left out, and what is said about it."""

    __slots__ = ("default", "description", "required", "shape")

    def __init__(self, shape: Shape, required: bool, description: str | None = None, default: Any = ABSENT) -> None:
        self.shape = shape
        self.required = required
        self.description = description
        self.default = default

    def build_schema(self, definitions: Definitions) -> Schema:
        """The schema of its value, with what is said about it."""
        schema = dict(self.shape.build_schema(definitions))
        if self.description and "$ref" not in schema:  # some vendors take nothing beside one
            schema["description"] = self.description
        default = self.default  # an enum's member may be a str or an int, too
        if type(default) in (str, int, bool) or (type(default) is float and isfinite(default)):
            schema["default"] = self.default
        return schema


class Fields:
    """The properties of an object; ``rest`` is the shape of those of any other name, None where there are no others."""

    def __init__(self, fields: Mapping[str, Field], rest: Shape | None = None) -> None:
        self.fields = fields
        self.rest = rest

    def build_schema(self, definitions: Definitions) -> Schema:
        """An object with these properties."""
        others: Any = False if self.rest is None else self.rest.build_schema(definitions) or True
        required = [name for name, field in self.fields.items() if field.required]
        return {
            "type": "object",
            "properties": {name: field.build_schema(definitions) for name, field in self.fields.items()},
            **({"required": required} if required else {}),
            "additionalProperties": others,
        }

    def build(self, value: Any, place: str) -> dict[str, Any]:
        """The values by name; raises Misfit for one that is missing, wrong, or has no place here."""
        if not isinstance(value, Mapping):
            raise Misfit(place, f"must be an object, not {show(value)}")
        path = f"{place}." if place else ""
        for name in value:
            if name not in self.fields and self.rest is None:
                known = f"there are {', '.join(self.fields)}" if self.fields else "there are none"
                raise Misfit(f"{path}{name}", f"is unknown: {known}")
        for name, field in self.fields.items():
            if field.required and name not in value:
                raise Misfit(f"{path}{name}", "is missing")
        return {name: self._find(name).build(each, f"{path}{name}") for name, each in value.items()}

    def _find(self, name: str) -> Shape:
        if name in self.fields:
            return self.fields[name].shape
        assert self.rest is not None
        return self.rest


class Structure:
    """A class with fields, ``form`` as it is written, of which ``make`` makes an instance."""

    def __init__(self, form: Any, make: Callable[..., Any], description: str | None) -> None:
        self.form = form
        self.make = make
        self.description = description
        self.fields = Fields({})  # which may hold this one, so that they come later

    def build_schema(self, definitions: Definitions) -> Schema:
        """An object with its fields."""
        return definitions.write(self.form, lambda: self._build_schema(definitions))

    def _build_schema(self, definitions: Definitions) -> Schema:
        schema = self.fields.build_schema(definitions)
        return {"description": self.description, **schema} if self.description else schema

    def build(self, value: Any, place: str) -> Any:
        """The instance; what the class itself refuses is a Misfit, too."""
        given = self.fields.build(value, place)
        try:
            return self.make(**given)
        except Misfit:
            raise
        except Exception as error:  # of a __post_init__
            raise Misfit(place, f"is no {self.form.__name__}: {error}") from error


class Validated:
    """A class that knows its own schema and reads JSON itself, as those of pydantic."""

    def __init__(self, cls: Any) -> None:
        self.cls = cls

    def build_schema(self, definitions: Definitions) -> Schema:
        """The schema that the class says."""
        return definitions.adopt(self.cls.model_json_schema())

    def build(self, value: Any, place: str) -> Any:
        """The instance that the class makes."""
        try:
            return self.cls.model_validate(value)
        except ValueError as error:
            raise Misfit(place, f"is no {self.cls.__name__}: {error}") from error
