"""Why an entry point cannot be loaded, as far as that can be seen without importing anything."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from modelhub.plugins.declared import EntryPoint
from modelhub.plugins.modules import find_module, read_tree
from modelhub.plugins.names import find_source, spell

Misfit = Callable[[object], str | None]

_MOST = 12  # modules of one package that are looked into
_ENDS = ("sys.exit", "os._exit", "os.abort")
# A module with one of these may have names that no statement binds, or modules that no folder holds.
_DYNAMIC = frozenset({"__getattr__", "globals", "vars", "exec", "eval", "setattr", "modules", "__path__", "__dict__"})


def explain_absence(entry_point: EntryPoint) -> str | None:
    """Say what of a plugin is gone: an uninstall that was interrupted leaves entry points without a package."""
    if entry_point.match is None:
        return f"its entry point {entry_point.value!r} is no 'module:name'"
    module = entry_point.module
    top = module.partition(".")[0]
    if module in sys.modules:
        return None
    spec = find_module(module)
    if spec is not None:
        hollow = spec.loader is None and spec.submodule_search_locations is not None and entry_point.attr
        return f"of its package {module!r} nothing but a folder is left; install it again" if hollow else None
    if find_module(top) is None:
        return f"its package {top!r} is gone; install it again, or uninstall it"
    if any(is_dynamic(package) for package in _list_packages(module)[:-1]):
        return None
    return f"its module {module!r} is gone; install it again, or uninstall it"


def explain_hiding() -> str | None:
    """Say that a checkout hides the installed modelhub: a program that lies in one finds the package there first."""
    import modelhub

    if find_module("modelhub.wrappers") is not None:
        return None
    hiding = Path(modelhub.__path__[0]).parent
    return f"the sources of modelhub in {hiding} hide the package that is installed; keep programs in another folder"


def explain_flaw(entry_point: EntryPoint, explain_misfit: Misfit) -> str | None:
    """Say why a plugin cannot be loaded: what is gone, or what its source says of itself; None if it may work."""
    absent = explain_absence(entry_point)
    if absent is not None or entry_point.module in sys.modules:
        return absent
    seen: set[str] = set()
    for package in _list_packages(entry_point.module):
        if (said := _explain_run(package, seen)) is not None:
            return said
    return _explain_name(entry_point, explain_misfit)


def _list_packages(module: str) -> list[str]:
    """The modules that are imported for a module, itself last."""
    steps = module.split(".")
    return [".".join(steps[:number]) for number in range(1, len(steps) + 1)]


def _explain_run(module: str, seen: set[str]) -> str | None:
    """Say what a module does whenever it is imported that ends the import."""
    if module in seen or len(seen) > _MOST:
        return None
    seen.add(module)
    try:
        tree = read_tree(module)
    except SyntaxError as error:
        return f"importing it raises SyntaxError: {error.msg} ({module}, line {error.lineno})"
    for node in tree.body if tree is not None else ():
        for said in _explain_statement(node, module, seen):
            return said
    return None


def _explain_statement(node: ast.stmt, module: str, seen: set[str]) -> Iterator[str]:
    match node:
        case ast.Raise(exc=ast.expr() as error):
            yield f"importing it raises {_write_error(error)}"
        case ast.Expr(value=ast.Call(func=function) as call) if spell(function) in _ENDS:
            yield f"importing it ends the program: {ast.unparse(call)}"
        case ast.Import(names=names):
            for alias in names:
                yield from _explain_import(alias.name, module, seen)
        case ast.ImportFrom() if (source := find_source(node, module)) is not None:
            yield from _explain_import(source, module, seen)
        case _:
            pass


def _explain_import(name: str, module: str, seen: set[str]) -> Iterator[str]:
    """Say that a package is missing; the modules of the plugin's own package are looked into."""
    top = name.partition(".")[0]
    if top == module.partition(".")[0]:
        for package in _list_packages(name):
            if (said := _explain_run(package, seen)) is not None:
                yield said
    elif top not in sys.modules and find_module(top) is None:
        yield f"it needs the package {top!r}, which is not installed"


def _write_error(error: ast.expr) -> str:
    match error:
        case ast.Call(func=function, args=[ast.Constant(value=str(text))], keywords=[]):
            return f"{ast.unparse(function)}: {' '.join(text.split())}"
        case _:
            return ast.unparse(error)


def _explain_name(entry_point: EntryPoint, explain_misfit: Misfit) -> str | None:
    """Say that a module has no such name, or that the name is for something that is no plugin."""
    name = (entry_point.attr or "").partition(".")[0]
    if not name or is_dynamic(entry_point.module):
        return None
    tree = read_tree(entry_point.module)
    if tree is None or any(isinstance(node, ast.ImportFrom) and node.names[0].name == "*" for node in ast.walk(tree)):
        return None
    found = [statement for statement in tree.body for node in ast.walk(statement) if name in list_bound(node)]
    if not found:
        there = find_module(f"{entry_point.module}.{name}") is not None
        return None if there else f"there is no {name!r} in {entry_point.module}"
    likeness = _build_likeness(found[0]) if len(found) == 1 and name == entry_point.attr else _UNKNOWN
    return None if likeness is _UNKNOWN else explain_misfit(likeness)


_UNKNOWN = object()


def _build_likeness(node: ast.AST) -> object:
    """Something of the kind that a statement binds a name to, where that is plain to see."""
    match node:
        case ast.Assign(value=ast.Constant(value=value)) | ast.AnnAssign(value=ast.Constant(value=value)):
            return value
        case ast.ClassDef(name=name, bases=[], keywords=[], decorator_list=[]):
            return type(name, (), {})
        case ast.FunctionDef(decorator_list=[]):
            return list_bound
        case _:
            return _UNKNOWN


def list_bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement binds, as far as they are in it itself."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in names)
        case ast.Name(id=name, ctx=ast.Store()) | ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)):
            yield name
        case _:
            pass


def is_dynamic(module: str) -> bool:
    """Whether a module may be more than its statements say."""
    try:
        tree = read_tree(module)
    except SyntaxError:
        return True
    if tree is None:
        return (spec := find_module(module)) is not None and spec.loader is not None
    names = {getattr(node, "id", None) or getattr(node, "attr", None) or "" for node in ast.walk(tree)}
    names |= {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    return not _DYNAMIC.isdisjoint(names)
