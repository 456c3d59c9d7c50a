"""``response_format`` in one neutral form, OpenAI's, whatever form it is given in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, get_args

from modelhub.errors import BadRequestError
from modelhub.fitting.checking import TYPES
from modelhub.fitting.names import mend_name
from modelhub.fitting.tools import dump, has_schema, read_schema
from modelhub.late import late
from modelhub.printable import printable, shorten

if TYPE_CHECKING:
    from modelhub.typed import classes as typed
else:
    typed = late("modelhub.typed.classes")

_WORDS = {"text": "text", "json": "json_object", "json_object": "json_object"}
_EXPECTED = (
    'response_format is {"type": "json_schema", "json_schema": {"name": ..., "schema": <JSON Schema>}}, '
    '{"type": "json_object"}, {"type": "text"}, a JSON Schema, or a class: a dataclass, a TypedDict or one of pydantic'
)
_SCHEMA_WORDS = frozenset({"properties", "$ref", "anyOf", "oneOf", "allOf", "items", "enum", "const", "$defs"})


class ClassFormat(dict[str, Any]):
    """A ``response_format`` that was given as a class, ``model``, of which the answer becomes an instance."""

    model: Any = None


def normalize_format(given: Any) -> dict[str, Any]:
    """``response_format`` in OpenAI's form; what has an unknown type stays as it is.

    Raises BadRequestError, with the place in it, for what is none.
    """
    if isinstance(given, ClassFormat):
        return given
    if isinstance(given, str):
        if given not in _WORDS:
            raise BadRequestError(f"response_format {given[:60]!r} is unknown: {_EXPECTED}")
        return {"type": _WORDS[given]}
    if is_class(given):
        schema = _read_class(given, "response_format")
        name = getattr(given, "__name__", None) or schema.get("title")
        wanted = ClassFormat(type="json_schema", json_schema=_build(schema, {"name": name}, {}))
        wanted.model = given
        return wanted
    if callable(getattr(given, "model_dump", None)):
        given = dump(given)
    if not isinstance(given, Mapping):
        what = "a class" if isinstance(given, type) else type(given).__name__
        what = shorten(printable(str(given)), 80) if get_args(given) else what  # such as list[int]
        raise BadRequestError(f"response_format must not be {what}: {_EXPECTED}")
    kind: Any = given.get("type")
    if isinstance(kind, str) and kind in _WORDS:
        if kind != "text" and isinstance(given.get("schema"), Mapping):  # as Together and llama.cpp have it
            return _read_schema_format({**given, "type": "json_schema"})
        return {**given, "type": _WORDS[kind]}
    if kind == "json_schema":
        return _read_schema_format(given)
    if kind is None and ("json_schema" in given or isinstance(given.get("schema"), Mapping)):
        return _read_schema_format(given)
    if _is_schema(given):
        return {"type": "json_schema", "json_schema": _build(given, {}, {})}
    if isinstance(kind, str) and kind not in TYPES:
        return dict(given)
    raise BadRequestError(f"response_format.type is {kind!r}: {_EXPECTED}"[:400])


def find_format(given: Any) -> dict[str, Any] | None:
    """``response_format`` in OpenAI's form; None for what is none, which others refuse."""
    try:
        return normalize_format(given)
    except BadRequestError:
        return None


def is_class(given: Any) -> bool:
    """Whether this is a class of which an answer may become an instance."""
    return has_schema(given) or ((isinstance(given, type) or hasattr(given, "__origin__")) and typed.is_typed(given))


def _read_class(cls: Any, place: str) -> Any:
    """The schema of a class; raises BadRequestError for one that has none."""
    if has_schema(cls):
        return read_schema(cls, place)
    try:
        return typed.build_schema(cls)
    except ValueError as error:
        raise BadRequestError(f"{place} {cls.__name__} has no JSON Schema: {error}") from error


def _is_schema(value: Mapping[str, Any]) -> bool:
    kind = value.get("type")
    if isinstance(kind, list):
        return all(one in TYPES for one in kind)
    if isinstance(kind, str):
        return kind in TYPES or (kind.isupper() and kind.lower() in TYPES)
    return kind is None and not _SCHEMA_WORDS.isdisjoint(value)


def _read_schema_format(given: Mapping[str, Any]) -> dict[str, Any]:
    place = "response_format.json_schema"
    beside: dict[str, Any]
    told: Any
    if "json_schema" in given:
        told = given["json_schema"]
        if is_class(told):
            told = {"schema": told}
        if not isinstance(told, Mapping):
            raise BadRequestError(f"{place} must be an object with name and schema, not {type(told).__name__}")
        outside = {name: value for name, value in given.items() if name not in ("type", "json_schema")}
        beside = {name: outside.pop(name) for name in ("name", "strict", "description") if name in outside}
    else:
        told = {name: value for name, value in given.items() if name != "type"}
        beside, outside = {}, {}
    if told.get("schema") is None and _is_schema(told):
        inner: Any = told
        told = {}
    elif told.get("schema") is None:
        raise BadRequestError(f"{place}.schema is missing: {_EXPECTED}")
    else:
        inner = told["schema"]
    schema = _read_class(inner, f"{place}.schema") if is_class(inner) else read_schema(inner, f"{place}.schema")
    built = {"type": "json_schema", "json_schema": _build(schema, told, beside), **outside}
    if not is_class(inner):
        return built
    wanted = ClassFormat(built)
    wanted.model = inner
    return wanted


def _build(schema: Any, told: Mapping[str, Any], beside: Mapping[str, Any]) -> dict[str, Any]:
    """The inside of a format, which has a name."""
    inside = {name: value for name, value in {**beside, **told}.items() if name != "schema" and value is not None}
    title = schema.get("title")
    inside["name"] = mend_name(inside.get("name"), mend_name(title, "answer"))
    if "schema" in told:  # keys stay in their order
        order = [name for name in told if name in inside or name == "schema"]
        inside["schema"] = schema
        return {name: inside[name] for name in (*(["name"] if "name" not in order else []), *order)} | inside
    return {"name": inside.pop("name"), **inside, "schema": schema}
