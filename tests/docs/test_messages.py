"""docs/messages.md: its examples run and print what it tells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from modelhub.testing import MockServer

from ..paths import ROOT

PAGE = (ROOT / "docs" / "messages.md").read_text("utf-8")


def test_the_examples(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    names: dict[str, Any] = {"__name__": "__main__"}  # where dataclasses look for their module
    for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S):
        if kind == "yaml":
            (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
        else:
            exec(compile(text, "docs/messages.md", "exec"), names)
    *said, refused = capsys.readouterr().out.splitlines()
    assert said == ["a text", "messages", "a dataclass", "The tool says: clear in Paris", "more"]
    assert refused.startswith("gpt (openai_chat): a call has no option 'api_key'")
    assert server.requests[-1].json["service_tier"] == "flex"
    assert server.requests[-1].headers["x-team"] == "search"
