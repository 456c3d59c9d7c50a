"""A user's ctrl-C in the middle of a stream: the program ends, the connection with it, and the server goes on."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from .chosen import needs

pytestmark = [needs("llama-server"), pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")]

START = """\
import asyncio, os, sys
import modelhub

modelhub.init({"config_name": "tiny", "model_type": sys.argv[1], "model_name": "tiny",
               "client_args": {"base_url": sys.argv[2]}, "generate_args": {"max_tokens": 100_000}})
model = modelhub.get_model("tiny")

def list_connections():
    inodes = {os.readlink(f"/proc/self/fd/{name}")[8:-1] for name in os.listdir("/proc/self/fd")
              if os.path.exists(f"/proc/self/fd/{name}") and os.readlink(f"/proc/self/fd/{name}").startswith("socket:")}
    rows = [line.split() for line in open("/proc/self/net/tcp").readlines()[1:]]
    return [row[2] for row in rows if row[9] in inodes and row[3] == "01"]  # 01 is ESTABLISHED
"""
SYNC = """\
def tell():
    for n, delta in enumerate(model("A story!", stream=True)):
        if n == 3:
            print(*list_connections(), flush=True)
"""
ASYNC = """\
async def stream():
    n = 0
    async for delta in await model.acall("A story!", stream=True):
        n += 1
        if n == 3:
            print(*list_connections(), flush=True)

def tell():
    asyncio.run(stream())
"""
UNCAUGHT = "tell()\n"
CAUGHT = """\
try:
    tell()
except KeyboardInterrupt:
    print(*list_connections(), "interrupted", flush=True)
print(model("Count to ten.", max_tokens=5).text)
"""


@pytest.fixture(scope="module")
def endless_engine(engines):
    with engines.start("llama-server", "--endless") as engine:
        yield engine


def interrupt(engine, model_type: str, program: str) -> subprocess.CompletedProcess[str]:
    """Run the program, and send it SIGINT when it has printed its one connection, in the middle of its stream."""
    url = engine.url if model_type == "anthropic_chat" else f"{engine.url}/v1"
    command = [sys.executable, "-c", START + program, model_type, url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            port = int(engine.url.rpartition(":")[2])
            assert process.stdout.readline().split() == [f"0100007F:{port:04X}"]
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=30)
        finally:
            process.kill()
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


@pytest.mark.parametrize("program", [SYNC, ASYNC], ids=["sync", "async"])
@pytest.mark.parametrize("model_type", ["openai_chat", "anthropic_chat"])
def test_an_interrupted_program_ends(endless_engine, build_model, model_type, program):
    done = interrupt(endless_engine, model_type, program + UNCAUGHT)
    assert done.returncode == -signal.SIGINT
    assert done.stderr.rstrip().endswith("KeyboardInterrupt")
    assert done.stderr.count("Traceback") <= 2 and "never awaited" not in done.stderr and "Unclosed" not in done.stderr
    model = build_model("openai_chat on llama-server", endless_engine.url)
    assert model("Count to ten.", max_tokens=5).text == "1 2 3"


@pytest.mark.parametrize("program", [SYNC, ASYNC], ids=["sync", "async"])
@pytest.mark.parametrize("model_type", ["openai_chat", "anthropic_chat"])
def test_a_program_that_goes_on(endless_engine, model_type, program):
    done = interrupt(endless_engine, model_type, program + CAUGHT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "interrupted\n1 2 3\n", "")
