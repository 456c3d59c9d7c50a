"""The command as its user meets it: what it prints, where, and the exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest

import modelhub.cli.commands as modelhub_commands
from modelhub.cli.app import COMMANDS as COMMANDS_BY_NAME
from modelhub.cli.app import cli
from modelhub.cli.commands.adapter import COMMANDS as ADAPTER_COMMANDS
from modelhub.cli.commands.adapter import adapter
from modelhub.testing import MockServer

COMMANDS = ["validate", "explain-code", "list", "show", "types", "schema", "plugins", "batch", "bench", "call", "chat"]
COMMANDS += ["diff", "example", "fix", "mock", "serve", "stubs"]


def modelhub(*args: str, **options: Any) -> subprocess.CompletedProcess[str]:
    options.setdefault("timeout", 60)
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "modelhub", *args], capture_output=True, text=True, check=False, **options
    )


@pytest.fixture
def configs(tmp_path: Path, server: MockServer) -> str:
    path = tmp_path / "models.yaml"
    path.write_text(f"""\
- config_name: gpt
  model_type: openai_chat
  model_name: small
  api_key: sk-secret
  client_args: {{base_url: {server.url}/v1}}
- {{config_name: emb, model_type: openai_embedding, client_args: {{base_url: {server.url}/v1}}}}
""")
    return str(path)


@pytest.fixture
def broken(tmp_path: Path) -> str:
    path = tmp_path / "broken.yaml"
    path.write_text("config_name: a\nmodel_type: openai_chat\ntimeout: soon\ntop: 1\n")
    return str(path)


@pytest.mark.parametrize("command", COMMANDS)
def test_help(command: str) -> None:
    done = modelhub(command, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"Usage: modelhub {command}")
    assert command in modelhub("--help").stdout


def test_every_command_is_where_the_table_says() -> None:
    files = {path.stem for path in Path(modelhub_commands.__file__).parent.glob("*.py")} - {"__init__"}
    tables = [(cli, COMMANDS_BY_NAME), (adapter, ADAPTER_COMMANDS)]
    targets = {target for _, table in tables for target, _ in table.values()}
    assert {target.partition(":")[0].rpartition(".")[2] for target in targets} == files
    context = click.Context(cli)
    for group, table in tables:
        for name in table:
            command = group.get_command(context, name)
            assert command is not None
            assert command.name == name
            assert command.help
    assert cli.get_command(context, "nonsense") is None


def test_the_list_of_commands() -> None:
    lines = modelhub("--help").stdout.partition("\nCommands:\n")[2].splitlines()
    listed = [line.strip().split("  ", 1) for line in lines]
    assert [(name, about.strip()) for name, about in listed] == [
        (name, about) for name, (_, about) in sorted(COMMANDS_BY_NAME.items())
    ]


@pytest.mark.parametrize(
    ("arguments", "loaded"),
    [
        (["--help"], []),
        (["explain-code", "MH103"], ["explain_code"]),
        (["validate", "-"], ["validate"]),
        (["list", "-c", "models.yaml"], ["list_"]),
        (["call", "--help"], ["call"]),
    ],
)
def test_a_command_is_imported_when_it_is_run(arguments: list[str], loaded: list[str], tmp_path: Path) -> None:
    (tmp_path / "models.yaml").write_text("{config_name: a, model_type: openai_chat}\n")
    program = f"""
import sys
from contextlib import suppress
from modelhub.cli import main

sys.argv = {["modelhub", *arguments]!r}
with suppress(SystemExit):
    main()
print(*sys.modules, file=sys.stderr)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], input="[]", capture_output=True, text=True, check=True, cwd=tmp_path
    )
    modules = set(done.stderr.split())
    prefix = "modelhub.cli.commands."
    assert sorted(name.removeprefix(prefix) for name in modules if name.startswith(prefix)) == loaded
    assert modules & {"aiohttp", "requests", "jsonschema", "pluggy", "ssl", "modelhub.base"} <= (
        {"modelhub.base"} if loaded == ["call"] else set()
    )
    assert "modelhub.registry.registry" not in modules or loaded in (["list_"], ["call"])


