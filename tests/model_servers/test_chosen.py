"""A server that is missing is never taken for a pass: its tests are counted as deselected, or the run fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ..paths import ROOT
from .chosen import SERVERS, find_idle, needs
from .running import PLACES


def run_pytest(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    env = {**os.environ, **variables}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)


def test_what_is_not_asked_for_is_counted() -> None:
    done = run_pytest("--collect-only", "tests/model_servers/test_embeddings.py")
    assert done.returncode == 0, done.stdout
    listed = [line for line in done.stdout.splitlines() if "::" in line]
    assert len(listed) == 6 and all("llama-server" in line for line in listed)
    assert (
        "8 tests against servers deselected (ollama 4, fastchat 2, litellm_proxy 2): scripts/test --servers runs them"
        in done.stdout
    )


def test_what_is_asked_for_must_be_there(tmp_path: Path) -> None:
    done = run_pytest("--collect-only", "--servers", "ollama", MODELHUB_TEST_OLLAMA=str(tmp_path))
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "there is no ollama here: run scripts/fetch_ollama_for_tests once" in done.stderr
    done = run_pytest("--collect-only", "--servers", "olama")
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "there is no server 'olama'; choose among ollama, " in done.stderr


def test_what_is_asked_for_must_have_been_asked() -> None:
    assert find_idle({"ollama", "vllm"}, {"ollama": 3}) == ["vllm"]


def test_every_server_can_be_fetched() -> None:
    scripts = [said.split()[0] for said in SERVERS.values()]
    assert all(script in ("apt-get", "pip") or (ROOT / script).exists() for script in scripts)
    marked = {needs(engine).args[0] for engine in [*PLACES, "Ollama", "LiteLLM"]}
    assert marked == SERVERS.keys() - {
        "yaml-language-server",
        "redis",
        "ray",
        "chromium",
        "etcd",
        "consul",
        "phoenix",
        "postgres",
    }


@pytest.mark.parametrize("missing", ["", "ollama", "engines"])
def test_ci_fails_without_a_server_that_it_promises(tmp_path: Path, missing: str) -> None:
    """The script itself, with stubs of what it runs."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    for name in ("ollama", "engines", "yaml_language_server", "redis", "centres", "chromium"):
        (tmp_path / "scripts" / f"fetch_{name}_for_tests").write_text(f"import sys; sys.exit({name == missing:d})")
    for name in ("test", "quickstart"):
        script = tmp_path / "scripts" / name
        script.write_text(f'#!/bin/sh\necho "{name}: $CHOSEN"\n')
        script.chmod(0o755)
    done = subprocess.run([str(tmp_path / ".ci" / "run")], capture_output=True, text=True, check=False, timeout=60)
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("test: "))
    server = {"": None, "ollama": "ollama", "engines": "transformers"}[missing]
    assert set(line.removeprefix("test: ").split(",")) >= {"ollama", "transformers"} - {server}
    assert (done.returncode, server is not None and server in line) == (0 if server is None else 1, False)
    assert ("CI has failed: it could not fetch" in done.stderr) is (server is not None)
