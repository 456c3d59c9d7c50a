"""Which problems can be mended without a person: what is said of them says what to write."""

from __future__ import annotations

from modelhub.configs import Span
from modelhub.diagnostics.suggest import suggest
from modelhub.errors import Problem
from modelhub.patterns import expression
from modelhub.records import Record

_MEANT = expression(r"did you mean '([^']+)'\?")
_OLD_NAME = expression(r".* is the old name of '([^']+)'")
_RENAMED = expression(r".* is deprecated: rename it to (\w+)")
_MOVED = expression(r"move it to the environment: (.+)")


class Mend(Record):
    """What is to be written in place of the key or the value that a problem stands at.

    If ``is_secret``, that is a reference to the environment, whose variable may be called otherwise in the end.
    """

    problem: Problem
    new: str
    is_key: bool = False
    is_secret: bool = False

    @property
    def span(self) -> Span | None:
        """Where it stands."""
        problem = self.problem
        if problem.line is None or problem.column is None or problem.end_line is None or problem.end_column is None:
            return None
        return Span(problem.line, problem.column, problem.end_line, problem.end_column)


def find_mend(problem: Problem) -> Mend | None:
    """What mends a problem; None if it is not certain, or takes a person."""
    hint, code = problem.hint or "", problem.code
    if code == "MH401" and (moved := _MOVED.fullmatch(hint)):
        return Mend(problem, moved[1], is_secret=True)
    if code == "MH109" and (named := _OLD_NAME.fullmatch(problem.message) or _RENAMED.fullmatch(problem.message)):
        return Mend(problem, named[1], is_key=not problem.message.startswith("model_type "))
    meant = _MEANT.match(hint)
    if meant is None or "..." in meant[1]:
        return None
    if code == "MH103":
        return Mend(problem, meant[1], is_key=True)
    if code in ("MH107", "MH202"):
        return Mend(problem, meant[1])
    if code == "MH303" and _is_near(problem, meant[1]):  # what is only alike is a guess
        return Mend(problem, meant[1])
    return None


def _is_near(problem: Problem, meant: str) -> bool:
    """Whether the problem quotes a word that differs from ``meant`` by a slip or two."""
    return any(suggest(word, [meant]) for word in expression(r"'([^']+)'").findall(problem.message))