def test_version_and_usage() -> None:
    assert modelhub("--version").stdout.startswith("modelhub, version ")
    assert "; did you mean 'call'?" in modelhub("cal").stderr
    for args in (["nonsense"], ["call"], ["validate", "--format", "xml"], ["show", "--nonsense"]):
        done = modelhub(*args)
        assert done.returncode == 2
        assert "Error:" in done.stderr and "Traceback" not in done.stderr


def test_validate(configs: str, broken: str, tmp_path: Path) -> None:
    done = modelhub("validate", configs)
    assert (done.returncode, done.stdout, done.stderr) == (0, "2 configs ok\n", "")
    done = modelhub("validate", broken, configs)
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.split("\n")
    assert lines[0].startswith(f"{broken}:3:10: MH104 ")
    assert lines[1:3] == ["  3 | timeout: soon", "    |          ^^^^"]
    assert lines[3].startswith(f"{broken}:4:1: MH103 ")
    assert lines[4:] == ["  4 | top: 1", "    | ^^^", "2 problems in 3 configs", ""]
    assert modelhub("validate", str(tmp_path / "nowhere.yaml")).returncode == 1


def test_validate_for_programs(broken: str) -> None:
    done = modelhub("validate", "--format", "json", broken)
    assert done.returncode == 1
    first, second = json.loads(done.stdout)
    assert (first["file"], first["line"], first["column"], first["code"]) == (broken, 3, 10, "MH104")
    assert set(first) == {
        *("file", "line", "column", "end_line", "end_column", "code"),
        *("severity", "message", "hint", "config_name", "path"),
    }
    assert (second["config_name"], second["path"]) == ("a", ["top"])
    assert modelhub("validate", "--format", "json", "-", input="[]").stdout.strip() == "[]"


def test_validate_reads_stdin_and_its_default(configs: str, broken: str, tmp_path: Path) -> None:
    done = modelhub("validate", "-", input=Path(broken).read_text())
    assert done.returncode == 1
    assert done.stdout.startswith("<stdin>:3:10: MH104")
    environment = {**os.environ, "MODELHUB_CONFIG": configs}
    assert modelhub("validate", env=environment).stdout == "2 configs ok\n"
    assert modelhub("list", env=environment).stdout.splitlines()[1].startswith("gpt   openai_chat ")
    project = tmp_path / "project"
    folder = project / "model_configs"
    folder.mkdir(parents=True)
    (folder / "a.yaml").write_text("{config_name: in_folder, model_type: post_api, api_url: 'http://127.0.0.1/x'}")
    assert "\nin_folder " in modelhub("list", cwd=project).stdout
    done = modelhub("list", cwd=folder)
    assert (done.returncode, "which configs?" in done.stderr) == (2, True)


