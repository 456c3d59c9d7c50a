"""docs/usage-and-budgets.md: its examples run and print what it tells, and it names what there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.prices.known import find_date
from modelhub.testing import MockServer
from modelhub.usage import observer
from modelhub.usage.report import WAYS
from modelhub.validation.schema.store import load_file

from ..paths import ROOT

PAGE = (ROOT / "docs" / "usage-and-budgets.md").read_text("utf-8")


def test_the_examples(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("MODELHUB_USAGE", str(tmp_path / "usage.db"))
    names: dict[str, Any] = {"__name__": "page"}
    for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S):
        if kind == "yaml":
            (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
        elif kind == "console":
            command, _, output = text.removeprefix("$ modelhub ").partition("\n")
            assert CliRunner().invoke(cli, command.split()).output == output
        else:
            exec(compile(text, "docs/usage-and-budgets.md", "exec"), names)
    names["hub"].close()
    assert capsys.readouterr().out.splitlines() == [
        "night 1 USD",
        "team-a 2 USD",
        "{'prompt': 0.5, 'completion': 1.5, 'per': 1000000}",
        "local_budget True False",
    ]


def test_it_names_what_there_is() -> None:
    for way in WAYS:
        assert f"`{way}`" in PAGE or f"`--by {way}`" in PAGE
    price = (load_file("_common.json") or {})["$defs"]["price"]["properties"]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| [^|]+ \|$", PAGE[PAGE.index("## Prices") :], re.M)
    assert re.findall(r"`(\w+)`", " ".join(rows))[: len(price)] == [
        *("prompt", "completion", "cached", "cache_write", "image", "batch", "per", "currency")
    ]
    budget = (load_file("_common.json") or {})["$defs"]["budget"]["properties"]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| .+ \|$", PAGE[PAGE.index("## Budgets") :], re.M)
    assert re.findall(r"`(\w+)`", " ".join(rows)) == list(budget)
    assert find_date() in PAGE
    assert f"{observer.MOST:,}" in PAGE
