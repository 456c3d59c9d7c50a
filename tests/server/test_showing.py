"""What `modelhub mock` shows: the formats that it speaks, and each request, without ever waiting for its reader."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
from typing import Any

import orjson
import pytest

from modelhub import ModelRegistry
from modelhub.server.mock.point import list_addresses
from modelhub.server.mock.showing import Output, describe

MOCK = [sys.executable, "-m", "modelhub", "mock", "--port", "0"]


def ask(url: str) -> None:
    configs: list[dict[str, Any]] = [
        {"config_name": "gpt", "model_type": "openai_chat", "client_args": {"base_url": f"{url}/v1"}, "api_key": "k"},
        {"config_name": "lost", "model_type": "openai_chat", "client_args": {"base_url": f"{url}/x"}, "api_key": "k"},
    ]
    with ModelRegistry(configs) as hub:
        hub.get_model("gpt")("Why is\nthe sky blue?")
        with pytest.raises(Exception, match="does not serve"):
            hub.get_model("lost")("Hello")


@pytest.mark.parametrize("quiet", [False, True])
def test_the_command_shows_formats_and_requests(quiet: bool) -> None:
    with subprocess.Popen([*MOCK, *["--quiet"] * quiet], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split("listening on ")[1].split()[0]
        ask(url)
        process.send_signal(signal.SIGINT)
        printed = process.stdout.read()
    if quiet:
        assert printed == ""
        return
    addresses, requests = printed.splitlines()[:-2], printed.splitlines()[-2:]
    assert [line.split()[-1] for line in addresses] == [address for _, _, address in list_addresses(url)]
    assert re.fullmatch(r"200 +0\.\d+ s  POST /v1/chat/completions  gpt  Why is\\nthe sky blue\?", requests[0])
    assert re.fullmatch(r"404 +0\.\d+ s  POST /x/chat/completions  lost  Hello", requests[1])


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({"model": "m", "messages": [{"content": "a"}, {"content": [{"type": "text", "text": "b"}]}]}, "  m  b"),
        ({"contents": [{"parts": [{"text": "gemini"}]}]}, "  gemini"),
        ({"model": "q", "input": {"messages": [{"role": "user", "content": "dashscope"}]}}, "  q  dashscope"),
        ({"model": "e", "input": ["one", "two"]}, "  e  two"),
        ({"model": "\x1b[31m", "prompt": "x" * 500}, f"  \\x1b[31m  {'x' * 45}...(500 characters)...{'x' * 15}"),
        ({"model": 1, "messages": None}, ""),
        ([1], ""),
    ],
)
def test_what_is_asked_is_found(body: Any, line: str) -> None:
    assert describe(orjson.dumps(body)) == line


def test_a_body_that_is_no_json_is_no_question() -> None:
    assert describe(b"{") == describe(b"") == ""


def test_a_reader_that_does_not_read_is_not_waited_for() -> None:
    reader, writer = os.pipe()
    output = Output(writer)
    size = fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ) if hasattr(fcntl, "F_GETPIPE_SZ") else 1 << 16
    for _ in range(size // 1000 + 10):
        output.write("x" * 1000)
    assert len(os.read(reader, size)) > size // 2
    os.close(reader)
    output.write("nobody reads it")
    os.close(writer)
    output.write("nor this")
