"""docs/testing.md: its examples run, and its tables have all fixtures, keys and names."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

from modelhub.testing import Mock, no_network, pytest_plugin
from modelhub.testing.conformance import ABILITIES, WrapperConformance
from modelhub.testing.recordings import build_recording

from ..paths import ROOT

PAGE = (ROOT / "docs" / "testing.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
PYTHON = [text for kind, text in BLOCKS if kind == "python"]


def test_the_test() -> None:
    names: dict[str, Any] = {}
    exec(compile(PYTHON[0], "docs/testing.md", "exec"), names)
    with no_network(), Mock() as mock:
        names["test_greeting"](mock, None)


def test_the_recording() -> None:
    value = json.loads(next(text for kind, text in BLOCKS if kind == "json"))
    recording = build_recording("docs", value, "docs/testing.md")
    assert recording.options == {"temperature": 0}
    for key in value:
        assert f"| `{key}` |" in PAGE


def test_the_suite(tmp_path: Path) -> None:
    text = PYTHON[1]
    names: dict[str, Any] = {"__file__": str(tmp_path / "test_acme.py"), "__name__": "page"}
    exec(compile(ast.parse(text), "docs/testing.md", "exec"), names)
    suite = names["TestAcmeChat"]
    assert issubclass(suite, WrapperConformance)
    assert suite.test_tools_are_sent is None and suite.test_the_deltas_add_up is not None


def test_the_tables() -> None:
    fixtures = [name for name in vars(pytest_plugin) if name.startswith("modelhub_")]
    attributes = ["config", "recordings", "cannot", "wrapper", "others"]
    for name in (*fixtures, *ABILITIES, *attributes):
        assert f"| `{name}` |" in PAGE
    for ability, what in ABILITIES.items():
        assert f"| `{ability}` | {what} |" in PAGE
