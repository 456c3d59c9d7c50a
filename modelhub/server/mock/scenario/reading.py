"""Reads a scenario from a file or from Python objects, and says what is wrong with it, and where."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from modelhub.configs import Document
from modelhub.configs.readers.json_types import copy_plain
from modelhub.diagnostics import Finding
from modelhub.diagnostics.wording import kind, label
from modelhub.errors import ConfigError, Problem
from modelhub.server.mock.scenario.build import build_scenario
from modelhub.server.mock.scenario.checks import find_faults
from modelhub.server.mock.scenario.shape import Scenario
from modelhub.validation.own_files import find_misfits, place, read_own_file
from modelhub.validation.walk import find_texts


def read_scenario(source: Mapping[str, Any] | str | os.PathLike[str]) -> Scenario:
    """The scenario of a mapping, or of a file (YAML, JSON or TOML).

    Raises ConfigError with all its problems.
    """
    found = list(_read_mapping(source) if isinstance(source, Mapping) else read_own_file(os.fspath(source), "scenario"))
    documents = [item for item in found if isinstance(item, Document)]
    problems = [item for item in found if isinstance(item, Problem) and item.severity == "error"]
    for document in documents:
        problems += [place(document, finding) for finding in find_problems(document.data)]
    if len(documents) > 1:
        problems.append(documents[1].problem("MH106", "a file holds one scenario, and this is a second one"))
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
    return build_scenario(documents[0].data)


def find_problems(data: Any) -> list[Finding]:
    """Everything wrong with the data of a scenario."""
    if not isinstance(data, Mapping):
        return [Finding("MH106", f"a scenario is a mapping, not {kind(data)}", hint="see docs/mock.md")]
    findings = find_misfits("_scenario.json", dict(data))
    known = {finding.path for finding in findings}
    for path, text in find_texts(dict(data)):
        if "${" in text and path not in known:
            findings.append(Finding("MH203", f"{label(path)} must be written out: a scenario knows no ${{...}}", path))
    wrong = {finding.path[:2] if finding.path[:1] == ("rules",) else () for finding in findings}
    return [*map(_name_home, findings), *find_faults(data, wrong)]


def _read_mapping(data: Mapping[str, Any]) -> Iterator[Document | Problem]:
    copy, findings = copy_plain(data)
    document = Document(copy)
    for finding in findings:
        yield place(document, replace(finding, message=f"{label(finding.path)}: {finding.message}"))
    if not findings:
        yield document


def _name_home(finding: Finding) -> Finding:
    """Say of an unknown key where it is unknown."""
    if finding.code != "MH103" or not finding.key:
        return finding
    home = finding.path[:-1]
    return replace(finding, message=f"{finding.message} in {label(home) if home else 'a scenario'}")
