"""Find expressions that cannot be read: regular expressions, JMESPath, schemas of answers, and templates of requests.

Schemas mark such a key with ``x-syntax``: regex, jmespath or json_schema of a composite, expression (all of the text is
one) or template (texts at any depth that begin with ``=`` are some) of a private protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.adapters.expressions import find_expression_fault
from modelhub.adapters.template import is_expression
from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.wording import label
from modelhub.printable import shorten
from modelhub.validation.full_check import find_schema_fault
from modelhub.validation.schema.view import View

SYNTAX = "x-syntax"
_NAMES = {"regex": "regular expression", "jmespath": "JMESPath expression", "json_schema": "JSON Schema"}
_SEE = "for example: result.output[0].content; see https://jmespath.org/specification.html"
_ADVICE = {
    "regex": "a character such as ( or [ that is meant as it is has a backslash before it",
    "jmespath": "for example: finish_reason == 'stop'",
    "json_schema": "see https://json-schema.org/understanding-json-schema",
}


def find_bad_expressions(view: View, value: Any, path: Path = ()) -> Iterator[Finding]:
    """Yield a finding for each expression in ``value`` that cannot be read; references stand for any text."""
    syntax = view.first(SYNTAX)
    if syntax in ("expression", "template"):
        for place, text in list_expressions(syntax, value, path):
            if "${" not in text and (found := find_expression_fault(text)):
                message, column = found
                shift = syntax == "template"  # the "=" before it
                message = f"{label(place)} is no expression: {message} (column {column + shift} of it)"
                yield Finding("MH206", message, place, hint=_SEE, column=column + shift)
        if isinstance(value, str) or syntax == "template":
            return
    if syntax in _NAMES:
        if not (isinstance(value, str) and "${" in value) and (fault := find_fault(syntax, value)):
            message = f"{label(path)} is no {_NAMES[syntax]}: {shorten(fault, 200)}"
            yield Finding("MH204", message, path, hint=_ADVICE[syntax])
        return
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in steps:
        child = view.child(step) if isinstance(item, dict | list | str) else None
        if child is not None:
            yield from find_bad_expressions(child, item, (*path, step))


def list_expressions(syntax: str, value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    """The expressions in the value of a key with this syntax, each with its place."""
    if isinstance(value, str):
        if syntax == "expression":
            yield path, value
        elif is_expression(value):
            yield path, value[1:]
    elif syntax == "template" and isinstance(value, dict | list):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from list_expressions(syntax, item, (*path, step))


def find_fault(syntax: str, value: Any) -> str | None:
    """What is wrong with an expression, and at which of its characters; None if it can be read."""
    if syntax == "json_schema":
        return find_schema_fault(value) if isinstance(value, dict) else None
    if not isinstance(value, str):
        return None
    from modelhub.routing.faults import find_jmespath_fault, find_regex_fault  # what will read them when it is called

    return find_regex_fault(value) if syntax == "regex" else find_jmespath_fault(value)
