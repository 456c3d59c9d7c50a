"""Where the file of a ``${file:...}`` is looked for, and what is taken away from what it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub import ModelRegistry
from modelhub.cli.app import cli
from modelhub.secrets import resolve
from modelhub.testing import MockServer

TEXTS = {
    "models.yaml": "config_name: {name}\nmodel_type: openai_chat\nmodel_name: m\napi_key: ${{file:{file}}}\n"
    "client_args: {{base_url: '{url}'}}\n",
    "models.json": '{{"config_name": "{name}", "model_type": "openai_chat", "model_name": "m",'
    ' "api_key": "${{file:{file}}}", "client_args": {{"base_url": "{url}"}}}}',
    "models.toml": 'config_name = "{name}"\nmodel_type = "openai_chat"\nmodel_name = "m"\n'
    'api_key = "${{file:{file}}}"\n'
    'client_args = {{base_url = "{url}"}}\n',
}


def write(path: Path, **facts: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(TEXTS[f"models{path.suffix}"].format(**{"name": "a", "url": "http://127.0.0.1:1/v1", **facts}))
    return path


def sent(server: MockServer) -> str:
    return server.requests[-1].headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("file", ["secrets/key", "./secrets/key", "../conf/secrets/key"])
def test_relative_to_the_config_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: MockServer, caller: Any, name: str, file: str
) -> None:
    conf = tmp_path / "conf"
    path = write(conf / name, file=file, url=f"{server.url}/v1")
    (conf / "secrets").mkdir()
    (conf / "secrets" / "key").write_text("from-a-file\n")
    for folder, seen in ((tmp_path, f"conf/{name}"), (conf, name), (tmp_path, str(path))):
        monkeypatch.chdir(folder)
        assert CliRunner().invoke(cli, ["validate", "--env", seen]).exit_code == 0
        with ModelRegistry(seen) as hub:
            monkeypatch.chdir("/")
            caller.call(hub.get_model("a"), "hi")
            assert sent(server) == "from-a-file"


def test_relative_to_the_included_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: MockServer) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "inner" / "one.yaml", file="key", url=f"{server.url}/v1")
    (tmp_path / "inner" / "key").write_text("inner-key")
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "key").write_text("outer-key")
    (tmp_path / "conf" / "models.yaml").write_text(
        "include: ../inner/one.yaml\ndefaults: {all: {organization: 'team ${file:key}'}}\n"
    )
    with ModelRegistry("conf/models.yaml") as hub:
        hub.get_model("a")("hi")
    assert sent(server) == "inner-key"
    assert server.requests[-1].headers["OpenAI-Organization"] == "team outer-key"


def test_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: MockServer) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "key").write_text("from-here")
    client_args = {"base_url": f"{server.url}/v1"}
    config = {"config_name": "a", "model_type": "openai_chat", "api_key": "${file:key}", "client_args": client_args}
    with ModelRegistry(config) as hub:
        assert hub.config("a")["api_key"] == "${file:key}"
        hub.get_model("a")("hi")
    assert sent(server) == "from-here"


def test_in_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "key").write_text("from-home")
    path = write(tmp_path / "conf" / "one.yaml", file="~/key")
    assert CliRunner().invoke(cli, ["validate", "--env", str(path)]).exit_code == 0
    explained = json.loads(CliRunner().invoke(cli, ["explain", "a", "--json", "-c", str(path)]).output)
    [found] = [each for each in explained if each["key"] == "api_key"]
    assert found["references"] == {"file:~/key": True}
    (tmp_path / "all.yaml").write_text("include: ~/conf/one.yaml\n")
    assert ModelRegistry("~/all.yaml").names() == ["a"]
    (tmp_path / "all.yaml").write_text("include: ~/conf/*.yaml\n")
    assert ModelRegistry([Path("~/all.yaml")]).names() == ["a"]
    assert resolve("${file:~/key}", where="x") == "from-home"
    wrong = CliRunner().invoke(cli, ["validate", "--env", str(write(path, file="~nobody-here/key"))])
    assert "it does not exist" in wrong.output


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"\xef\xbb\xbfsk-1\r\n", "sk-1"),
        (b"sk-1\n\n", "sk-1"),
        (b"\xef\xbb\xbf", ""),
        (b" sk-1", " sk-1"),
        ("s\u00e9\n".encode(), "s\u00e9"),
    ],
)
def test_what_an_editor_adds_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, value: str
) -> None:
    (tmp_path / "key").write_bytes(content)
    assert resolve(f"${{file:{tmp_path}/key}}", where="x") == value
    monkeypatch.setenv("KEY", content.decode())
    assert resolve("${KEY}", where="x") == value
    assert resolve("${env:KEY}", where="x") == value
    assert resolve("${KEY:-spare}", where="x") == (value or "spare")
