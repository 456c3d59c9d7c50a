"""How the problems of configs are reported: for people, for programs, and for the services that run CI."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

from modelhub.cli.printing import colour, count, write_json
from modelhub.cli.widths import measure
from modelhub.errors import Problem
from modelhub.printable import printable, shorten
from modelhub.secrets import is_secret_name
from modelhub.validation import CODES, looks_secret

_LONGEST = 200  # characters of a name that a report repeats
Layers = Mapping[str, bool]
Report = Callable[[Sequence[Problem], int, Layers], str]
_NONE: Layers = {}


def report_problems(problems: Sequence[Problem]) -> str:
    """A line for each problem, and the source line below it with a caret."""
    sources = _Sources(problems)
    return "\n".join(line for problem in problems for line in [_headline(problem), *sources.excerpt(problem)])


def report_text(problems: Sequence[Problem], configs: int, layers: Layers = _NONE) -> str:
    """All problems, and a verdict; ``layers`` says of the base and of each profile whether it is sound."""
    lines = [report_problems(problems)] if problems else []
    read, ok = count(configs, "config"), colour("ok", fg="green")
    verdict = f"{count(len(problems), 'problem')} in {read}" if problems else f"{read} {ok}"
    sound, broken = (
        ", ".join(_name(each) for each in layers if layers[each] is is_sound) for is_sound in (True, False)
    )
    lines.append("; ".join([verdict, *([f"{sound} {ok}"] if sound else []), *([f"wrong: {broken}"] if broken else [])]))
    return "\n".join(lines)


def report_json(problems: Sequence[Problem], configs: int, layers: Layers = _NONE) -> str:
    """An array of problems."""
    return write_json([_build_document(problem) for problem in problems])


def report_github(problems: Sequence[Problem], configs: int, layers: Layers = _NONE) -> str:
    """Workflow commands, which GitHub shows beside the lines that they are about:
    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    return "\n".join(_annotation(problem) for problem in problems)


def report_sarif(problems: Sequence[Problem], configs: int, layers: Layers = _NONE) -> str:
    """SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html"""
    used = sorted({problem.code for problem in problems})
    driver = {
        "name": "modelhub",
        "rules": [{"id": code, "shortDescription": {"text": CODES.get(code, code)}} for code in used],
    }
    results = [
        {
            "ruleId": problem.code,
            "ruleIndex": used.index(problem.code),
            "level": problem.severity,
            "message": {"text": _sentence(problem)},
            "locations": [_location(problem)] if problem.file else [],
        }
        for problem in problems
    ]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
    }
    return write_json(log)


def report_junit(problems: Sequence[Problem], configs: int, layers: Layers = _NONE) -> str:
    """JUnit's XML: one test case for each problem; without problems, one test case that passes."""
    from xml.sax.saxutils import escape, quoteattr  # it loads urllib.request, http and ssl, which no other report needs

    cases = []
    failures = 0
    for problem in problems:
        title = quoteattr(f"{problem.place or 'configs'} {problem.code}")
        text = escape(_sentence(problem))
        if problem.severity == "error":
            failures += 1
            inside = f"<failure message={quoteattr(_sentence(problem))} type={quoteattr(problem.code)}>{text}</failure>"
        else:
            inside = f"<system-out>{text}</system-out>"
        cases.append(f'    <testcase classname="modelhub.validate" name={title}>{inside}</testcase>')
    if not cases:
        cases = [f'    <testcase classname="modelhub.validate" name="{count(configs, "config")}"/>']
    head = f'<testsuite name="modelhub validate" tests="{len(cases)}" failures="{failures}" errors="0" skipped="0">'
    body = "\n".join(["<testsuites>", f"  {head}", *cases, "  </testsuite>", "</testsuites>"])
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}'


REPORTS: dict[str, Report] = {
    "text": report_text,
    "json": report_json,
    "github": report_github,
    "sarif": report_sarif,
    "junit": report_junit,
}


def _name(layer: str) -> str:
    return shorten(printable(layer), _LONGEST)


def _build_document(problem: Problem) -> dict[str, Any]:
    name = problem.config_name
    path = [shorten(step, _LONGEST) if isinstance(step, str) else step for step in problem.path]
    return {**asdict(problem), "config_name": shorten(name, _LONGEST) if name else name, "path": path}


def _sentence(problem: Problem) -> str:
    return problem.message + (f"; {problem.hint}" if problem.hint else "")


def _headline(problem: Problem) -> str:
    code = colour(problem.code, fg="red" if problem.severity == "error" else "yellow", bold=True)
    warning = "warning: " if problem.severity == "warning" else ""
    place = f"{colour(problem.place, bold=True)}: " if problem.place else ""
    return f"{place}{code} {warning}{_sentence(problem)}"


class _Sources:
    """The lines of the files that problems are about, without those that hold a secret; each file is read once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self._lines: dict[str, list[str]] = {}
        self._secret = {(problem.file, problem.line) for problem in problems if problem.code == "MH401"}

    def excerpt(self, problem: Problem) -> list[str]:
        """The line with the problem and a caret below it; empty if it is long, unprintable, or might show a secret."""
        if problem.file is None or problem.line is None or problem.column is None:
            return []
        if (problem.file, problem.line) in self._secret:
            return []
        lines = self._read(problem.file)
        if problem.line > len(lines):
            return []
        line = lines[problem.line - 1].rstrip()
        if printable(line, keep="\t\u3000") != line:
            return []  # escapes would move what stands above the caret
        if len(line) > 160 or _may_show_a_secret(f"{line} {problem.hint or ''}"):
            return []
        number = str(problem.line)
        end = problem.end_column if problem.end_line == problem.line and problem.end_column else problem.column + 1
        width = max(1, measure(line[problem.column - 1 : end - 1]))
        # A tab before the caret stays a tab, so that the two lines stay aligned.
        indent = "".join("\t" if char == "\t" else " " * measure(char) for char in line[: problem.column - 1])
        margin = " " * len(number)
        return [f"  {number} | {line}", f"  {margin} | {indent}{colour('^' * width, fg='red')}"]

    def _read(self, file: str) -> list[str]:
        if file not in self._lines:
            try:
                text = Path(file).read_text("utf-8-sig", errors="replace")
            except (OSError, ValueError):  # standard input, or gone since
                text = ""
            self._lines[file] = text.split("\n") if text else []
        return self._lines[file]


def _may_show_a_secret(text: str) -> bool:
    words = "".join(char if char.isalnum() or char in "_-" else " " for char in text).split()
    return looks_secret(text) or any(is_secret_name(word) for word in words)


def _annotation(problem: Problem) -> str:
    properties = {"title": problem.code}
    if problem.file:
        properties = {"file": printable(problem.file, keep="\r\n"), **properties}
        if problem.line:
            properties |= {"line": str(problem.line), "col": str(problem.column)}
            if problem.end_line:
                properties |= {"endLine": str(problem.end_line), "endColumn": str(problem.end_column)}
    fields = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    return f"::{problem.severity} {fields}::{_escape_data(_sentence(problem))}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")


def _location(problem: Problem) -> dict[str, Any]:
    path = Path(problem.file or "")
    uri = path.as_uri() if path.is_absolute() else quote(os.fsencode(path.as_posix()))
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if problem.line:
        region = {"startLine": problem.line, "startColumn": problem.column}
        if problem.end_line:
            region |= {"endLine": problem.end_line, "endColumn": problem.end_column}
        physical["region"] = region
    return {"physicalLocation": physical}
