"""Annotations as shapes: what the types of Python say of values in JSON."""

from __future__ import annotations

import dataclasses
import inspect
import types
import typing
from collections import abc, deque
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from modelhub.typed.docstrings import read_docstring
from modelhub.typed.faults import NoForm
from modelhub.typed.objects import ABSENT, Field, Fields, Structure, Validated
from modelhub.typed.shapes import Anything, Choice, Either, Items, Named, Plain, Row, Shape, Table, Written

_PLAIN = (str, int, float, bool, type(None))
_WRITTEN: dict[Any, Callable[[], Written]] = {
    datetime: lambda: Written({"type": "string", "format": "date-time"}, (str,), datetime.fromisoformat),
    date: lambda: Written({"type": "string", "format": "date"}, (str,), date.fromisoformat),
    time: lambda: Written({"type": "string", "format": "time"}, (str,), time.fromisoformat),
    UUID: lambda: Written({"type": "string", "format": "uuid"}, (str,), UUID),
    Decimal: lambda: Written({"type": "number"}, (int, float, str), lambda value: Decimal(str(value))),
    Path: lambda: Written({"type": "string"}, (str,), Path),
}
_LISTS: dict[Any, Callable[[list[Any]], Any]] = {
    **dict.fromkeys((list, abc.Sequence, abc.MutableSequence, abc.Iterable, abc.Collection), list),
    **dict.fromkeys((set, abc.Set, abc.MutableSet), set),
    frozenset: frozenset,
    deque: deque,
}
_TABLES = (dict, abc.Mapping, abc.MutableMapping)
_MARKS = tuple(
    mark for name in ("Required", "NotRequired", "ReadOnly", "Final", "ClassVar") if (mark := getattr(typing, name, 0))
)


def read_hints(owner: Any) -> dict[str, Any]:
    """The annotations of a class, or of what a function takes, with names resolved; raises NoForm for a wrong one.

    What a function returns is not looked at: its name is often known to type checkers alone.
    """
    taken, names = owner, None
    if not isinstance(owner, type):
        told = {name: each for name, each in getattr(owner, "__annotations__", {}).items() if name != "return"}
        taken, coded = types.SimpleNamespace(__annotations__=told), inspect.unwrap(owner)
        variables = {one.__name__: one for one in getattr(coded, "__type_params__", ())}
        names = {**getattr(coded, "__globals__", {}), **variables}
    try:
        return typing.get_type_hints(taken, names, include_extras=True)
    except Exception as error:  # whatever the text of an annotation does
        name = getattr(owner, "__name__", None) or repr(owner)
        raise NoForm(f"the annotations of {name} cannot be read: {error}") from error


def is_typed(given: Any) -> bool:
    """Whether this is a class whose fields are known, a dataclass or a TypedDict; one of generics may be filled in."""
    cls = typing.get_origin(given) or given
    return isinstance(cls, type) and (dataclasses.is_dataclass(cls) or typing.is_typeddict(cls))


def is_validated(given: Any) -> bool:
    """Whether this is a class that knows its schema and reads JSON, as those of pydantic."""
    return isinstance(given, type) and all(
        callable(getattr(given, name, None)) for name in ("model_json_schema", "model_validate")
    )


class Reader:
    """Reads annotations; a class, or what a ``type`` statement names, is read once, so that it may hold itself."""

    def __init__(self) -> None:
        self._structures: dict[Any, Structure] = {}
        self._named: dict[Any, Named] = {}

    def read(self, annotation: Any) -> Shape:
        """The shape of the values of an annotation; raises NoForm where JSON has no such values."""
        annotation = strip(annotation)
        if annotation in (Any, object):
            return Anything()
        if annotation is None or annotation in _PLAIN:
            return Plain(type(None) if annotation is None else annotation)
        if isinstance(annotation, typing.TypeVar):
            among = annotation.__constraints__ or (annotation.__bound__ or Any,)
            return self.read(typing.Union[among])  # noqa: UP007  they are a tuple
        if hasattr(annotation, "__value__") and not isinstance(annotation, type):
            return self._read_named(annotation)
        origin = typing.get_origin(annotation)
        if origin is Literal:
            return _read_choice(annotation, [(value, value) for value in typing.get_args(annotation)])
        if origin in (typing.Union, types.UnionType):
            return Either([self.read(each) for each in typing.get_args(annotation)])
        if is_typed(origin) or _is_row(origin):
            return self.read_structure(annotation)
        if isinstance(annotation, type) and origin is None:
            return self._read_class(annotation)
        return self._read_generic(annotation, origin, typing.get_args(annotation))

    def _read_named(self, alias: Any) -> Named:
        if alias not in self._named:
            named = self._named[alias] = Named(alias)
            named.shape = self.read(_fill(alias.__value__, alias))
        return self._named[alias]

    def _read_class(self, cls: type) -> Shape:
        if is_validated(cls):
            return Validated(cls)
        if issubclass(cls, Enum):
            plain = all(isinstance(each.value, _PLAIN) for each in cls)
            return _read_choice(cls, [(_bare(each.value) if plain else each.name, each) for each in cls])
        if is_typed(cls) or _is_row(cls):
            return self.read_structure(cls)
        if cls in _WRITTEN:
            return _WRITTEN[cls]()
        return self._read_generic(cls, cls, ())

    def _read_generic(self, annotation: Any, origin: Any, given: tuple[Any, ...]) -> Shape:
        if origin is tuple and given and given[-1] is not Ellipsis:
            return Row([self.read(each) for each in given])
        if origin in _TABLES and (not given or strip(given[0]) in (str, Any)):
            return Table(self.read(given[-1]) if given else Anything())
        if origin is tuple or origin in _LISTS:
            return Items(self.read(given[0]) if given else Anything(), _LISTS.get(origin, tuple))
        raise NoForm(f"{_name(annotation)} has no form in JSON")

    def read_structure(self, form: Any) -> Structure:
        """A dataclass, a TypedDict or a named tuple; one of generics is filled in, as ``Box[int]``, or of anything."""
        if form in self._structures:
            return self._structures[form]
        cls = typing.get_origin(form) or form
        text, told = read_docstring(cls.__doc__)
        automatic = (dataclasses.is_dataclass(cls) or hasattr(cls, "_fields")) and text.startswith(f"{form.__name__}(")
        make: Any = dict if typing.is_typeddict(cls) else cls
        structure = self._structures[form] = Structure(form, make, None if automatic else text or None)
        hints = {name: _fill(hint, form) for name, hint in read_hints(cls).items()}
        structure.fields = Fields(
            {
                name: self.read_field(name, hints.get(name, Any), required, default, said or told.get(name))
                for name, required, default, said in _list_fields(cls, hints)
            }
        )
        return structure

    def read_field(self, name: str, annotation: Any, required: bool, default: Any, description: str | None) -> Field:
        """A property that is annotated; what the annotation itself says of it wins over ``description``."""
        mark = typing.get_origin(annotation)
        if mark is typing.NotRequired or mark is typing.Required:  # what the class itself may not know of texts
            required = mark is typing.Required
        try:
            return Field(self.read(annotation), required, describe(annotation) or description, default)
        except NoForm as error:
            raise NoForm(f"{name}: {error}") from None


