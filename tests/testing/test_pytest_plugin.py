"""The pytest plugin: its fixtures, in a run of pytest of its own, and what it costs a run that does not use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

PROGRAM = """
import pytest
import modelhub

CHAT = {{"config_name": "m", "model_type": "openai_chat", "model_name": "m", "api_key": "${{NOT_SET}}"}}

def test_mock(modelhub_mock, modelhub_no_network):
    with modelhub_mock.registry([CHAT]) as hub:
        assert hub.get_model("m")("echo: hi").text == "hi"
    assert modelhub_mock.requests[0].json["model"] == "m"

def test_mocked(modelhub_mock, modelhub_no_network):
    with modelhub.ModelRegistry(CHAT) as hub:
        model = hub.get_model("m")
        mock = modelhub_mock(hub)
        assert mock.hub is hub
        mock.reply("one")
        assert model("hi").text == "one"
    assert modelhub_mock([CHAT]).hub.get_model("m")("echo: hi").text == "hi"
    assert len(mock.requests) == 2

def test_replay(modelhub_replay, modelhub_no_network, monkeypatch):
    monkeypatch.setenv("NOT_SET", "k")
    with modelhub.ModelRegistry(CHAT) as hub:
        model = hub.get_model("m")
        played = modelhub_replay({recording!r}, model)
        assert model("Hi").text == "Hello"
    assert len(played.requests) == 1

def test_no_network(modelhub_no_network, monkeypatch):
    monkeypatch.setenv("NOT_SET", "k")
    with modelhub.ModelRegistry(CHAT) as hub, pytest.raises(RuntimeError, match="api.openai.com"):
        hub.get_model("m")("Hi")
"""
IDLE = "import sys\ndef test_idle():\n    print('loaded:', *[name for name in sys.modules if 'modelhub' in name])\n"


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in ``folder``, with the plugin that the distribution names."""
    named = any(entry.value == "modelhub.testing.pytest_plugin" for entry in entry_points(group="pytest11"))
    plugin = () if named else ("-p", "modelhub.testing.pytest_plugin")
    command = [sys.executable, "-P", "-m", "pytest", "-p", "no:cacheprovider", *plugin, *options]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=kept)


def test_fixtures(tmp_path: Path) -> None:
    recording = tmp_path / "chat.json"
    message = {"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}
    recording.write_text(json.dumps({"request": {"input": "Hi"}, "replies": [{"body": {"choices": [message]}}]}))
    (tmp_path / "test_it.py").write_text(PROGRAM.format(recording=str(recording)))
    done = run(tmp_path, "-q", "-W", "error")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 passed" in done.stdout


def test_it_is_idle(tmp_path: Path) -> None:
    (tmp_path / "test_idle.py").write_text(IDLE)
    done = run(tmp_path, "-q", "-s")
    loaded = next(line for line in done.stdout.splitlines() if line.startswith("loaded:")).split()[1:]
    assert set(loaded) == {"modelhub", "modelhub.testing", "modelhub.testing.pytest_plugin"}


def test_the_distribution_names_it() -> None:
    text = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text()
    assert '[project.entry-points.pytest11]\nmodelhub = "modelhub.testing.pytest_plugin"' in text
