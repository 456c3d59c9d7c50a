"""Every pattern of modelhub takes time in proportion to the text, whatever the text is."""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Iterator
from importlib import import_module
from typing import NamedTuple

import pytest

from modelhub.secrets.dialects import find_foreign, read_foreign

from ..paths import ROOT

ASKED = frozenset({"match", "search", "fullmatch", "sub", "finditer", "split", "findall"})
# Patterns that are made of a variable: of names and sizes that modelhub has itself, or that a user's code gives.
UNKNOWN = {
    "modelhub/authoring/importers/litellm/settings.py",
    "modelhub/authoring/importers/vendors.py",
    "modelhub/base/option_checks.py",
    "modelhub/formatters/base.py",
    "modelhub/patterns.py",
    "modelhub/server/formats/values.py",
    "modelhub/secrets/dialects.py",  # tested below, as it is asked
    "modelhub/telemetry/counters.py",
    "modelhub/validation/fast_check.py",
    "modelhub/validation/schema/view.py",
}
LENGTH = 10_000
MOST = 0.2  # seconds of the processor for one text; a quadratic pattern needs more
PIECES = [
    *" \ta0_-./:@\"'\\([{<$#*=?&é",
    *("\n", "${", "${a}", '\\"', "a=", "?a", "&a", "://", "a:", "a.", "a/", "<!--", "<script>", " a", "aA", "1.", "[:"),
    *('{"', "&! ", "your ", "token count", "http://", "/*", "//", ",", ", "),
]
BEFORE = ("", "http", "https://a", "a://", "${", '"')


class Pattern(NamedTuple):
    """A pattern, where it stands, and how it is asked."""

    place: str
    pattern: re.Pattern[str] | re.Pattern[bytes]
    asked: frozenset[str]


def find_in_code() -> Iterator[Pattern]:
    for top, package in (("modelhub", "modelhub"), ("wrappers", "modelhub.wrappers")):
        for file in sorted((ROOT / top).rglob("*.py")):
            text = file.read_text("utf-8")
            if "re." in text or "expression(" in text:
                steps = file.relative_to(ROOT / top).with_suffix("").parts
                name = ".".join((package, *steps)).removesuffix(".__init__")
                yield from find_in_module(file.relative_to(ROOT).as_posix(), ast.parse(text), name)


def find_in_module(place: str, tree: ast.Module, name: str) -> Iterator[Pattern]:
    others = [
        node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and not isinstance(node.value, ast.Name)
    ]
    nameless = {node.attr for node in others} & ASKED
    uses = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)]
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        how = find_how(node.func)
        if how not in {"compile", *ASKED}:
            continue
        flags = [key.value for key in node.keywords if key.arg == "flags"]
        flags += (
            node.args[1:2] if how == "compile" else node.args[2:3] if how in ("search", "match", "fullmatch") else []
        )
        try:
            known = vars(import_module(name))
            made = re.compile(evaluate(node.args[0], known), evaluate(flags[0], known) if flags else 0)
        except NameError:
            assert place in UNKNOWN, f"{place}:{node.lineno} has a pattern that nobody tests"
            continue
        found = {how}
        if how == "compile":
            owners = {one for one, value in known.items() if is_same(value, made)}
            found = {use.attr for use in uses if isinstance(use.value, ast.Name) and use.value.id in owners}
        yield Pattern(
            f"{place}:{node.lineno}", made, frozenset(found & ASKED) or frozenset(nameless) or frozenset({"search"})
        )


def find_how(called: ast.expr) -> str:
    """What of ``re`` a call is of; ``expression`` compiles, too."""
    if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "re":
        return called.attr
    return "compile" if isinstance(called, ast.Name) and called.id == "expression" else ""


def is_same(value: object, made: re.Pattern[str] | re.Pattern[bytes]) -> bool:
    return (getattr(value, "pattern", None), getattr(value, "flags", None)) == (made.pattern, made.flags)


def evaluate(node: ast.expr, known: dict[str, object]) -> object:
    return eval(compile(ast.Expression(node), "pattern", "eval"), dict(known))  # our own source


def find_in_schemas() -> Iterator[Pattern]:
    for file in sorted((ROOT / "schemas").glob("*.json")):
        found: set[str] = set()
        gather(json.loads(file.read_text("utf-8")), found)
        for pattern in sorted(found):
            yield Pattern(file.name, re.compile(pattern), frozenset({"search"}))


def gather(node: object, found: set[str]) -> None:
    if isinstance(node, dict):
        if isinstance(pattern := node.get("pattern"), str):
            found.add(pattern)
        if isinstance(named := node.get("patternProperties"), dict):
            found.update(named)
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        gather(item, found)


PATTERNS = list({(each.pattern, each.asked): each for each in (*find_in_code(), *find_in_schemas())}.values())


def ask(pattern: Pattern, text: str) -> float:
    told: str | bytes = text.encode() if isinstance(pattern.pattern.pattern, bytes) else text
    start = time.process_time()
    for how in pattern.asked:
        if how == "sub":
            pattern.pattern.sub(told[:0], told)  # type: ignore[arg-type]
        elif how == "finditer":
            for _ in pattern.pattern.finditer(told):  # type: ignore[arg-type]
                pass
        else:
            getattr(pattern.pattern, how)(told)
    return time.process_time() - start


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda each: each.place)
def test_no_text_takes_long(pattern: Pattern) -> None:
    for piece in PIECES:
        for before in BEFORE:
            text = before + piece * (LENGTH // len(piece)) + "\n!"
            taken = ask(pattern, text)
            for _ in range(3):  # a processor that others use, too, is slower at times
                taken = min(taken, ask(pattern, text)) if taken >= MOST else taken
            assert taken < MOST, f"{before!r} and {piece!r} again and again: {taken:.1f} s"


@pytest.mark.parametrize("before", ["", "${", "{{ env", "$A", "%", "env"])
def test_no_reference_of_another_program_takes_long(before: str) -> None:
    for piece in (*PIECES, "{{", "env.", "{{env.", "$A", "%A%", "!ENV ", "os.environ/", "${A:"):
        for length in (1990, LENGTH):  # texts of more than 2000 characters are not looked at
            text = before + piece * (length // len(piece))
            start = time.process_time()
            find_foreign(text)
            read_foreign(text)
            assert time.process_time() - start < MOST, f"{before!r}, then {piece!r} again and again"