def strip(annotation: Any) -> Any:
    """The type itself, without what is said about it."""
    while True:
        origin = typing.get_origin(annotation)
        if origin is Annotated or origin in _MARKS:
            annotation = typing.get_args(annotation)[0]
        elif hasattr(annotation, "__supertype__"):  # NewType
            annotation = annotation.__supertype__
        elif isinstance(annotation, dataclasses.InitVar):
            annotation = annotation.type
        else:
            return annotation


def describe(annotation: Any) -> str | None:
    """What ``Annotated`` says in words: a text, or the ``description`` of something, as of pydantic's Field.

    What is said of one of several types, as in an Optional, is said of all.
    """
    for said in getattr(annotation, "__metadata__", ()):
        for text in (said, getattr(said, "description", None), getattr(said, "documentation", None)):
            if isinstance(text, str) and text:
                return text
    united = typing.get_args(annotation) if typing.get_origin(annotation) in (typing.Union, types.UnionType) else ()
    return next(filter(None, map(describe, united)), None)


def _is_row(cls: Any) -> bool:
    """Whether this is a class of named tuples."""
    return isinstance(cls, type) and issubclass(cls, tuple) and hasattr(cls, "_fields")


def _fill(hint: Any, form: Any) -> Any:
    """``hint`` with the types that ``form`` gives to its variables, as ``Box[int]`` does."""
    given = typing.get_args(form)
    if not given or isinstance(hint, type):
        return hint
    meant = dict(zip(typing.get_origin(form).__parameters__, given, strict=False))
    if isinstance(hint, typing.TypeVar):
        return meant.get(hint, hint)
    wanted = getattr(hint, "__parameters__", ())
    return hint[tuple(meant.get(each, each) for each in wanted)] if wanted else hint


def _list_fields(cls: Any, hints: dict[str, Any]) -> Iterator[tuple[str, bool, Any, str | None]]:
    """The fields of a class: each name, whether it is required, its default, and what is said about it."""
    if typing.is_typeddict(cls):
        yield from ((name, name in cls.__required_keys__, ABSENT, None) for name in hints)
    elif dataclasses.is_dataclass(cls):
        told = {name: field.metadata.get("description") for name, field in cls.__dataclass_fields__.items()}
        for name, one in inspect.signature(cast("type[Any]", cls)).parameters.items():
            required = one.default is one.empty
            if one.kind is not one.VAR_POSITIONAL and one.kind is not one.VAR_KEYWORD:
                yield name, required, ABSENT if required else one.default, told.get(name)
    else:
        for name in cls._fields:
            yield name, name not in cls._field_defaults, cls._field_defaults.get(name, ABSENT), None


def _name(annotation: Any) -> str:
    plain = isinstance(annotation, type) and typing.get_origin(annotation) is None
    return annotation.__name__ if plain else repr(annotation)


def _bare(value: Any) -> Any:
    """The value of a member as JSON has it: that of a StrEnum is a text."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _read_choice(annotation: Any, choices: list[tuple[Any, Any]]) -> Shape:
    given = [(value.value if isinstance(value, Enum) else value, meant) for value, meant in choices]
    if not given or not all(isinstance(value, _PLAIN) for value, _ in given):
        raise NoForm(f"{_name(annotation)} has no form in JSON")
    return Choice(given)
