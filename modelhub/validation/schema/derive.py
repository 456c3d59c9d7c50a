"""Derive the schema of a model_type that has none from the parameters of its wrapper's ``__init__``."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from modelhub.diagnostics.wording import is_secret
from modelhub.validation.schema.for_registry import FOR_THE_REGISTRY
from modelhub.validation.schema.store import BASE, Schema, load_common

if TYPE_CHECKING:
    import inspect

_COMMON = f"{BASE}_common.json#/$defs"
_WAYS = ("proxy", "tls", "propagate")  # what only models over HTTP obey
_TYPES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "dict": "object",
    "Dict": "object",
    "Mapping": "object",
    "list": "array",
    "List": "array",
    "Sequence": "array",
    "None": "null",
}


class Parameter(NamedTuple):
    """One parameter of an ``__init__``; ``annotation`` is its source text."""

    name: str
    annotation: str | None = None
    required: bool = True
    optional: bool = False  # its default is None, whatever its annotation says


def derive_schema(parameters: Iterable[Parameter], *, extra_keys: bool, title: str = "derived") -> Schema:
    """Build a schema: parameters without a default are required, others are known, and ``extra_keys`` allows more.

    Without ``extra_keys`` only what the ``__init__`` takes is allowed, for it is built with all keys of the config.
    """
    common = load_common()
    for_every_type = common if extra_keys else [key for key in common if key in FOR_THE_REGISTRY]
    properties: Schema = {key: {"$ref": f"{_COMMON}/{key}"} for key in for_every_type}
    required = ["config_name", "model_type"]
    for parameter in parameters:
        if parameter.name in required:
            continue
        if parameter.required:
            required.append(parameter.name)
        if parameter.name in common and parameter.name not in properties:
            properties[parameter.name] = {"$ref": f"{_COMMON}/{parameter.name}"}
        described = _describe(parameter)
        if described or parameter.name not in properties:
            properties[parameter.name] = described
        if is_secret([parameter.name]):
            properties[parameter.name]["writeOnly"] = True
    closed: Schema = {} if extra_keys else {"unevaluatedProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": title,
        "type": "object",
        "properties": properties,
        "required": required,
        **closed,
    }


def derive_from_class(cls: type) -> Schema:
    """Derive the schema from a class; keys that only its bases take are allowed when it has ``**kwargs``."""
    import inspect

    try:
        signature = inspect.signature(cls)
    except (TypeError, ValueError):
        return derive_schema([], extra_keys=True, title=cls.__name__)
    extra = any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values())
    parameters = read_signature(signature)
    schema = derive_schema(parameters, extra_keys=extra, title=cls.__name__)
    if hasattr(cls, "model_type") and not hasattr(cls, "build_endpoint"):  # it is plain Python
        schema["x-connects"] = False
        for way in {*_WAYS} - {parameter.name for parameter in parameters}:
            schema["properties"].pop(way, None)
        if "timeout" not in {parameter.name for parameter in parameters}:
            schema["properties"]["timeout"] = {"$ref": f"{_COMMON}/total_timeout"}
    return schema


def read_signature(signature: inspect.Signature) -> list[Parameter]:
    """The parameters that have names."""
    return [
        Parameter(
            parameter.name,
            _text(parameter.annotation) if parameter.annotation is not parameter.empty else None,
            required=parameter.default is parameter.empty,
            optional=parameter.default is None,
        )
        for parameter in signature.parameters.values()
        if parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]


def derive_from_source(source: str, class_name: str) -> Schema | None:
    """Derive the schema from a module's text without running it; None when the ``__init__`` is not in it."""
    try:
        body: list[ast.stmt] = ast.parse(source).body
    except (SyntaxError, ValueError):
        return None
    for name in class_name.split("."):
        found = [node for node in body if isinstance(node, ast.ClassDef) and node.name == name]
        if not found:
            return None
        body = found[-1].body
    init = find_init(body)
    if init is None:
        return None
    return derive_schema(read_arguments(init.args), extra_keys=init.args.kwarg is not None, title=class_name)


def find_init(body: list[ast.stmt]) -> ast.FunctionDef | None:
    """The ``__init__`` in the body of a class."""
    inits = [node for node in body if isinstance(node, ast.FunctionDef) and node.name == "__init__"]
    return inits[-1] if inits else None


def read_arguments(arguments: ast.arguments) -> list[Parameter]:
    """The parameters of a method that have names, without the first one."""
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    pairs = [*zip(positional, [*defaults, *arguments.defaults], strict=True)][1:]  # less self
    pairs += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return [
        Parameter(
            argument.arg,
            ast.unparse(argument.annotation) if argument.annotation else None,
            required=default is None,
            optional=isinstance(default, ast.Constant) and default.value is None,
        )
        for argument, default in pairs
    ]


def _text(annotation: Any) -> str:
    import inspect

    return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def describe_parameter(parameter: Parameter) -> Schema:
    """Return what the name and the annotation say of a value."""
    described = _describe(parameter)
    return {**described, "writeOnly": True} if is_secret([parameter.name]) else described


def _describe(parameter: Parameter) -> Schema:
    """Return what the annotation says, empty when it is missing or not a simple one."""
    try:
        node = ast.parse(parameter.annotation or "", mode="eval").body
    except (SyntaxError, ValueError):
        return {}
    names = _type_names(node)
    if names is None:
        return {}
    if parameter.optional:
        names.add("null")
    types = [name for name in dict.fromkeys(_TYPES.values()) if name in names]
    return {"type": types[0] if len(types) == 1 else types}


def _type_names(node: ast.expr) -> set[str] | None:
    """The JSON types of an annotation; None when one of its parts is not simple."""
    match node:
        case ast.Constant(value=None):
            return {"null"}
        case ast.Constant(value=str(text)):
            try:
                return _type_names(ast.parse(text, mode="eval").body)
            except (SyntaxError, ValueError):
                return None
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return {_TYPES[name]} if name in _TYPES else None
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return _union([left, right])
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if name == "Optional":
                return _union([*items, ast.Constant(value=None)])
            if name == "Union":
                return _union(items)
            return {_TYPES[name]} if _TYPES.get(name) in ("object", "array") else None
    return None


def _union(parts: Iterable[ast.expr]) -> set[str] | None:
    names: set[str] = set()
    for part in parts:
        found = _type_names(part)
        if found is None:
            return None
        names |= found
    return names
