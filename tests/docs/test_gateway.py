"""docs/gateway.md: its commands serve, its clients are answered, and what its tables say of errors is so."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from modelhub.cli.commands.serve import serve
from modelhub.server.formats.protocols import PROTOCOLS
from modelhub.server.formats.replies import Failure
from modelhub.server.gateway.reading import LARGEST
from modelhub.server.gateway.settings import GRACE
from modelhub.testing import MockServer
from modelhub.wire import decode_json

from ..paths import ROOT

PAGE = (ROOT / "docs" / "gateway.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.M | re.S)
COMMANDS = [line for kind, text in BLOCKS if kind == "sh" for line in text.splitlines()]
SERVING = [line for line in COMMANDS if line.startswith("modelhub serve -c")]


@pytest.fixture
def folder(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files of the page, where the vendors' addresses are the mock's."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-test")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    monkeypatch.setenv("MODELHUB_USAGE", str(tmp_path / "usage.db"))
    for kind, text in BLOCKS:
        if kind == "yaml":
            (tmp_path / text.partition("\n")[0].removeprefix("# ")).write_text(text, "utf-8")
    return tmp_path


@contextmanager
def running(command: str, folder: Path, port: int) -> Iterator[str]:
    """A command of the page, which serves at ``port``; after it, it has ended as it should and said nothing."""
    arguments = [sys.executable, "-m", *shlex.split(command), "--port", str(port)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder) as process:
        assert process.stdout is not None
        greeting = process.stdout.readline()
        try:
            yield greeting
        finally:
            process.send_signal(signal.SIGTERM)
            _, said = process.communicate(timeout=20)
        assert (process.returncode, said) == (0, "")


def test_the_clients_are_answered(folder: Path, unused_port: int, capsys: Any) -> None:
    for name in ("openai", "anthropic", "ollama"):
        pytest.importorskip(name)
    with running(SERVING[0], folder, unused_port) as greeting:
        assert "4 models" in greeting
        for kind, text in BLOCKS:
            if kind == "python":
                names: dict[str, Any] = {"__name__": "page"}
                exec(compile(text.replace(":4000", f":{unused_port}"), "docs/gateway.md", "exec"), names)
                names["client"].__exit__(None, None, None)
                assert len(capsys.readouterr().out) > 10


def test_the_keys(folder: Path, unused_port: int) -> None:
    (command,) = [line for line in COMMANDS if "--new-key" in line]
    done = subprocess.run([sys.executable, "-m", *shlex.split(command)], capture_output=True, text=True, check=True)
    found = re.search(r"key: (\S+)\n\n- name: (.+)\n  hash: (sha256:\w{64})", done.stdout)
    assert found and found[2].strip('"') == "app"
    keys = folder / "keys.yaml"
    keys.write_text(re.sub(r"sha256:\w+", found[3], keys.read_text("utf-8"), count=1), "utf-8")
    with running(SERVING[1], folder, unused_port):
        url = f"http://127.0.0.1:{unused_port}"
        assert fetch(f"{url}/readyz", None)[0] == 200
        assert fetch(f"{url}/v1/models", None)[0] == 401
        assert fetch(f"{url}/metrics", None)[0] == 401
        status, body = fetch(f"{url}/v1/models", found[1])
        assert (status, [model["id"] for model in decode_json(body)["data"]]) == (200, ["gpt", "vectors"])


def fetch(url: str, key: str | None) -> tuple[int, bytes]:
    headers = {} if key is None else {"x-api-key": key}
    try:
        with urlopen(Request(url, headers=headers), timeout=10) as reply:
            return reply.status, reply.read()
    except HTTPError as error:
        with error:
            return error.code, error.read()


NAMES = {
    "the key is": "authentication",
    "there is no such model": "not_found",
    "a field": "bad_request",
    "the prompt": "context",
    "the vendor's filter": "filter",
    "the body": "too_large",
    "limits": "rate_limit",
    "the budget": "budget",
    "the vendor cannot": "server",
    "the gateway stops": "overloaded",
    "the vendor does not": "timeout",
}


def test_the_table_of_errors() -> None:
    rows = re.findall(r"^\| ([^|]+) \| (\d{3})[^|]*\|([^|]*)\| `(\w+)` \|$", PAGE, re.M)
    assert len(rows) == len(NAMES)
    openai, anthropic = (next(one for one in PROTOCOLS if one.name == name) for name in ("openai", "anthropic"))
    for what, status, code, kind in rows:
        (name,) = [name for start, name in NAMES.items() if what.startswith(start)]
        failure = Failure(int(status), name, "why")
        told = decode_json(openai.build_error(failure).body)["error"]["code"]
        assert (what, told) == (what, code.strip("` ") or None)
        reply = anthropic.build_error(failure)
        assert (reply.status, decode_json(reply.body)["error"]["type"]) == (int(status), kind)


def test_every_path_is_told() -> None:
    paths = {path for one in PROTOCOLS for route in (*one.routes, *one.listings) for path in route.paths}
    told = set(re.findall(r"`(/[\w/{}]+)`", PAGE))
    assert told - {"/metrics", "/healthz", "/readyz"} <= {re.sub(r"\{\w+(:.+?)?\}", "{name}", path) for path in paths}
    for path in paths:
        usual = re.sub(r"\{\w+(:.+?)?\}", "{name}", path)
        if usual.startswith(("/v1/", "/api/")):
            assert usual in told or f"/v1{usual}" in told, path


@pytest.mark.parametrize("option", [name for parameter in serve.params for name in parameter.opts])
def test_every_option_is_told(option: str) -> None:
    as_elsewhere = {"--import", "--profile", "--allow-python", "--config", "--port"}
    assert option in as_elsewhere or re.search(rf"(?<![\w-]){option}(?![\w-])", PAGE)


def test_the_figures() -> None:
    assert f"{LARGEST // 1024 // 1024} MB" in PAGE and f"{GRACE:g}" in PAGE
    assert SERVING[0] in PAGE and "4000" in PAGE


def test_the_image_is_used_as_it_is_made() -> None:
    build, run = [shlex.split(line) for line in COMMANDS if line.startswith("docker ")]
    text = (ROOT / build[build.index("-f") + 1]).read_text("utf-8")
    (given,) = re.findall(r"^CMD \[(.+)\]$", text, re.M)
    mounted = [word.split(":")[1] for flag, word in pairwise(run) if flag == "-v"]
    assert mounted == re.findall(r'"(/[^"]+)"', given)
    assert run[-1] == build[build.index("-t") + 1]
