"""Reads a scenario from a file or from Python objects, and says what is wrong with it, and where."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from modelhub.configs import Document
from modelhub.configs.readers.json_types import copy_plain
from modelhub.configs.sources.files import Unreadable, find_format, read_file
from modelhub.configs.sources.read import EMPTY, read_documents
from modelhub.diagnostics import Finding
from modelhub.diagnostics.wording import kind, label, quoting_hint
from modelhub.errors import ConfigError, Problem
from modelhub.server.mock.scenario.build import build_scenario
from modelhub.server.mock.scenario.checks import find_faults
from modelhub.server.mock.scenario.shape import Scenario
from modelhub.validation.explain_errors import explain
from modelhub.validation.full_check import judge
from modelhub.validation.schema.store import load_file
from modelhub.validation.schema.view import View
from modelhub.validation.walk import find_texts


def read_scenario(source: Mapping[str, Any] | str | os.PathLike[str]) -> Scenario:
    """The scenario of a mapping, or of a file (YAML, JSON or TOML).

    Raises ConfigError with all its problems.
    """
    found = list(_read_mapping(source) if isinstance(source, Mapping) else _read_path(os.fspath(source)))
    documents = [item for item in found if isinstance(item, Document)]
    problems = [item for item in found if isinstance(item, Problem) and item.severity == "error"]
    for document in documents:
        problems += [_place(document, finding) for finding in find_problems(document.data)]
    if len(documents) > 1:
        problems.append(documents[1].problem("MH106", "a file holds one scenario, and this is a second one"))
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
    return build_scenario(documents[0].data)


def find_problems(data: Any) -> list[Finding]:
    """Everything wrong with the data of a scenario."""
    if not isinstance(data, Mapping):
        return [Finding("MH106", f"a scenario is a mapping, not {kind(data)}", hint="see docs/mock.md")]
    schema = load_file("_scenario.json")
    if schema is None:
        raise RuntimeError("the schema of scenarios is not installed")
    findings = explain(judge(schema, dict(data)), View([(schema, schema)]))
    known = {finding.path for finding in findings}
    for path, text in find_texts(dict(data)):
        if "${" in text and path not in known:
            findings.append(Finding("MH203", f"{label(path)} must be written out: a scenario knows no ${{...}}", path))
    wrong = {finding.path[:2] if finding.path[:1] == ("rules",) else () for finding in findings}
    return [*map(_name_home, findings), *find_faults(data, wrong)]


def _read_path(name: str) -> Iterator[Document | Problem]:
    try:
        format = find_format(name)
        text = read_file(name)
    except Unreadable as error:
        yield Problem("MH101", str(error), error.hint, name)
        return
    for item in read_documents(text, name=name, format=format):
        is_empty = isinstance(item, Problem) and item.message == EMPTY
        yield replace(item, message="the file holds no scenario") if isinstance(item, Problem) and is_empty else item


def _read_mapping(data: Mapping[str, Any]) -> Iterator[Document | Problem]:
    copy, findings = copy_plain(data)
    document = Document(copy)
    for finding in findings:
        yield _place(document, replace(finding, message=f"{label(finding.path)}: {finding.message}"))
    if not findings:
        yield document


def _place(document: Document, finding: Finding) -> Problem:
    hint = finding.hint
    if finding.wanted and (source := document.read_source(finding.path)) is not None:
        value: Any = document.data
        for step in finding.path:
            value = value[step]
        hint = quoting_hint(value, finding.wanted, secret=False, source=source) or hint
    path = finding.path if document.name is not None else ()
    return document.problem(finding.code, finding.message, path, key=finding.key, hint=hint, severity=finding.severity)


def _name_home(finding: Finding) -> Finding:
    """Say of an unknown key where it is unknown."""
    if finding.code != "MH103" or not finding.key:
        return finding
    home = finding.path[:-1]
    return replace(finding, message=f"{finding.message} in {label(home) if home else 'a scenario'}")
