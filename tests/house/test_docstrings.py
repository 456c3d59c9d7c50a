"""Every public module, class, function and method of the package says in its docstring what it is for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..paths import ROOT

MODULES = sorted(path for folder in ("modelhub", "wrappers") for path in (ROOT / folder).rglob("*.py"))
Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def find_undocumented(node: Documented, name: str) -> Iterator[str]:
    """What has no docstring, of ``node`` and of what stands in it: the name and the line.

    A method that replaces an inherited one is documented where it is inherited from, the setter of a property at the
    property, and an overload at what it is one of. Functions inside functions are nobody else's.
    """
    if not ast.get_docstring(node):
        yield f"{name}, line {getattr(node, 'lineno', 1)}"
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    for item in find_definitions(node.body):
        marks = [ast.unparse(decorator) for decorator in item.decorator_list]
        if not item.name.startswith("_") and {"override", "overload", f"{item.name}.setter"}.isdisjoint(marks):
            yield from find_undocumented(item, f"{name}.{item.name}" if isinstance(node, ast.ClassDef) else item.name)


def find_definitions(body: list[ast.stmt]) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """The classes and functions of a body, those behind a condition as well."""
    for statement in body:
        if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield statement
        elif isinstance(statement, ast.If | ast.Try):
            yield from find_definitions([*statement.body, *statement.orelse])


def test_all_modules_are_looked_at() -> None:
    assert len(MODULES) > 200


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_is_public_is_documented(path: Path) -> None:
    assert list(find_undocumented(ast.parse(path.read_text("utf-8")), path.stem)) == []


PROGRAM = '''
"""A module."""

class Base:
    """A base."""

    def ask(self):
        """Ask."""
        def nested(): ...

    @property
    def name(self):
        """The name."""

    @name.setter
    def name(self, name): ...

    def _own(self): ...
    def bare(self): ...

class Derived(Base):
    """Another."""

    @override
    def ask(self): ...

    def tell(self): ...

if True:
    def late(): ...
else:
    async def later(): ...

class _Own:
    def ask(self): ...
'''


def test_what_is_missing_is_found() -> None:
    found = find_undocumented(ast.parse(PROGRAM), "module")
    assert [what.partition(",")[0] for what in found] == ["Base.bare", "Derived.tell", "late", "later"]


def test_an_empty_docstring_is_none() -> None:
    assert list(find_undocumented(ast.parse('"""  """\n'), "module")) == ["module, line 1"]
