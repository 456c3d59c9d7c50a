"""docs/private-models.md: its story is played against its service, and each example of the language is run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import modelhub
from modelhub import ModelRegistry
from modelhub.registry import default
from modelhub.testing import MockServer, Replay
from modelhub.validation.schema.store import load_file
from modelhub.wire import Request

from ..paths import ROOT
from .risk_service import TOKEN, RiskService

PAGE = (ROOT / "docs" / "private-models.md").read_text("utf-8")
STORY, LANGUAGE = PAGE.split("\n## The language\n")
SECTIONS = dict(re.findall(r"^### ([^\n]*)\n(.*?)(?=^##|\Z)", LANGUAGE, re.M | re.S))
BLOCK = re.compile(r"(?:^`([\w/.-]+)`[^\n]*:\n\n)?^```(\w*)\n(.*?)^```$", re.M | re.S)


def write_file(folder: Path, name: str, kind: str, text: str) -> bool:
    """Write a block that is a file: one whose name stands before it, or in its first line."""
    first = text.partition("\n")[0]
    name = name or (first.removeprefix("# ") if kind in ("yaml", "toml") else "")
    if name:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return bool(name)


def install(project: Path, site: Path) -> None:
    """Do what pip would do with a project that has one package."""
    about = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))["project"]
    package = about["name"].replace("-", "_")
    shutil.copytree(project / package, site / package)
    info = site / f"{package}-{about['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {about['name']}\nVersion: {about['version']}\n")
    groups = about["entry-points"].items()
    lines = [f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in points.items()) for group, points in groups]
    (info / "entry_points.txt").write_text("".join(lines))


# In the story, "..." stands for whatever is printed there.
def test_the_story(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(default, "_default", None)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    variables = {"RISK_TOKEN": TOKEN, "OPENAI_API_KEY": "sk-test", "OPENAI_BASE_URL": f"{server.url}/v1"}
    names: dict[str, Any] = {"__name__": "page"}
    said = ""
    with RiskService() as service:
        variables["PYTHONPATH"] = str(tmp_path / "site")
        variables |= {"RISK_URL": service.url, "PATH": path, "NO_COLOR": "1", "XDG_CACHE_HOME": str(tmp_path / "cache")}
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        for name, kind, text in BLOCK.findall(STORY):
            if write_file(tmp_path, name, kind, text):
                continue
            if kind == "python":
                exec(compile(text, "docs/private-models.md", "exec"), names)
                said += capsys.readouterr().out
            elif text.startswith("pip install "):
                install(tmp_path / text.removeprefix("pip install ").strip(), tmp_path / "site")
            elif kind == "sh":
                run = ["sh", "-c", text.replace("\n", ";")]
                done = subprocess.run(run, capture_output=True, text=True, check=False)
                assert done.stderr == ""
                said += done.stdout
            else:
                assert re.fullmatch(re.escape(text).replace(r"\.\.\.", ".*"), said, re.S)
                said = ""
    assert said == ""
    names["hub"].close()


def check_sent(request: Request, text: str) -> None:
    """See that a request is the one of a block; ``...`` stands for any value of a header."""
    head, _, body = text.partition("\n\n")
    line, *headers = head.strip().split("\n")
    address = urlsplit(request.url)
    assert line == f"{request.method} {address.path}{'?' if address.query else ''}{address.query}"
    for name, value in (header.split(": ") for header in headers):
        assert request.headers[name]
        assert value in ("...", request.headers[name])
    assert (json.loads(request.body) if request.body else None) == (json.loads(body) if body else None)


@pytest.mark.parametrize("title", SECTIONS)
def test_an_example_of_the_language(title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RISK_SECRET", "shh-1")
    monkeypatch.setenv("RISK_APP", "app-1")
    blocks = BLOCK.findall(SECTIONS[title])
    (config,) = (text for _, kind, text in blocks if kind == "yaml")
    (tmp_path / "models.yaml").write_text(config)
    bodies = [text for _, kind, text in blocks if kind in ("json", "ndjson")] or ['{"answer": "Yes."}']
    with ModelRegistry(tmp_path / "models.yaml") as hub:
        model: Any = hub.get_model("risk")
        model.drivers = replay = Replay([{"body": body} for body in bodies])
        (code,) = (text for _, kind, text in blocks if kind == "python")
        exec(compile(code, "docs/private-models.md", "exec"), {"__name__": "page", "risk": model, "modelhub": modelhub})
    assert capsys.readouterr().out == "".join(text for _, kind, text in blocks if kind == "text")
    wanted = [text for _, kind, text in blocks if kind == "http"]
    assert len(wanted) in (0, len(replay.requests))
    for request, text in zip(replay.requests, wanted, strict=False):
        check_sent(request, text)
    assert len(replay.requests) == len(bodies)


def find_keys(schema: Any) -> set[str]:
    """The keys that the schema of the language knows, and the words that they may have."""
    keys: set[str] = set()
    if isinstance(schema, dict):
        properties = schema.get("properties")
        keys |= properties.keys() if isinstance(properties, dict) else set()
        keys |= {word for word in schema.get("enum", ()) if isinstance(word, str) and word.islower()}
        for value in schema.values():
            keys |= find_keys(value)
    elif isinstance(schema, list):
        for value in schema:
            keys |= find_keys(value)
    return keys


@pytest.mark.parametrize("key", sorted(find_keys(load_file("_adapter.json"))))
def test_every_key_is_told(key: str) -> None:
    assert re.search(rf"[`{{ ]{key}[`:,}} ]", LANGUAGE)
