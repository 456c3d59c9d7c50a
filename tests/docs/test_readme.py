"""Every command and every snippet of the README runs, in order, against a mock server."""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

import modelhub
from modelhub.cli.app import cli
from modelhub.server.mock.point import KEY, point_at
from modelhub.testing import MockServer
from modelhub.vendors import list_vendors

from ..paths import ROOT

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.M | re.S)


def find_blocks(name: str) -> list[tuple[str, str]]:
    return BLOCK.findall((ROOT / name).read_text("utf-8"))


@pytest.fixture
def workplace(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to run snippets in, where every vendor's address is the mock's."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path


def test_readme(workplace: Path, capfd: Any) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}  # where dataclasses look for their module
    blocks = find_blocks("README.md")
    assert {kind for kind, _ in blocks} == {"yaml", "toml", "python", "sh"}
    for kind, text in blocks:
        if kind == "python":
            exec(compile(text, "README.md", "exec"), names)
        elif kind == "sh":
            for line in text.strip().split("\n"):
                if not line.startswith(
                    ("pip install", "scripts/")
                ):  # what scripts/test does, and what has tests of its own
                    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=False)
                    assert (done.returncode, done.stderr) == (0, ""), line
                    assert done.stdout.strip(), line
        else:
            title, _, _ = text.partition("\n")
            (workplace / title.removeprefix("# ")).write_text(text)
    printed = capfd.readouterr().out
    assert "did you mean 'gpt'?" in printed
    assert "The tool says: clear, 21 degrees in Paris" in printed
    assert "Weather(city=" in printed
    assert "['gpt', 'local', 'vectors']" in printed
    assert "HELLO" in printed


def test_the_readme_begins_and_ends_with_one_command() -> None:
    commands = [text.strip() for kind, text in find_blocks("README.md") if kind == "sh" and text.startswith("scripts/")]
    assert commands == ["scripts/quickstart", "scripts/test"]
    assert all((ROOT / command).is_file() for command in commands)


def test_the_first_screen_of_the_readme() -> None:
    lines = (ROOT / "README.md").read_text("utf-8").split("\n")
    (first, _), (second, python), (third, shell) = find_blocks("README.md")[:3]
    assert (first, second, third) == ("yaml", "python", "sh")
    assert len(python.replace("\n\n", "\n").strip().split("\n")) <= 5
    assert shell.startswith("modelhub validate") and shell.count("\n") == 1
    end = [n for n, line in enumerate(lines) if line == "```"][2]
    assert end < 30


def test_from_litellm(workplace: Path) -> None:
    (_, before), (kind, commands), (_, after), (_, notes) = find_blocks("docs/from-litellm.md")
    assert kind == "sh"
    (workplace / "litellm.yaml").write_text(before)
    said = ""
    for line in commands.strip().split("\n"):
        done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)
        said += done.stderr
    assert (workplace / "models.yaml").read_text() == after.removeprefix("# models.yaml\n")
    assert said == notes


FILES = sorted(path for path in (ROOT / "model_configs").iterdir() if path.is_file())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_example_configs_are_valid_and_answer(
    path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch, caller: Any
) -> None:
    for vendor in list_vendors():
        monkeypatch.setenv(vendor.key_variables[0], KEY)
        if vendor.base_url_variable:
            monkeypatch.setenv(vendor.base_url_variable, server.url + urlsplit(vendor.base_url or "").path)
    monkeypatch.setenv("PRIVATE_CHAT_URL", f"{server.url}/llm/")
    monkeypatch.setenv("PRIVATE_CLASSIFIER_URL", f"{server.url}/post")
    monkeypatch.setenv("PRIVATE_IMAGES_URL", f"{server.url}/llm/images")
    monkeypatch.setenv("PRIVATE_VECTORS_URL", f"{server.url}/llm/embeddings")
    monkeypatch.setenv("LITELLM_BASE_URL", f"{server.url}/v1")
    with modelhub.ModelRegistry(path) as hub:
        configs = [hub.build_config(name) for name in hub.names()]
    # The address of another vendor of OpenAI's API is no variable of its own.
    configs = [point_at(config, server.url) if "vendor" in config else config for config in configs]
    with modelhub.ModelRegistry(configs) as hub:
        assert len(hub) > 0
        for name in hub.names():
            response = caller.call(hub.get_model(name), "echo: hi")
            assert response.text == "hi" or response.image_urls or len(response.embedding) == 1


