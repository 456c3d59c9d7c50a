"""The classes that a wrapper extends, from itself upwards: what each takes, up to one that has a schema."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Literal, NamedTuple

from modelhub.plugins.names import spell, trace
from modelhub.validation.schema.derive import Parameter, find_init, read_arguments, read_signature
from modelhub.validation.schema.store import Schema, load_common

Known = Callable[[str, str], Schema | None]  # the schema of the type that the class of this module and name is for
_TAKING = ("pop", "get", "setdefault")


class Init(NamedTuple):
    """The ``__init__`` of a class, and what becomes of its ``**kwargs``.

    There are "none"; they are "passed" on to the next class; they are passed on and "used" otherwise, too; or they are
    "kept" from the next class.
    """

    parameters: list[Parameter]
    extra: Literal["none", "passed", "used", "kept"]


Line = Iterator[Init | Schema]


def read_line(module: str, name: str, known: Known) -> Line:
    """The line of a class as its source tells it, without importing it; it ends with a schema, if there is one."""
    ours: list[type] = []
    yield from _read_source(module, name, known, ours, set())
    for cls in ours:
        yield from read_class(cls, known)


def read_class(cls: type, known: Known) -> Line:
    """The line of a class."""
    for each in cls.__mro__:
        schema = known(each.__module__, each.__qualname__)
        if schema is not None:
            yield schema
            return
        if "__init__" in vars(each) and each is not object:
            init = _read_method(vars(each)["__init__"])
            yield _share(init) if each.__module__.startswith("modelhub.") else init


def _read_source(module: str, name: str, known: Known, ours: list[type], seen: set[str]) -> Line:
    """The line as far as it is not modelhub's own, whose classes are added to ``ours``: they come last."""
    places = trace(module, name)
    for place in places:
        schema = known(place.module, place.name)
        if schema is not None:
            yield schema
            return
    place = places[-1]
    if place.module.partition(".")[0] == "modelhub":
        with suppress(ImportError, AttributeError, ValueError):
            cls = pkgutil.resolve_name(f"{place.module}.{place.name}")
            ours += [cls] if isinstance(cls, type) else []
    if place.node is None or f"{place.module}:{place.name}" in seen:
        return
    seen.add(f"{place.module}:{place.name}")
    init = find_init(place.node.body)
    if init is not None:
        yield _read_init(init)
    elif any(_is_dataclass(decorator) for decorator in place.node.decorator_list):
        yield Init([*_read_fields(place.node)], "passed")
    for base in place.node.bases:
        named = spell(base.value if isinstance(base, ast.Subscript) else base)
        if named is not None:
            yield from _read_source(place.module, named, known, ours, seen)


def _read_init(init: ast.FunctionDef) -> Init:
    parameters = read_arguments(init.args)
    if init.args.kwarg is None:
        return Init(parameters, "none")
    name = init.args.kwarg.arg
    uses = sum(isinstance(node, ast.Name) and node.id == name for node in ast.walk(init))
    passed = sum(_count_passing(node, name) for node in ast.walk(init))
    taken = [key for node in ast.walk(init) if (key := _read_taking(node, name)) is not None]
    parameters += [Parameter(key, required=False) for key in dict.fromkeys(taken)]
    if not passed:
        return Init(parameters, "kept")
    return Init(parameters, "passed" if uses == passed + len(taken) else "used")


def _count_passing(node: ast.AST, name: str) -> int:
    """How often a call of an ``__init__`` passes the keyword arguments on."""
    match node:
        case ast.Call(func=ast.Attribute(attr="__init__"), keywords=keywords):
            return sum(each.arg is None and spell(each.value) == name for each in keywords)
        case _:
            return 0


def _read_taking(node: ast.AST, name: str) -> str | None:
    """The key that an expression takes from the keyword arguments."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=of), attr=how), args=[ast.Constant(value=str(key)), *_]):
            return key if of == name and how in _TAKING else None
        case ast.Subscript(value=ast.Name(id=of), slice=ast.Constant(value=str(key))):
            return key if of == name else None
        case ast.Compare(left=ast.Constant(value=str(key)), comparators=[ast.Name(id=of)]):
            return key if of == name else None
        case _:
            return None


def _share(init: Init) -> Init:
    """What one of modelhub's own classes takes: what the keys of every type are is said elsewhere."""
    common = load_common()
    told = [each._replace(annotation=None) if each.name in common else each for each in init.parameters]
    return Init(told, init.extra)


@lru_cache(maxsize=256)
def _read_method(init: object) -> Init:
    """The same of a method that exists."""
    function = inspect.unwrap(init) if callable(init) else init
    try:
        signature = inspect.signature(function)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return Init([], "kept")
    parameters = read_signature(signature)[1:]
    if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
        return Init(parameters, "none")
    with suppress(OSError, TypeError, SyntaxError):
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))  # type: ignore[arg-type]
        found = find_init(tree.body)
        if found is not None:
            return _read_init(found)
    return Init(parameters, "used")


def _is_dataclass(decorator: ast.expr) -> bool:
    named = spell(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return named in ("dataclass", "dataclasses.dataclass")


def _read_fields(node: ast.ClassDef) -> Iterator[Parameter]:
    for each in node.body:
        match each:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=value):
                text = ast.unparse(annotation)
                if "ClassVar" not in text:
                    optional = isinstance(value, ast.Constant) and value.value is None
                    yield Parameter(name, text, required=value is None, optional=optional)
            case _:
                pass
