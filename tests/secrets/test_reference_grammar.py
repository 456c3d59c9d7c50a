"""The one grammar of ``${...}``: what a text is made of, and that all who ask about it agree."""

from __future__ import annotations

import re
from itertools import pairwise
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub.authoring.editor_keywords import write_for_editors
from modelhub.configs import load
from modelhub.errors import ConfigError
from modelhub.secrets import redact, reference_names, resolve
from modelhub.secrets.references import PATTERN, parse_pieces
from modelhub.validation.environment import check_environment
from modelhub.validation.rules.plaintext import is_harmless
from modelhub.validation.rules.references import find_bad_references, find_references, stands_for

PIECES = [
    ("", []),
    ("plain", [("literal", "plain")]),
    ("$A ${A", [("literal", "$A ${A")]),
    ("${A}", [("reference", "", "A", None)]),
    ("${_a1:-}", [("reference", "", "_a1", "")]),
    ("${A:-b:-c d}", [("reference", "", "A", "b:-c d")]),
    ("${A:-\n}", [("reference", "", "A", "\n")]),
    ("${env:A}", [("reference", "env", "A", None)]),
    ("${file:/a:b}", [("reference", "file", "/a:b", None)]),
    ("${x-y.z+1:n}", [("reference", "x-y.z+1", "n", None)]),
    ("${file:}", [("reference", "file", "", None)]),
    ("${}", [("malformed", "", "", None)]),
    ("${A-B}", [("malformed", "", "A-B", None)]),
    ("${1A:-b}", [("malformed", "", "1A", "b")]),
    ("${A:b}", [("malformed", "A", "b", None)]),
    ("${\u00e9}", [("malformed", "", "\u00e9", None)]),
    ("${a${B}", [("malformed", "", "a${B", None)]),
    ("$${A}", [("escape", "$${"), ("literal", "A}")]),
    ("$$${A}", [("literal", "$"), ("escape", "$${"), ("literal", "A}")]),
    ("${A}$${${B}", [("reference", "", "A", None), ("escape", "$${"), ("reference", "", "B", None)]),
    ("${A $${B", [("literal", "${A "), ("escape", "$${"), ("literal", "B")]),
]
FRAGMENTS = ("$", "{", "}", "${", "$${", "${A}", "${B:-c}", "${env:A}", "${env:}", ":", ":-", "-", "A", "b", "1", " ")
TEXTS = st.lists(st.sampled_from(FRAGMENTS), max_size=12).map("".join) | st.text(max_size=20)


def find_value(scheme: str, name: str) -> str:
    if not name:
        raise LookupError("no name")
    return "value"


@pytest.mark.parametrize(("text", "expected"), PIECES)
def test_pieces(text: str, expected: list[tuple[str | None, ...]]) -> None:
    found = [
        (piece.kind, piece.scheme, piece.name, piece.default) if piece.is_braced else (piece.kind, piece.text)
        for piece in parse_pieces(text)
    ]
    assert found == expected


@given(TEXTS)
def test_pieces_joined_are_the_text(text: str) -> None:
    pieces = parse_pieces(text)
    assert "".join(piece.text for piece in pieces) == text
    assert all(piece.text == text[piece.start : piece.end] != "" for piece in pieces)
    assert [piece.start for piece in pieces] == [0, *(piece.end for piece in pieces)][: len(pieces)]
    kinds = [piece.kind for piece in pieces]
    assert ("literal", "literal") not in pairwise(kinds)


@given(TEXTS)
def test_what_the_check_passes_is_resolved_and_nothing_else(text: str) -> None:
    is_refused = bool(list(find_bad_references([(("key",), "key", text)])))
    environment = dict.fromkeys(re.findall(r"\w+", text), "value")
    with mock.patch("os.environ", environment), mock.patch("modelhub.secrets.references.find_secret", find_value):
        try:
            resolved = resolve(text, where="x")
        except ConfigError:
            assert is_refused
            return
    assert not is_refused
    assert resolved == re.sub(r"(\$\$\{)|\$\{[^}]*\}", lambda match: "${" if match[1] else "value", text)
    names = {f"{each.scheme}:{each.name}".removeprefix("env:").removeprefix(":") for each in find_references(text)}
    assert set(reference_names(text)) == names
    assert stands_for(text, ["string"]) == bool(names)


@given(TEXTS)
def test_the_pattern_of_editors_takes_what_the_check_takes(text: str) -> None:
    number = write_for_editors({"type": "number"})
    url = write_for_editors({"type": "string", "pattern": "^http"})
    assert (re.fullmatch(PATTERN, text) is not None) == stands_for(text, ["number"])
    assert (re.search(number["pattern"], text) is not None) >= stands_for(text, ["number"])
    assert (re.search(url["pattern"], text) is not None) >= stands_for(text, ["string"])


@given(TEXTS.filter(lambda text: "}" not in text))
def test_a_default_is_no_place_to_hide_a_secret(default: str) -> None:
    text = f"${{KEY:-{default}sk-secret-1}}"
    assert redact({"api_key": text}) == {"api_key": "${KEY:-***}"}
    assert not is_harmless(text)
    assert "secret" not in "".join(reference_names(text))


def test_what_is_listed_of_a_bad_reference_is_its_name_alone() -> None:
    assert reference_names("${OPENAI-KEY:-sk-secret-1} ${OTHER-KEY} ${env:KEY}") == ["OPENAI-KEY", "OTHER-KEY", "KEY"]


def test_an_escape_among_defaults_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MH_URL", "http://h")
    config = {"config_name": "a", "model_type": "x", "api_url": "${MH_URL:-http://h}/$${MH_URL:- }"}
    [entry] = load([config]).entries
    assert [problem.message for problem in check_environment([entry])] == []
