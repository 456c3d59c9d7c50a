"""docs/embedding.md: its examples run and print what they say."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from modelhub.testing import MockServer
from modelhub.vendors import find_vendor, list_vendors

from ..paths import ROOT

PAGE = (ROOT / "docs" / "embedding.md").read_text("utf-8")


def test_the_examples(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    names: dict[str, Any] = {"__name__": "page"}
    said = []
    for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S):
        if kind == "yaml":
            (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
        else:
            exec(compile(text, "docs/embedding.md", "exec"), names)
            said += re.findall(r"print\(.*\)  # (.*)", text)
    assert capsys.readouterr().out.splitlines() == said
    assert len(said) == 4


def test_the_limits_are_those_of_the_vendors() -> None:
    limits = " ".join(PAGE.partition("## Many texts")[2].partition("## Options")[0].split())
    names = {"OpenAI": "openai", "Mistral": "mistral", "Gemini": "gemini", "Upstage": "upstage", "ZhipuAI": "zhipuai"}
    for name, key in names.items():
        vendor = find_vendor(key)
        assert vendor is not None and vendor.batch_size
        assert re.search(rf"\b{name}\b[^.:]*? {vendor.batch_size:,}\b", limits), name
    for vendor in list_vendors():
        assert vendor.batch_tokens is None or f"({vendor.batch_tokens:,})" in limits
        if "blank_texts" in vendor.lacks:
            assert vendor.title in PAGE
