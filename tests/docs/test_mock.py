"""docs/mock.md: its examples run and print what the page says, and its tables have all keys and faults."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.server.mock.faults import NAMES
from modelhub.server.mock.scenario.reading import read_scenario
from modelhub.testing import Counts
from modelhub.validation.schema.store import load_file

from ..keys import find_keys
from ..paths import ROOT

PAGE = (ROOT / "docs" / "mock.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)


def test_the_examples(capsys: Any) -> None:
    names: dict[str, Any] = {"__name__": "page"}
    printed = []
    for kind, text in BLOCKS:
        if kind == "python":
            exec(compile(text, "docs/mock.md", "exec"), names)
            printed.append(capsys.readouterr().out)
        elif kind == "text":
            assert printed[-1] == text
    assert len(printed) == 4


def test_the_command(tmp_path: Path) -> None:
    yaml = next(text for kind, text in BLOCKS if kind == "yaml")
    (tmp_path / yaml.partition("\n")[0].removeprefix("# ")).write_text(yaml)
    (line,) = [text for kind, text in BLOCKS if kind == "sh"]
    command = [sys.executable, "-m", *line.split(), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        assert "is listening on http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) in (0, 130)


def test_the_scenario_has_what_the_page_says(tmp_path: Path) -> None:
    path = tmp_path / "outage.yaml"
    path.write_text(next(text for kind, text in BLOCKS if kind == "yaml"))
    scenario = read_scenario(path)
    assert len(scenario.rules) == 2 and len(scenario.rules[1].behaviour.faults) == 4
    for text in re.findall(r"`\{(\w+: \{.*?\})\}`", PAGE):
        path.write_text(f"latency: {{{text}}}")
        assert read_scenario(path).rules[0].behaviour.latency.a > 0


@pytest.mark.parametrize("word", sorted({*find_keys(load_file("_scenario.json")), *(f.name for f in fields(Counts))}))
def test_every_key_is_told(word: str) -> None:
    assert re.search(rf"[`{{ ]{word}[`: ]", PAGE)


@pytest.mark.parametrize("name", [name for name in NAMES if not name.isdecimal()])
def test_every_fault_is_told(name: str) -> None:
    assert re.search(rf"^\|[^|]*`{name}`[^|]*\|", PAGE, re.M)


def test_the_command_prints_what_it_has_seen() -> None:
    command = [sys.executable, "-m", "modelhub", "mock", "--quiet", "--port", "0", "--faults", "500", "--stats"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split("listening on ")[1].split()[0]
        config = {"config_name": "m", "model_type": "openai_chat", "client_args": {"base_url": f"{url}/v1"}}
        with ModelRegistry({**config, "api_key": "any", "retry": {"initial": 0}}) as hub:
            hub.get_model("m")("Hi")
            hub.get_model("m")("Hi")
        process.send_signal(signal.SIGINT)
        printed = process.stdout.read()
    assert printed == next(text for kind, text in BLOCKS if kind == "console")
