"""A forked process never hangs on what its parent was doing, and never touches the parent's connections."""

from __future__ import annotations

import os
import threading

import pytest

from modelhub.locks import Lock
from modelhub.testing import MockServer

from .test_connections import run_program, settled

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

START = """
import asyncio, gc, os, sys, threading, time, warnings
from modelhub import ModelRegistry
args = {"base_url": sys.argv[1] + "/v1"}
hub = ModelRegistry({"config_name": "m", "model_type": "openai_chat", "client_args": args, "timeout": 20})
model = hub.get_model("m")

def fork(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
    until = time.monotonic() + 10
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert status == 0, status
            return
        time.sleep(0.01)
    os.kill(pid, 9)
    raise AssertionError("the child hangs")

def ask():
    assert model("echo: hi").text == "hi"
    assert asyncio.run(model.acall("echo: hi")).text == "hi"
"""
LOCKS = {
    "of a registry": "hub._lock",
    "of the drivers": "hub._workshop.drivers._lock",
    "of a model's config": "model._binding._lock",
    "of the blocking driver": "hub._workshop.drivers.sync()._lock",
    "of the async driver": "hub._workshop.drivers.aio()._lock",
    "of a pool": "hub._workshop.drivers.sync()._pool._adapter._routing",
    "of the sockets": "hub._workshop.drivers.sync()._pool._adapter.sockets._lock",
}


@pytest.mark.parametrize("lock", LOCKS.values(), ids=LOCKS)
def test_a_fork_while_another_thread_holds_a_lock(server: MockServer, lock: str) -> None:
    program = f"""
ask()
held, done = threading.Event(), threading.Event()
def hold():
    with {lock}:
        held.set()
        done.wait()
threading.Thread(target=hold).start()
held.wait()
model._binding._bound = None
def work():
    ask()
    assert hub.get_model("m") is model
    hub.close()
warnings.simplefilter("ignore", DeprecationWarning)  # newer Pythons warn of forks in a program with threads
fork(work)
done.set()
ask()
hub.close()
"""
    run_program(START + program, server.url)
    assert settled(server, 0)


WORK = {
    "the child asks": "ask()",
    "the child closes the registry": "hub.close()",
    "the child closes the stream": "response.close()",
    "the child drops the stream": "globals().pop('response'); gc.collect()",
}


@pytest.mark.parametrize("sync", [True, False], ids=["sync", "async"])
@pytest.mark.parametrize("work", WORK.values(), ids=WORK)
def test_a_fork_in_the_middle_of_a_stream(server: MockServer, work: str, sync: bool) -> None:
    blocking = f"""
response = model("count: 30", stream=True)
first = next(iter(response)).text
fork(lambda: exec({work!r}, globals()))
assert response.text.endswith("30"), response.text
"""
    awaited = f"""
loop = asyncio.new_event_loop()
response = loop.run_until_complete(model.acall("count: 30", stream=True))
fork(lambda: exec({work!r}, globals()))
assert loop.run_until_complete(response.complete()).text.endswith("30")
loop.close()
"""
    run_program(START + (blocking if sync else awaited) + "ask()\nhub.close()\n", server.url)
    assert settled(server, 0)


def test_a_child_that_ends_in_the_ordinary_way(server: MockServer) -> None:
    program = """
loop = asyncio.new_event_loop()
awaited = loop.run_until_complete(model.acall("count: 30", stream=True))
response = model("count: 30", stream=True)
pid = os.fork()
if pid == 0:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # asyncio warns of the loop that is the parent's
    sys.exit(0)
assert os.waitpid(pid, 0)[1] == 0
assert response.text.endswith("30")
assert loop.run_until_complete(awaited.complete()).text.endswith("30")
loop.close()
hub.close()
"""
    run_program(START + program, server.url)
    assert settled(server, 0)


def test_a_lock_is_free_in_the_child_unless_the_child_holds_it() -> None:
    lock = Lock()
    with lock, lock:
        lock.renew()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            done.wait(5)

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(5)
    before = lock._lock
    lock.renew()
    assert lock._lock is not before
    with lock:
        pass
    lock._lock = before
    done.set()
    thread.join(5)
