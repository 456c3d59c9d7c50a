"""What ``modelhub validate`` reads, and what it asks of the environment."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.cli.reports import REPORTS
from modelhub.configs import load
from modelhub.configs.sources.files import MAX_BYTES

from ..paths import ROOT


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
        (["teams"], 3),
        (["."], 5),
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


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("config_name: a\nmodel_type: openai_chat\n", "1 config ok"),
        ("[{config_name: a, model_type: openai_chat}]", "1 config ok"),
        ('[{"config_name": "\\ud83d\\ude00",\n\t"model_type": "openai_chat"}]', "1 config ok"),
        ('# it\n[[models]] # one\nconfig_name = "a"\nmodel_type = "openai_chat"\n', "1 config ok"),
        ('\ufeffconfig_name = "a"\nmodel_type = "openai_chat"\n', "1 config ok"),
        ('[models]\nconfig_name = "a"\n', "<stdin>:1:1: MH106 'models' must be a list"),
        ("[models]\n", "<stdin>:1:1: MH106 'models' must be a list"),
        ('{"config_name": "a" "model_type": 1}', "<stdin>:1:"),
        ("", "<stdin>:1:1: MH106 the file holds no model config"),
        (" " * (MAX_BYTES + 1), "<stdin>: MH101 there are more than 4 MB of it"),
    ],
    ids=["yaml", "flow", "json", "toml", "keys", "table", "header", "broken", "empty", "huge"],
)
def test_standard_input(text: str, found: str) -> None:
    done = CliRunner().invoke(cli, ["validate", "-"], input=text)
    assert (done.exit_code, done.stdout.startswith(found)) == (int(" ok" not in found), True), done.stdout


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
            f"generate_args.stop[1]: the file '{path.with_name('stop.txt')}' of a ${{file:...}} cannot be used:"
            " it does not exist",
        ),
    ]
    for name in ("OPENAI_API_KEY", "TEAM", "DEPARTMENT", "HOST"):
        monkeypatch.setenv(name, "hunter2")
    monkeypatch.setenv("SECONDS", "30")
    (tmp_path / "stop.txt").write_text("END")
    path.write_text(CONFIG)
    assert validate("--env", str(path)) == (0, "1 config ok")


MISFITS = """\
- config_name: gpt
  model_type: openai
  model: ${M}
  api_key: ${KEY}
  timeout: ${T:-abc}
  stream: ${FLAG}
  client_args: {base_url: "${URL:-http:localhost}/v1", max_retries: "${N:--1}"}
  organization: ${EMPTY:-}
  generate_args: {temperature: "${TEMPERATURE}", max_tokens: "${N}", logit_bias: {"50256": "${N}"}}
- {config_name: local, model_type: ollama_chat, model_name: m, host: "${URL}", think: "${M:-hihg}"}
"""


@pytest.mark.parametrize(
    ("environment", "found"),
    [
        (
            {"T": "30", "FLAG": "True", "URL": "http://localhost", "N": "7", "TEMPERATURE": "0.5", "M": "low"},
            [
                "5:12 MH104 the default of ${T} does not fit: timeout must be a number or a mapping, not a string "
                "('abc')",
                "7:27 MH203 the default of ${URL} does not fit: client_args.base_url must be an http:// or https:// "
                "URL with a host, not 'http:localhost/v1'",
                "7:69 MH201 the default of ${N} does not fit: client_args.max_retries must be at least 0, not -1",
                "10:87 MH202 the default of ${M} does not fit: think must be one of true, false, 'low', 'medium', "
                "'high' or null, not 'hihg'",
            ],
        ),
        (
            {"T": "30s", "FLAG": "maybe", "URL": "localhost:99999", "N": "0", "TEMPERATURE": "nan", "M": "hunter2"},
            [
                "5:12 MH104 the value of ${T} does not fit: timeout must be a number or a mapping, not a string",
                "6:11 MH104 the value of ${FLAG} does not fit: stream must be a boolean, not a string",
                "7:27 MH203 the value of ${URL} does not fit: client_args.base_url must be an http:// or https:// URL "
                "with a host",
                "9:32 MH104 the value of ${TEMPERATURE} does not fit: generate_args.temperature must be a number, not "
                "a string",
                "9:62 MH201 the value of ${N} does not fit: generate_args.max_tokens must be at least 1",
                "10:70 MH203 the value of ${URL} does not fit: host has port 99999, which is not between 1 and 65535",
                "10:87 MH202 the value of ${M} does not fit: think must be one of true, false, 'low', 'medium', "
                "'high' or null",
            ],
        ),
    ],
    ids=["defaults", "values"],
)
def test_env_values_that_do_not_fit(
    environment: dict[str, str], found: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"KEY": "hunter2", **environment}.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "models.yaml"
    path.write_text(MISFITS)
    code, printed = validate("--env", "--format", "json", str(path))
    assert code == 1
    assert "hunter2" not in printed
    problems = [problem for problem in json.loads(printed) if problem["code"] != "MH109"]
    said = [f"{each['line']}:{each['column']} {each['code']} {each['message']}" for each in problems]
    defaults = [each for each in said if " the default of " in each]
    values = [each for each in said if " the value of " in each]
    assert len(said) == len(defaults) + len(values)
    assert (values or defaults) == found


def test_env_never_shows_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "models.yaml"
    path.write_text('config_name: gpt\nmodel_type: openai_chat\ntimeout: ${KEY}\napi_key: ["${KEY:-hunter2}"]\n')
    monkeypatch.setenv("KEY", "hunter22")
    for style in ("text", "json"):
        code, printed = validate("--env", "--format", style, str(path))
        assert (code, "timeout must be a number" in printed, "hunter22" in printed) == (1, True, False)


def test_plaintext_keys_fail_only_when_strict(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("config_name: gpt\nmodel_type: openai_chat\napi_key: sk-canary-canary\n")
    code, printed = validate(str(path))
    assert code == 0
    assert "models.yaml:3:10: MH401 warning: api_key is a secret in plain text; move it to the environment" in printed
    assert "canary-canary" not in printed
    assert validate("--strict", str(path))[0] == 1


def test_problems_come_in_the_order_of_the_files_and_of_their_lines(folder: Path) -> None:
    text = """\