EXAMPLES = [(path, name) for path in FILES for name in modelhub.ModelRegistry(path).names()]


@pytest.mark.parametrize(("path", "name"), EXAMPLES, ids=[name for _, name in EXAMPLES])
def test_every_example_can_be_tried_with_one_flag(path: Path, name: str) -> None:
    done = CliRunner().invoke(cli, ["call", name, "echo: hi", "-c", str(path), "--mock", "--json"])
    assert done.exit_code == 0, done.exception
    document = json.loads(done.stdout)
    assert document.get("text") == "hi" or document.get("embedding") or document.get("image_urls")


def test_quickstart_without_a_key_and_without_a_server(unused_port: int, tmp_path: Path) -> None:
    environment = {**os.environ, "OLLAMA_HOST": f"127.0.0.1:{unused_port}"}
    folder = tmp_path / "to play"
    command = [sys.executable, str(ROOT / "scripts" / "quickstart.py"), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True, timeout=60)
    assert done.stderr == ""
    for part in ("modelhub mock", "2 configs ok", "3 vectors of", "did you mean 'temperature'?", "typo.yaml:8:5"):
        assert part in done.stdout
    following = done.stdout.partition("# What next?")[2].splitlines()[1:]
    assert following[0] == f"cd '{folder}'"
    assert following[1].startswith("source ") == (Path(sys.prefix) / "bin" / "activate").exists()
    assert sorted(path.name for path in folder.iterdir()) == ["models.yaml", "program.py", "typo.yaml"]


def test_the_program_of_quickstart(server: MockServer, tmp_path: Path) -> None:
    quickstart = runpy.run_path(str(ROOT / "scripts" / "quickstart.py"))
    facts = {"url": f"{server.url}/v1", "chat": "m", "key": "${OPENAI_API_KEY}"}
    files = {"models.yaml": quickstart["OPENAI"].format(**facts), "program.py": quickstart["build_program"]()}
    folder = quickstart["write"](tmp_path / "play", files)
    assert quickstart["write"](folder, files) == folder
    assert quickstart["write"](folder, {"program.py": "another"}).name == "play-2"
    environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    for more, code, lines in (({}, 1, 2), ({"OPENAI_API_KEY": "k"}, 0, 0)):
        command = [sys.executable, "program.py"]
        done = subprocess.run(command, cwd=folder, env={**environment, **more}, capture_output=True, text=True)
        assert (done.returncode, len(done.stderr.splitlines())) == (code, lines)
        assert ("set OPENAI_API_KEY" in done.stderr) == (code == 1)
    assert done.stdout.strip()


@pytest.mark.parametrize("key", [True, False], ids=["key", "ollama"])
def test_quickstart_with_a_key_or_ollama(server: MockServer, key: bool, tmp_path: Path) -> None:
    environment = {**os.environ, "OLLAMA_HOST": server.url}
    if key:  # the script names the vendor's own address, which a test must not reach
        source = (ROOT / "scripts" / "quickstart.py").read_text("utf-8")
        script = tmp_path / "quickstart.py"
        script.write_text(source.replace("https://api.openai.com/v1", f"{server.url}/v1"))
        environment |= {"OPENAI_API_KEY": "sk-quick-1234"}
    else:
        script = ROOT / "scripts" / "quickstart.py"
    command = [sys.executable, str(script), str(tmp_path / "play")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert ("OPENAI_API_KEY is set" if key else "Ollama runs here") in done.stdout
    assert "sk-quick-1234" not in done.stdout + done.stderr
    assert "3 vectors of" in done.stdout
