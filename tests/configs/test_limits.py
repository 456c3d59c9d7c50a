"""What a parser refuses for its depth or size is told in one way, whichever parser it is and however it says so."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import orjson
import pytest
import yaml

from modelhub.configs import load_text
from modelhub.wire import decode_json

# The texts, and the place of the first value that has more than 200 around it.
DEEP = {
    "sequences.yaml": ("[" * 5000, "1:201"),
    "closed.yaml": ("[" * 5000 + "]" * 5000, "1:201"),
    "mappings.yaml": ("{a: " * 5000, "1:801"),
    "within.yaml": ("a:\n  b: " + "[" * 5000, "2:204"),
    "second.yaml": ("a: 1\n---\nb: " + "[" * 5000, "3:203"),
    "quoted.yaml": ('"[[": ' + "[" * 5000, "1:206"),
    "dashes.yaml": ("- " * 3000, "1:401"),
    "keys.yaml": ("".join(f"{' ' * n}a:\n" for n in range(1500)), "201:201"),
    "explicit.yaml": ("? " * 3000, "1:401"),
    "anchored.yaml": ("&a [" * 3000, "1:804"),
    "sequences.json": ("[" * 5000, "1:201"),
    "mappings.json": ('{"a[": ' * 100_000 + "1" + "}" * 100_000, "1:1401"),
    "arrays.toml": ("a = " + "[" * 5000 + "]" * 5000, "1:205"),
    "tables.toml": ("a = " + "{b = " * 5000 + "1" + "}" * 5000, "1:1005"),
}


def load_str(name: str, text: str) -> list[str]:
    return [str(problem) for problem in load_text(text.encode(), name=name, format=name.rpartition(".")[2]).problems]


@pytest.fixture(params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("name", [name for name in DEEP if name.endswith(".yaml")])
def test_deep_yaml(name: str) -> None:
    text, place = DEEP[name]
    assert f"{name}:{place}: MH106 nested deeper than 200 levels" in load_str(name, text)


@pytest.mark.parametrize("name", [name for name in DEEP if not name.endswith(".yaml")])
def test_deep_json_and_toml(name: str) -> None:
    text, place = DEEP[name]
    assert load_str(name, text)[-1] == f"{name}:{place}: MH106 nested deeper than 200 levels"


def build_mark(index: int) -> yaml.Mark:
    return yaml.Mark("", index, 0, index, None, None)


REFUSALS: list[tuple[str, BaseException]] = [
    ("a.yaml", yaml.scanner.ScannerError("while increasing flow level", None, "exceeded maximum nesting depth")),
    ("a.yaml", yaml.parser.ParserError("while parsing", None, "Recursion limit reached", build_mark(3))),
    ("a.yaml", yaml.YAMLError("nested too deep")),
    ("a.yaml", RecursionError("maximum recursion depth exceeded")),
    ("a.yaml", MemoryError()),
    ("a.json", json.JSONDecodeError("Recursion limit reached", "", 0)),
    ("a.json", orjson.JSONDecodeError("recursion limit exceeded", "", 0)),
    ("a.json", RecursionError("Stack overflow (used 8000 kB) while decoding a JSON array")),
    ("a.json", MemoryError()),
    ("a.toml", tomllib.TOMLDecodeError("arrays are nested more than the allowed 990 levels")),
    ("a.toml", RecursionError("maximum recursion depth exceeded")),
    ("a.toml", MemoryError()),
]


@pytest.mark.parametrize("is_deep", [True, False])
@pytest.mark.parametrize(
    ("name", "error"), REFUSALS, ids=[f"{name} {type(error).__name__}" for name, error in REFUSALS]
)
def test_every_refusal(name: str, error: BaseException, is_deep: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise error

    for module, function in ((yaml, "parse"), (json, "loads"), (tomllib, "loads")):
        monkeypatch.setattr(module, function, refuse)
    text = "[" * 300 if is_deep else "a: 1"
    (problem,) = load_str(name, text)
    if is_deep:
        assert problem == f"{name}:1:201: MH106 nested deeper than 200 levels"
    else:
        assert ": MH106 this is too large or nested too deep to be read" in problem


def test_a_reply_that_is_too_deep_is_no_json() -> None:
    with pytest.raises(ValueError, match="nested too deep"):
        decode_json("[" * 100_000 + "]" * 100_000)
