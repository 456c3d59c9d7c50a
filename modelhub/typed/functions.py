"""Python functions as tools: what a model is told of one, and how one is called with what the model has said."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from types import FunctionType
from typing import Any, Unpack, get_args, get_origin
from weakref import WeakKeyDictionary

from modelhub.typed.annotations import Reader, read_hints
from modelhub.typed.definitions import Definitions, Schema
from modelhub.typed.docstrings import read_docstring
from modelhub.typed.faults import NoForm
from modelhub.typed.objects import ABSENT, Field, Fields

_P = inspect.Parameter
_KNOWN: WeakKeyDictionary[FunctionType, Described] = WeakKeyDictionary()


class Described:
    """A function as a tool: its ``name``, ``description``, and its ``arguments``."""

    __slots__ = ("arguments", "description", "name", "signature")

    def __init__(self, name: str, description: str, arguments: Fields, signature: inspect.Signature) -> None:
        self.name = name
        self.description = description
        self.arguments = arguments
        self.signature = signature

    def build_tool(self) -> Schema:
        """The function in OpenAI's form, without what is around it."""
        definitions = Definitions()
        schema = definitions.close(self.arguments.build_schema(definitions))
        described = {"description": self.description} if self.description else {}
        return {"name": self.name, **described, "parameters": schema}

    def bind(self, arguments: Mapping[str, Any]) -> inspect.BoundArguments:
        """What the function is called with; raises Misfit that names the argument that is wrong or missing."""
        built = self.arguments.build(arguments, "")
        alone = [one for one in self.signature.parameters.values() if one.kind is _P.POSITIONAL_ONLY]
        given = [built.pop(one.name, one.default) for one in alone]  # one that is left out keeps its place
        return self.signature.bind(*given, **built)


def is_function(given: Any) -> bool:
    """Whether this is a function, a method, or anything else that can be called and is no class."""
    return callable(given) and not isinstance(given, type)


def name_function(function: Any) -> str:
    """The name of a function as a tool."""
    while isinstance(function, partial) and "__name__" not in vars(function):
        function = function.func
    return str(getattr(function, "__name__", None) or type(function).__name__)


def describe_function(function: Callable[..., Any]) -> Described:
    """What its signature and its docstring say of a function; raises NoForm for what JSON cannot say."""
    if not isinstance(function, FunctionType):
        return _describe(function)
    known = _KNOWN.get(function)
    if known is None:
        known = _KNOWN[function] = _describe(function)
    return known


def _describe(function: Any) -> Described:
    name = name_function(function)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError) as error:
        raise NoForm(f"{name} has no signature: {error}") from error
    whole = _find_whole(function)
    coded = whole if inspect.isroutine(whole) else type(whole).__call__
    hints = read_hints(coded)
    text, told = read_docstring(coded.__doc__ or inspect.getdoc(whole))
    reader, rest = Reader(), None
    fields: dict[str, Field] = {}
    for one in signature.parameters.values():
        annotation = hints.get(one.name, Any)
        if one.kind is _P.VAR_KEYWORD:
            if get_origin(annotation) is Unpack:  # of a TypedDict, whose fields are the names
                fields |= reader.read_structure(get_args(annotation)[0]).fields.fields
            else:
                rest = reader.read_field(one.name, annotation, False, ABSENT, None).shape
        elif one.kind is not _P.VAR_POSITIONAL:  # arguments without a name cannot be told of
            fields[one.name] = _read_field(reader, one, annotation, told.get(one.name))
    return Described(name, text, Fields(fields, rest), signature)


def _find_whole(function: Any) -> Any:
    """What is in a partial."""
    while isinstance(function, partial):
        function = function.func
    return function


def _read_field(reader: Reader, parameter: inspect.Parameter, annotation: Any, told: str | None) -> Field:
    required = parameter.default is _P.empty
    default = ABSENT if required else parameter.default
    return reader.read_field(parameter.name, annotation, required, default, told)
