"""Records: frozen classes of named fields, declared as dataclasses are, at a fraction of what making those costs.

``dataclasses`` writes and compiles code for each class, and imports a good part of the standard library to do so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, TypeVar, dataclass_transform

from modelhub.overriding import override

if TYPE_CHECKING:
    from dataclasses import Field

R = TypeVar("R", bound="Record")


class _Kind(type):
    """Makes slots of the annotations of a class; their defaults stand beside it."""

    fields: tuple[str, ...]
    defaults: dict[str, Any]
    writers: tuple[Any, ...]

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> _Kind:
        fields = tuple(body.get("__annotations__", ()))
        defaults = {each: body.pop(each) for each in fields if each in body}
        made = super().__new__(cls, name, bases, {**body, "__slots__": fields, "__match_args__": fields})
        made.fields, made.defaults = fields, defaults
        made.writers = tuple(made.__dict__[each].__set__ for each in fields)
        return made


class _Described:
    """What the functions of ``dataclasses`` look for in a class, made when they do."""

    def __get__(self, record: object, cls: _Kind) -> dict[str, Field[Any]]:
        from dataclasses import field, make_dataclass

        known = {name: field(default=value) for name, value in cls.defaults.items()}
        rows = [(name, kind, known.get(name, field())) for name, kind in cls.__annotations__.items()]
        fields: dict[str, Field[Any]] = vars(make_dataclass(cls.__name__, rows))["__dataclass_fields__"]
        return fields


@dataclass_transform(frozen_default=True)
class Record(metaclass=_Kind):
    """The base of records: each annotation of a subclass is a field, and what is assigned to it is its default.

    As with dataclasses, ``__post_init__`` is called once a record has its values, and those of one class are equal if
    all their values are; the functions of ``dataclasses`` know them, too.
    """

    __dataclass_fields__ = _Described()

    def __init__(self, *values: Any, **named: Any) -> None:
        cls = type(self)
        if named or len(values) != len(cls.fields):
            values = _complete(cls, values, named)
        for write, value in zip(cls.writers, values, strict=True):
            write(self, value)
        self.__post_init__()

    def __post_init__(self) -> None:
        pass

    @override
    def __setattr__(self, name: str, value: Any) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot assign to field {name!r}")

    @override
    def __delattr__(self, name: str) -> NoReturn:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot delete field {name!r}")

    @override
    def __eq__(self, other: object) -> bool:
        return _read(self) == _read(other) if type(other) is type(self) else NotImplemented

    @override
    def __hash__(self) -> int:
        return hash(_read(self))

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), _read(self)

    @override
    def __repr__(self) -> str:
        cls = type(self)
        return f"{cls.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in cls.fields)})"


def replace(record: R, **changes: Any) -> R:
    """The same record with other values for some of its fields."""
    return type(record)(**dict(zip(type(record).fields, _read(record), strict=True)) | changes)


def _read(record: Any) -> tuple[Any, ...]:
    """The values of a record."""
    return tuple([getattr(record, name) for name in type(record).fields])


def _complete(cls: _Kind, values: tuple[Any, ...], named: dict[str, Any]) -> tuple[Any, ...]:
    """The values of all fields of a new record; raises TypeError, as any function does, for what it does not take."""
    given = dict(zip(cls.fields, values, strict=False))
    unknown = [name for name in named if name not in cls.fields or name in given]
    missing = [name for name in cls.fields if name not in given and name not in named and name not in cls.defaults]
    if unknown or missing or len(values) > len(cls.fields):
        raise TypeError(f"{cls.__name__} takes {', '.join(cls.fields)}: {unknown=}, {missing=}, {len(values)} by place")
    given |= named
    return tuple([given[name] if name in given else cls.defaults[name] for name in cls.fields])
