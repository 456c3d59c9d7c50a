"""docs/observability.md: its examples run, its lines are what is logged, and its tables name what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.registry.observers import OBSERVERS
from modelhub.testing import MockServer

from ..paths import ROOT

PAGE = (ROOT / "docs" / "observability.md").read_text("utf-8")


def test_the_examples(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    pytest.importorskip("prometheus_client")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    names: dict[str, Any] = {"__name__": "page"}
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
    for text in (text for kind, text in blocks if kind == "yaml"):
        (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
    for text in (text for kind, text in blocks if kind == "python"):
        exec(compile(text, "docs/observability.md", "exec"), names)
    names["hub"].close()
    table, *lines = capsys.readouterr().out.split("\n1\n")
    assert "gpt" in table
    assert lines[0].split() == ["True", "True", "True", "[[]]"]


def test_every_observer_has_its_row_and_its_section() -> None:
    rows = re.findall(r"^\| \[`(\w+)`\]\(([^)]+)\) \|", PAGE, re.M)
    assert sorted(name for name, _ in rows) == sorted(each.name for each in OBSERVERS.plugins if each.built_in)
    headings = {f"#{name.lower()}" for name in re.findall(r"^## (.+)$", PAGE, re.M)}
    for name, where in rows:
        assert where in headings or (ROOT / "docs" / where.partition("#")[0]).is_file(), name


def test_every_metric_has_its_row() -> None:
    client = pytest.importorskip("prometheus_client")
    with ModelRegistry(observers=["prometheus"]):
        found = {
            f"{family.name}_total" if family.type == "counter" else family.name: family.type
            for family in client.REGISTRY.collect()
            if family.name.startswith("modelhub_")
        }
    assert dict(re.findall(r"^\| `(modelhub_\w+)` \| (\w+)", PAGE, re.M)) == found


def test_the_lines_are_what_is_logged() -> None:
    from ..telemetry.test_log import LINES

    said = {line for _, _, line in LINES}
    shown = [line for text in re.findall(r"^```text\n(.*?)^```$", PAGE, re.M | re.S) for line in text.splitlines()]
    known = [re.sub(r"[\w.-]+", "x", line) for line in said if line]
    assert [line for line in shown if re.sub(r"[\w.-]+", "x", line) not in known] == []
