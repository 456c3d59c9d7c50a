"""docs/routing.md: its examples run and do what it tells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from modelhub.base.in_turn import ON_ERROR
from modelhub.testing import MockServer
from modelhub.validation import load_schema

from ..paths import ROOT

PAGE = (ROOT / "docs" / "routing.md").read_text("utf-8")


def test_the_examples(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    server.script(*["ok"] * 6, "429", "ok", "500", "500")
    names: dict[str, Any] = {"__name__": "page"}
    for kind, text in re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S):
        if kind == "yaml":
            (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text)
        else:
            exec(compile(text, "docs/routing.md", "exec"), names)
    assert capsys.readouterr().out.splitlines() == [
        "assistant is answered by gpt ['answered']",
        "front is answered by gpt ['answered']",
        "careful is answered by local ['answered']",
        "letter is answered by gpt ['answered', 'answered']",
        "local",
        "hello from local",
        "gpt failed 429",
        "local answered 200",
        "['failed', 'failed']",
        "eyes",
        "coder",
        "{'gpt'}",
        "small",
        "large ['unaccepted', 'answered']",
        "Dear Ann, it rains. (You asked: echo: it rains.)",
    ]


def test_the_errors_that_count_are_told() -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith("| one of the errors"))
    assert re.findall(r"\w+Error", row) == list(ON_ERROR)


def test_all_keys_and_picks_are_told() -> None:
    router, cascade = (load_schema(name) for name in ("router", "cascade"))
    assert router is not None
    assert cascade is not None
    route = router["properties"]["routes"]["items"]["properties"]
    accept = cascade["properties"]["steps"]["items"]["properties"]["accept"]["properties"]
    for told in (*route["when"]["properties"], *route["pick"]["enum"], *accept):
        assert re.search(rf"^\|.*`{told}`.* \|", PAGE, re.M), told
