"""Expressions: JMESPath, read by its own parser, and evaluated within bounds that hold for any text and document."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from modelhub.adapters.expressions.bounds import Budget, ExpressionFault, measure
from modelhub.adapters.expressions.code import build_code, is_plain_path, puts_together
from modelhub.adapters.expressions.reads import find_reads, is_strict
from modelhub.adapters.expressions.tree import SyntaxFault, parse_tree
from modelhub.errors import ConfigError
from modelhub.overriding import override
from modelhub.printable import shorten

_UNCOUNTED = Budget()


class Expression:
    """An expression, to be called with a document for what it finds there; None is what finds nothing.

    ``reads`` has the paths that it reads, of one name or two; ``names`` the names at the root of the document among
    them; ``is_whole`` says that it reads the document itself, ``is_strict`` that it finds nothing in an object that has
    none of the names. Calling it raises ExpressionFault.
    """

    __slots__ = ("_builds", "_is_plain", "_run", "_where", "is_strict", "is_whole", "names", "reads", "text")

    def __init__(self, text: str, where: str) -> None:
        try:
            tree = parse_tree(text)
        except SyntaxFault as fault:
            message = f"{where}: {shorten(text, 80)!r} is no expression: {fault} at column {fault.column} of it"
            raise ConfigError(message) from None
        self.text = text
        self.reads = find_reads(tree)
        self.names = frozenset(path[0] for path in self.reads if path)
        self.is_whole = () in self.reads
        self.is_strict = is_strict(tree) and not self.is_whole
        self._where = where
        self._run = build_code(tree).run
        self._is_plain = is_plain_path(tree)
        self._builds = puts_together(tree)

    def __call__(self, document: Any) -> Any:
        """The value of the expression for this document."""
        try:
            if self._is_plain:
                return self._run(document, _UNCOUNTED)
            if self.is_strict and document.__class__ is dict and self.names.isdisjoint(document):
                return None
            budget = Budget()
            value = self._run(document, budget)
            if self._builds and isinstance(value, list | dict):
                measure(value, budget)
            return value
        except RecursionError:
            why = "what it reads is nested too deep"
        except (ArithmeticError, TypeError, ValueError) as error:  # one that says what fails is among them
            why = " ".join(str(error).split())[:200]
        value = None  # whoever keeps the error must not keep what has been put together
        raise ExpressionFault(why)

    @override
    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    @override
    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return compile_expression, (self.text, self._where)


@lru_cache(maxsize=512)
def compile_expression(text: str, where: str) -> Expression:
    """The expression ``text``; raises ConfigError, which names the place ``where`` it stands, for what is none."""
    return Expression(text, where)


def find_expression_fault(text: str) -> tuple[str, int] | None:
    """What is wrong with an expression, and the column of the character, the first being 1; None if it can be read."""
    try:
        parse_tree(text)
    except SyntaxFault as fault:
        return str(fault), fault.column
    return None
