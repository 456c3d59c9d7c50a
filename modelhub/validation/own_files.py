"""Files of modelhub's own besides configs: what they hold, what a schema finds wrong with it, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from modelhub.configs import Document
from modelhub.configs.sources.files import Unreadable, find_format, read_file
from modelhub.configs.sources.read import EMPTY, read_documents
from modelhub.diagnostics import Finding
from modelhub.diagnostics.wording import quoting_hint
from modelhub.errors import Problem
from modelhub.validation.explain_errors import explain
from modelhub.validation.full_check import judge
from modelhub.validation.schema.store import load_file
from modelhub.validation.schema.view import View


def read_own_file(name: str, what: str) -> Iterator[Document | Problem]:
    """The documents of the file ``name`` (YAML, JSON, TOML), which is to hold ``what``, and the faults of its text."""
    try:
        format = find_format(name)
        text = read_file(name)
    except Unreadable as error:
        yield Problem("MH101", str(error), error.hint, name)
        return
    for item in read_documents(text, name=name, format=format):
        is_empty = isinstance(item, Problem) and item.message == EMPTY
        yield replace(item, message=f"the file holds no {what}") if isinstance(item, Problem) and is_empty else item


def find_misfits(schema_name: str, data: Any) -> list[Finding]:
    """What does not fit the schema of this name."""
    schema = load_file(schema_name)
    if schema is None:
        raise RuntimeError(f"the schema {schema_name} is not installed")
    return explain(judge(schema, data), View([(schema, schema)]))


def place(document: Document, finding: Finding) -> Problem:
    """``finding`` with its place in the file."""
    hint = finding.hint
    if finding.wanted and (source := document.read_source(finding.path)) is not None:
        value: Any = document.data
        for step in finding.path:
            value = value[step]
        hint = quoting_hint(value, finding.wanted, secret=False, source=source) or hint
    path = finding.path if document.name is not None else ()
    return document.problem(finding.code, finding.message, path, key=finding.key, hint=hint, severity=finding.severity)