profiles: {prod: {nobody: {timeout: 1}}}
models:
  - {config_name: one, model_type: openai_chat, timeout: 0}
  - {config_name: two, model_type: openai, extends: three}
  - {config_name: one, model_type: opena_chat, timeout: "${SECONDS:-x}"}
"""
    for name in ("z.yaml", "y.yaml"):
        (folder / name).write_text(text.replace("one", f"{name[0]}1").replace("two", f"{name[0]}2"))
    document = CliRunner().invoke(cli, ["validate", "--env", "--format", "json", "z.yaml", "y.yaml"]).stdout
    found = [(problem["file"], problem["line"], problem["code"]) for problem in json.loads(document)]
    codes = [(1, "MH303"), (3, "MH201"), (4, "MH303"), (5, "MH108"), (5, "MH107"), (5, "MH104")]
    assert found == [(name, line, code) for name in ("z.yaml", "y.yaml") for line, code in codes]


def test_the_hooks_fire_for_what_is_read(tmp_path: Path) -> None:
    names = [
        "a.yaml",
        "b.JSON",
        "team/c.toml",
        "team/x/d.yml",
        ".hidden.yaml",
        ".git/e.yaml",
        "team/.f/g.yaml",
        "h.txt",
    ]
    for name in names:
        path = tmp_path / "model_configs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{}")
    read = {Path(name).relative_to(tmp_path).as_posix() for name in load(tmp_path / "model_configs").files}
    assert len(read) == 4
    every, folder = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    for hook in (every, folder):
        fires = {f"model_configs/{name}" for name in names if re.search(hook["files"], f"model_configs/{name}")}
        assert fires == read
    assert re.search(every["files"], "services/a/model_configs/a.yaml")
    assert not re.search(folder["files"], "services/a/model_configs/a.yaml")  # it reads the one at the top


def test_files_that_a_hook_names_together(folder: Path) -> None:
    (folder / "m.yaml").write_text("include: [parts/p.yaml]\ndefaults: {openai_chat: {timeout: 3}}\n")
    (folder / "parts").mkdir()
    (folder / "parts" / "p.yaml").write_text("config_name: p\nmodel_type: openai_chat\n")
    for paths in (
        ["m.yaml", "parts/p.yaml"],
        ["parts/p.yaml", "m.yaml"],
        ["parts/p.yaml", "parts", "m.yaml", "./m.yaml"],
    ):
        assert validate(*paths) == (0, "1 config ok")
    assert validate("gone.yaml", "m.yaml")[0] == 1


# What in each report is a failure.
FAILURES = {
    "text": r"^m\.yaml:\d+:\d+: MH\d+ (?!warning)",
    "json": r'"severity": "error"',
    "github": r"^::error ",
    "sarif": r'"level": "error"',
    "junit": r"<failure ",
}


@pytest.mark.parametrize("style", REPORTS)
def test_what_fails_the_run_is_a_failure_in_the_report(folder: Path, style: str) -> None:
    config = (
        "config_name: a\nmodel_type: openai_chat\napi_key: sk-proj-4f9aB2kLmN7qRsT8uVwX1yZ3cDeFgHiJkL\ntemperature: 1\n"
    )
    (folder / "m.yaml").write_text(config)
    for options, code, failures in (((), 0, 0), (("--strict",), 1, 2)):
        found = validate("m.yaml", "--format", style, *options)
        assert found[0] == code
        assert len(re.findall(FAILURES[style], found[1], re.MULTILINE)) == failures
        if style == "junit":
            assert f'failures="{failures}"' in found[1]
