"""docs/observers.md: its examples run, and its table has the fields that the records have."""

from __future__ import annotations

import dataclasses
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from modelhub import events
from modelhub.testing import MockServer

from ..paths import ROOT

PAGE = (ROOT / "docs" / "observers.md").read_text("utf-8")
RECORDS = {
    name: [field.name for field in dataclasses.fields(cls)]
    for name, cls in inspect.getmembers(events, dataclasses.is_dataclass)
}


def test_the_examples(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    server.script("429;retry-after-ms=1", "ok")
    names: dict[str, Any] = {"__name__": "page"}
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
    assert [kind for kind, _ in blocks] == ["yaml", "python", "python", "python", "python"]
    for kind, text in blocks:
        if kind == "yaml":
            (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
        else:
            exec(compile(text, "docs/observers.md", "exec"), names)
    assert capsys.readouterr().out.splitlines() == [
        "gpt: RateLimitError, trying again",
        "gpt: stop, tries: 2",
        "True",
        "gpt: stop, tries: 1",
        "True",
    ]


def test_every_record_has_its_row() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^\n]*)\|$", PAGE, re.M))
    common = RECORDS["Event"]
    assert set(rows) == set(RECORDS) - {"Event"}
    for name, fields in rows.items():
        told = re.findall(r"`(\w+)`", re.sub(r"\([^)]*\)", "", fields))
        assert told == [field for field in RECORDS[name] if field not in common], name


@pytest.mark.parametrize("field", RECORDS["Event"])
def test_what_all_records_have_is_told(field: str) -> None:
    assert f"`{field}`" in PAGE
