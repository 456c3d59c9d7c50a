"""What ``modelhub validate`` reads, and what it asks of the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.yaml", "b.json", "teams/c.toml", "teams/deep/d.yml", "teams/[e].yaml"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        stem = path.stem.strip("[]")
        config = {"config_name": stem, "model_type": "openai_chat"}
        if path.suffix == ".toml":
            path.write_text(f'config_name = "{stem}"\nmodel_type = "openai_chat"\n')
        else:
            path.write_text(json.dumps(config))
    (tmp_path / "teams" / "notes.txt").write_text("no config")
    return tmp_path


def validate(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["validate", *arguments])
    return done.exit_code, done.stdout.strip()


@pytest.mark.parametrize(
    ("paths", "count"),
    [
        (["*.yaml"], 1),
        (["*.*"], 2),
        (["**"], 5),
        (["**/*"], 5),
        (["teams/**/*.y*ml"], 2),
        (["teams/*"], 2),
        (["{folder}/**/*.yml"], 1),
        (["teams"], 2),
        (["."], 2),
        (["a.yaml", "*.yaml", "./a.yaml"], 1),
        (["teams/[e].yaml"], 1),
        (["teams/[[]e].yaml"], 1),
    ],
    ids=str,
)
def test_patterns_and_folders(folder: Path, paths: list[str], count: int) -> None:
    noun = "config" if count == 1 else "configs"
    assert validate(*(path.format(folder=folder) for path in paths)) == (0, f"{count} {noun} ok")


def test_a_pattern_that_matches_nothing_is_a_problem(folder: Path) -> None:
    code, printed = validate("a.yaml", "teams/*.txt", "nowhere/**")
    assert code == 1
    assert printed.split("\n") == [
        "teams/*.txt: MH101 the pattern matches no config file",
        "nowhere/**: MH101 the pattern matches no config file",
        "2 problems in 1 config",
    ]


CONFIG = """\
config_name: gpt
model_type: openai_chat
api_key: ${OPENAI_API_KEY}
organization: ${ORGANIZATION:-org-1}
headers: {X-Team: "${TEAM} of ${DEPARTMENT} and ${TEAM}", X-Price: "$${TEAM}"}
client_args: {base_url: "http://${HOST}/v1"}
timeout: ${SECONDS}
generate_args: {stop: ["a", "${file:stop.txt}"]}
"""


def test_env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("TEAM", "DEPARTMENT", "HOST", "SECONDS"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "models.yaml"
    path.write_text(CONFIG)
    assert validate(str(path)) == (0, "1 config ok")
    code, printed = validate("--env", "--format", "json", str(path))
    found: list[dict[str, Any]] = json.loads(printed)
    assert code == 1
    assert [(problem["code"], problem["line"], problem["column"], problem["message"]) for problem in found] == [
        ("MH301", 3, 10, "api_key: environment variable OPENAI_API_KEY is not set"),
        ("MH301", 5, 19, "headers.X-Team: environment variable TEAM is not set"),
        ("MH301", 5, 19, "headers.X-Team: environment variable DEPARTMENT is not set"),
        ("MH301", 6, 25, "client_args.base_url: environment variable HOST is not set"),
        ("MH301", 7, 10, "timeout: environment variable SECONDS is not set"),
        (
            "MH302",
            8,
            29,
            "generate_args.stop[1]: the file 'stop.txt' of a ${file:...} cannot be used: it does not exist",
        ),
    ]
    for name in ("OPENAI_API_KEY", "TEAM", "DEPARTMENT", "HOST", "SECONDS"):
        monkeypatch.setenv(name, "hunter2")
    (tmp_path / "stop.txt").write_text("END")
    path.write_text(CONFIG)
    assert validate("--env", str(path)) == (0, "1 config ok")


def test_plaintext_keys_fail_only_when_strict(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("config_name: gpt\nmodel_type: openai_chat\napi_key: sk-canary-canary\n")
    code, printed = validate(str(path))
    assert code == 0
    assert "models.yaml:3:10: MH401 warning: api_key is a secret in plain text; move it to the environment" in printed
    assert "canary-canary" not in printed
    assert validate("--strict", str(path))[0] == 1