def test_warnings_fail_only_when_strict(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("config_name: a\nmodel_type: openai_chat\nbudget: 100\n")
    done = modelhub("validate", str(path))
    assert done.returncode == 0
    assert f"{path}:3:1: MH109 warning: " in done.stdout
    assert modelhub("validate", "--strict", str(path)).returncode == 1


def test_list_and_show(configs: str) -> None:
    done = modelhub("list", "-c", configs)
    assert done.stdout.splitlines() == [
        "name  type              model  key  tags",
        "gpt   openai_chat       small  set",
        "emb   openai_embedding",
    ]
    assert json.loads(modelhub("list", "-c", configs, "--json").stdout)[0]["config_name"] == "gpt"
    shown = json.loads(modelhub("show", "gpt", "-c", configs).stdout)
    assert (shown["model_name"], shown["api_key"]) == ("small", "***")
    done = modelhub("show", "gtp", "-c", configs)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "modelhub: MH300 there is no model called 'gtp'; did you mean 'gpt'?\n"


def test_types_and_schema() -> None:
    types = json.loads(modelhub("types", "--json").stdout)
    assert {"openai_chat", "ollama_chat", "post_api"} <= {row["model_type"] for row in types}
    assert all(row["description"] for row in types)
    schema = json.loads(modelhub("schema", "openai_chat").stdout)
    assert "generate_args" in json.dumps(schema)
    assert set(json.loads(modelhub("schema").stdout)) == {row["model_type"] for row in types}
    done = modelhub("schema", "openai-chat")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "did you mean 'openai_chat'?" in done.stderr


def test_call(configs: str, server: MockServer) -> None:
    assert modelhub("call", "gpt", "echo: hi there", "-c", configs).stdout == "hi there\n"
    assert modelhub("call", "gpt", "count: 5", "-c", configs, "--stream").stdout == "1 2 3 4 5\n"
    assert modelhub("call", "gpt", "-", "-c", configs, input="echo: piped").stdout == "piped\n"
    for extra in ([], ["--stream"]):
        document = json.loads(modelhub("call", "gpt", "echo: hi", "-c", configs, "--json", *extra).stdout)
        assert (document["text"], document["finish_reason"], document["usage"]["total_tokens"]) == ("hi", "stop", 3)
    assert modelhub("call", "emb", "hi", "-c", configs).stdout.endswith(" 8 numbers\n")
    assert len(json.loads(modelhub("call", "emb", "hi", "-c", configs, "--json").stdout)["embedding"][0]) == 8


def test_call_a_server_that_is_not_there(tmp_path: Path, unused_port: int) -> None:
    path = tmp_path / "models.yaml"
    url = f"http://127.0.0.1:{unused_port}/v1"
    path.write_text(f"config_name: gone\nmodel_type: openai_chat\nclient_args: {{base_url: '{url}', max_retries: 0}}\n")
    done = modelhub("call", "gone", "hi", "-c", str(path))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") <= 2
    assert f"gone (openai_chat): the connection to http://127.0.0.1:{unused_port} failed" in done.stderr


def test_pipes_and_colours(configs: str, broken: str) -> None:
    done = modelhub("validate", broken, env={**os.environ, "FORCE_COLOR": "", "NO_COLOR": "1"})
    assert "\x1b" not in done.stdout
    command = f"{sys.executable} -m modelhub schema | head -c 1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "{", "")


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("no_color", [False, True])
def test_colours_on_a_terminal(broken: str, no_color: bool) -> None:
    import pty

    environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    if no_color:
        environment["NO_COLOR"] = "1"
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "modelhub", "validate", broken]
    with subprocess.Popen(command, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        printed = b""
        try:
            while piece := os.read(ours, 4096):
                printed += piece
        except OSError:  # how a pseudo-terminal says that the other side has gone
            pass
        process.wait(10)
    os.close(ours)
    assert b"MH104" in printed
    assert (b"\x1b[" in printed) is not no_color


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_interrupting_a_call(configs: str, server: MockServer) -> None:
    server.script("stall")
    command = [sys.executable, "-m", "modelhub", "call", "gpt", "count: 9", "-c", configs, "--stream"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.read(1) == "1"
        process.send_signal(signal.SIGINT)
        assert process.stderr.read().strip() == "interrupted"
        assert process.wait(10) == 130


def test_mock(unused_port: int) -> None:
    import urllib.request

    command = [sys.executable, "-m", "modelhub", "mock", "--port", str(unused_port), "--faults", "500", "--seed", "3"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert f"http://127.0.0.1:{unused_port}" in process.stdout.readline()
        with urllib.request.urlopen(f"http://127.0.0.1:{unused_port}/health") as reply:
            assert json.load(reply) == {"status": "ok"}
        second = modelhub("mock", "--port", str(unused_port))
        assert (second.returncode, second.stderr.count("\n")) == (1, 1)
        assert f"port {unused_port} is in use" in second.stderr
        process.send_signal(signal.SIGINT)
        assert process.wait(10) in (0, 130)
    done = modelhub("mock", "--faults", "nonsense")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
