"""What a name in a module stands for, followed through imports and assignments in the source; nothing is imported."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from typing import NamedTuple

from modelhub.plugins.modules import find_module, read_tree

_MOST = 50  # places that are looked at for one name


class Place(NamedTuple):
    """A name in a module; ``node`` is the class of that name, None where the name only leads on."""

    module: str
    name: str
    node: ast.ClassDef | None = None


def trace(module: str, name: str) -> list[Place]:
    """The places that a name leads through; the last one has the class, unless the source does not tell.

    The trail ends at modules of modelhub itself, which may be imported to see more.
    """
    return _trace(Place(module, name), set()) or [Place(module, name)]


def _trace(place: Place, seen: set[Place]) -> list[Place] | None:
    """The places from ``place`` to a class; None if none is found."""
    top = place.module.partition(".")[0]
    if place in seen or len(seen) > _MOST or not place.name or top in sys.stdlib_module_names:
        return None
    if top == "modelhub":
        return [place]
    seen.add(place)
    first, _, rest = place.name.partition(".")
    try:
        tree = read_tree(place.module)
    except SyntaxError:  # importing it will say so
        return None
    if tree is None:
        return None
    for target in _find_targets(tree, place.module, first, rest):
        if target.node is not None:
            return [target] if target == place else [place, target]
        if (found := _trace(target, seen)) is not None:
            return [place, *found]
    return None


def _find_targets(tree: ast.Module, module: str, first: str, rest: str) -> Iterator[Place]:
    """What the first part of a name may stand for, the likeliest first: the last statement that binds it wins."""
    bindings = [*_list_bindings(tree.body)]
    for node in bindings:
        yield from _read_binding(node, module, first, rest)
    for node in bindings:
        starred = isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names)
        if isinstance(node, ast.ImportFrom) and starred and (source := find_source(node, module)) is not None:
            yield Place(source, _join(first, rest))
    if find_module(f"{module}.{first}") is not None:
        yield Place(f"{module}.{first}", rest)


def _list_bindings(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, the last one first; of alternatives the first comes first."""
    for node in reversed(body):
        match node:
            case ast.If(body=inside, orelse=other) | ast.With(body=inside, items=other):
                yield from _list_bindings(inside)
                yield from _list_bindings([each for each in other if isinstance(each, ast.stmt)])
            case ast.Try(body=inside, handlers=handlers, orelse=other, finalbody=last):
                for part in (inside, other, last, *(handler.body for handler in handlers)):
                    yield from _list_bindings(part)
            case _:
                yield node


def _read_binding(node: ast.stmt, module: str, first: str, rest: str) -> Iterator[Place]:
    match node:
        case ast.ClassDef(name=name) if name == first:
            inner = _descend(node, rest)
            if inner is not None:
                yield Place(module, _join(first, rest), inner)
        case ast.ImportFrom(names=names):
            source = find_source(node, module)
            for alias in names:
                if (alias.asname or alias.name) == first and source is not None:
                    yield Place(source, _join(alias.name, rest))
        case ast.Import(names=names):
            for alias in names:
                if alias.asname == first:
                    yield Place(alias.name, rest)
                elif alias.asname is None and alias.name.partition(".")[0] == first:
                    yield Place(first, rest)
        case ast.Assign(targets=targets, value=value):
            if any(isinstance(target, ast.Name) and target.id == first for target in targets):
                yield from _read_value(value, module, rest)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name == first:
            yield from _read_value(value, module, rest)
        case _:
            pass


def _read_value(value: ast.expr, module: str, rest: str) -> Iterator[Place]:
    name = spell(value)
    if name is not None:
        yield Place(module, _join(name, rest))


def spell(node: ast.expr) -> str | None:
    """A dotted name as text; None for any other expression."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = spell(node.value)
        return None if before is None else f"{before}.{node.attr}"
    return None


def find_source(node: ast.ImportFrom, module: str) -> str | None:
    """The module that ``from ... import`` in ``module`` takes from; None if that is above the top-level package."""
    spec = find_module(module)
    package = module if spec is not None and spec.submodule_search_locations is not None else module.rpartition(".")[0]
    try:
        return importlib.util.resolve_name("." * node.level + (node.module or ""), package)
    except (ImportError, ValueError):
        return None


def _descend(node: ast.ClassDef, rest: str) -> ast.ClassDef | None:
    """The class at a dotted name inside of a class."""
    for name in filter(None, rest.split(".")):
        inside = [each for each in node.body if isinstance(each, ast.ClassDef) and each.name == name]
        if not inside:
            return None
        node = inside[-1]
    return node


def _join(first: str, rest: str) -> str:
    return f"{first}.{rest}" if rest else first
