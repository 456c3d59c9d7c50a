"""Addresses on the command line, and in registries that cross to another process."""

from __future__ import annotations

import copy
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from modelhub import ModelRegistry
from modelhub.cli.app import cli

from .web_server import HttpServer

A = "- {config_name: a, model_type: openai_chat, model_name: m}\n"
SECRET = "hunter2-of-alice"


def test_commands(plain_web: HttpServer, tmp_path: Path) -> None:
    plain_web.put("m.yaml", A)
    address = plain_web.find_address("m.yaml")
    path = tmp_path / "b.yaml"
    path.write_text(A.replace("a,", "b,"))
    run = CliRunner().invoke
    assert run(cli, ["validate", address, str(path)]).output == "2 configs ok\n"
    assert run(cli, ["list", "-c", address]).output.splitlines()[1].startswith("a ")
    assert run(cli, ["show", "a", "-c", address]).exit_code == 0
    plain_web.put("m.yaml", A.replace("model_name", "modelname"))
    done = run(cli, ["validate", address.replace("://", f"://u:{SECRET}@")])
    assert done.exit_code == 1
    assert f"{address}:1:" in done.output and SECRET not in done.output
    done = run(cli, ["validate", "--strict", address.replace("://", f"://u:{SECRET}@")])
    assert "MH401" in done.output and SECRET not in done.output
    plain_web.kill()
    done = run(cli, ["validate", address])
    assert (done.exit_code, "Connection refused" in done.output) == (1, True)


def test_a_copy_serves_the_commands_that_call(plain_web: HttpServer) -> None:
    plain_web.put("m.yaml", A)
    address = plain_web.find_address("m.yaml")
    ModelRegistry(address)
    plain_web.kill()
    command = [sys.executable, "-m", "modelhub", "list", "-c", address]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[1].startswith("a ")
    assert "its last good copy on this machine serves" in done.stderr
    assert (
        "its last good copy"
        not in subprocess.run(
            [sys.executable, "-m", "modelhub", "validate", address], capture_output=True, text=True
        ).stdout
    )


def test_watch(plain_web: HttpServer) -> None:
    plain_web.put("m.yaml", A)
    address = plain_web.find_address("m.yaml")
    command = [sys.executable, "-m", "modelhub", "watch", address.replace("://", f"://u:{SECRET}@")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline() == f"watching {address}: 1 model, generation 1\n"
        plain_web.put("m.yaml", A + A.replace("a,", "b,"))
        assert process.stdout.readline() == "reloaded: generation 2, 1 unchanged\n"
        assert process.stdout.readline() == "  added b\n"
        plain_web.put("m.yaml", A.replace("model_name", "modelname"))
        assert process.stdout.readline() == "refused, the last good configs stay in use\n"
        assert process.stdout.readline().startswith(f"{address}:1:")
        plain_web.kill()
        assert process.stdout.readline().startswith(f"{address} is out of reach, the last good configs stay in use: ")
        plain_web.start()
        assert process.stdout.readline() == f"{address} can be reached again\n"
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 130
        assert SECRET not in process.stderr.read()


def test_crossing_keeps_the_address(plain_web: HttpServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN_OF_TESTS", SECRET)
    plain_web.put("m.yaml", A)
    address = plain_web.find_address("m.yaml").replace("://", "://u:${TOKEN_OF_TESTS}@")
    path = tmp_path / "b.yaml"
    path.write_text(A.replace("a,", "b,"))
    for source, names in ((address, ["a"]), ([address, path], ["a", "b"])):
        hub = ModelRegistry(source)
        crossed = pickle.dumps(hub)
        assert SECRET.encode() not in crossed and b"${TOKEN_OF_TESTS}" in crossed
        monkeypatch.chdir("/")
        assert pickle.loads(crossed).names() == names
        assert pickle.loads(pickle.dumps(hub.get_model("a"))).config_name == "a"
        assert copy.copy(hub).names() == names


def test_a_secret_that_is_written_out_does_not_cross(plain_web: HttpServer) -> None:
    plain_web.put("m.yaml", A)
    hub = ModelRegistry([plain_web.find_address("m.yaml").replace("://", f"://u:{SECRET}@")])
    with pytest.raises(TypeError, match="secret in plain text") as caught:
        pickle.dumps(hub)
    assert SECRET not in str(caught.value)
    hub = ModelRegistry(plain_web.find_address("m.yaml").replace("://", f"://u:{SECRET}@"))
    with pytest.raises(TypeError, match="secret in plain text"):
        pickle.dumps(hub)


FORKED = """
import os, sys, threading, modelhub
hub = modelhub.init(sys.argv[1], watch=True)
if (child := os.fork()) == 0:
    threads = threading.active_count()
    hub.reload()
    hub.close()
    os._exit(threads)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), threading.active_count())
hub.close()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_a_fork_goes_on_without_threads(plain_web: HttpServer) -> None:
    plain_web.put("m.yaml", A)
    command = [sys.executable, "-W", "ignore", "-c", FORKED, plain_web.find_address("m.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.stdout.split(), done.returncode) == (["1", "3"], 0), done.stderr
