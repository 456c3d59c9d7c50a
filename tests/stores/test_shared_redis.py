"""Limits that processes share through a real Redis: processes that die, and a Redis that is killed or refuses."""

from __future__ import annotations

import logging
import os
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelhub.policies.limits import Limits
from modelhub.stores import open_limiter, parse_address
from modelhub.stores.shared_limiter import SharedLimiter

from ..model_servers.chosen import needs
from ..model_servers.redis_server import RedisServer, run_redis
from .fake_redis import FakeRedis

SHARER = Path(__file__).with_name("sharer.py")
LEASE = float(os.environ.get("MODELHUB_TEST_LEASE", "3"))  # 30 is what users have
needs_redis = needs("redis")


class Counter(socketserver.ThreadingTCPServer):
    """Answers after ``seconds``, and counts how many ask at the same time."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 100

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counted)
        self.lock = threading.Lock()
        self.seconds = 0.02
        self.now = self.most = self.all = 0
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()


class Counted(socketserver.BaseRequestHandler):
    server: Counter

    def handle(self) -> None:
        self.request.recv(1)
        with self.server.lock:
            self.server.now += 1
            self.server.all += 1
            self.server.most = max(self.server.most, self.server.now)
        time.sleep(self.server.seconds)
        with self.server.lock:
            self.server.now -= 1
        try:
            self.request.sendall(b"!")
        except OSError:  # whoever asked was killed
            return


@pytest.fixture
def counter() -> Iterator[Counter]:
    with Counter() as counter:
        yield counter
        counter.shutdown()


@pytest.fixture
def share(counter: Counter) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts processes that share a limit."""
    processes: list[subprocess.Popen[str]] = []

    def start(url: str, concurrency: int = 8, lease: float = 3, threads: int = 6) -> subprocess.Popen[str]:
        words = [sys.executable, str(SHARER), url, str(concurrency), str(lease)]
        process = subprocess.Popen(
            [*words, str(counter.server_address[1]), str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def end(process: subprocess.Popen[str]) -> list[int]:
    """What the process has counted: made, failed, logged."""
    said, _ = process.communicate("\n", 30)
    return [int(word) for word in said.split()]


@pytest.fixture
def redis(real_redis: RedisServer) -> RedisServer:
    import redis

    with redis.Redis.from_url(real_redis.url) as client:
        client.flushall()
    return real_redis


def build(url: str, limits: Limits | None = None, lease: float = 30) -> SharedLimiter:
    return SharedLimiter(limits or Limits(concurrency=1), "group", parse_address(url), lease=lease)


def wait_until(true: Callable[[], object], seconds: float = 10.0) -> float:
    began = time.monotonic()
    while not true():
        assert time.monotonic() < began + seconds
        time.sleep(0.005)
    return time.monotonic() - began


@needs_redis
def test_three_processes_never_have_nine_under_way(
    redis: RedisServer, counter: Counter, share: Callable[..., subprocess.Popen[str]]
) -> None:
    processes = [share(redis.url) for _ in range(3)]
    wait_until(lambda: counter.all >= 300, 60)
    counts = [end(process) for process in processes]
    assert 4 <= counter.most <= 8
    assert all(made > 30 and failed == logged == 0 for made, failed, logged in counts), counts


@needs_redis
def test_the_slots_of_a_killed_process_are_back_within_the_lease(
    redis: RedisServer, counter: Counter, share: Callable[..., subprocess.Popen[str]]
) -> None:
    counter.seconds = 1000
    dead = share(redis.url, lease=LEASE, threads=8)
    wait_until(lambda: counter.now == 8)
    time.sleep(LEASE * 1.3)  # longer than a lease: it has renewed them
    limiter = build(redis.url, Limits(concurrency=8), LEASE)
    assert limiter.acquire("a") > 0
    dead.kill()
    seconds = wait_until(lambda: limiter.acquire("a") == 0, LEASE * 1.5)
    print(f"the slots of a process that was killed were back after {seconds:.1f} s (lease: {LEASE:g} s)")
    assert seconds <= LEASE + 0.5
    assert [limiter.acquire(n) for n in range(7)] == [0] * 7  # all of them
    limiter.close()
    limiter.wait_closed(5)


@needs_redis
def test_redis_is_killed_in_the_middle(
    tmp_path: Path, counter: Counter, share: Callable[..., subprocess.Popen[str]]
) -> None:
    with run_redis(tmp_path) as server:
        processes = [share(server.url, threads=12) for _ in range(2)]
        wait_until(lambda: counter.all > 50, 60)
        assert counter.most <= 8
        kill(server)
        before = counter.all
        wait_until(lambda: counter.all > before + 100, 60)
        server.stop()
        server.start()
        wait_until(lambda: find_most(counter) <= 8, 60)  # each process comes back when it tries again
        counts = [end(process) for process in processes]
    assert all(failed == 0 and logged == 1 for _, failed, logged in counts), counts


def find_most(counter: Counter) -> int:
    """The most that were under way at a time during 60 attempts."""
    before, counter.most = counter.all, 0
    wait_until(lambda: counter.all > before + 60, 60)
    return counter.most


def kill(server: RedisServer) -> None:
    import redis

    with redis.Redis.from_url(server.url) as client:
        os.kill(int(client.info("server")["process_id"]), signal.SIGKILL)


def count_leases(server: RedisServer) -> int:
    import redis

    with redis.Redis.from_url(server.url) as client:
        return int(client.zcard("{modelhub:limits:group}:leases"))


@needs_redis
def test_a_program_that_ends_gives_back_what_it_holds(redis: RedisServer) -> None:
    code = f"""
from modelhub.policies.limits import Limits
from modelhub.stores import open_limiter
shared = open_limiter(Limits(concurrency=2, store={redis.url!r}), "group")
assert shared.acquire("a") == shared.acquire("b") == 0
shared.release_soon("a")
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
    assert count_leases(redis) == 0


@needs_redis
def test_the_key_is_the_group_or_else_the_name(redis: RedisServer) -> None:
    import redis as library

    for limits in (Limits(rpm=6, store=redis.url), Limits(rpm=6, group="openai-org", store=redis.url)):
        limiter = open_limiter(limits, "gpt")
        assert limiter is not None and limiter.acquire("a") == 0
        limiter.close()
        limiter.wait_closed(5)
    with library.Redis.from_url(redis.url) as client:
        states = {key for key in client.scan_iter() if not key.startswith(b"{")}
    assert states == {b"modelhub:limits:gpt", b"modelhub:limits:openai-org"}


@needs_redis
def test_a_script_that_was_flushed_is_told_again(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    import redis as library

    limiter = build(redis.url)
    assert limiter.acquire("a") == 0
    with library.Redis.from_url(redis.url) as client:
        client.script_flush()
    assert limiter.acquire("b") > 0
    limiter.close()
    assert not caplog.records


@needs_redis
def test_a_server_that_restarts_empty_counts_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with run_redis(tmp_path) as server:
        limiter = build(server.url)
        assert limiter.acquire("a") == 0 and limiter.acquire("b") > 0
        server.stop()
        server.start()
        assert limiter.acquire("b") == 0  # on a new connection
        assert limiter.acquire("c") > 0
        limiter.release("a")  # not known any more
        assert limiter.acquire("c") > 0
        limiter.release("b")
        assert limiter.acquire("c") == 0
        limiter.close()
        limiter.wait_closed(5)
    assert not caplog.records


@needs_redis
@pytest.mark.parametrize(
    ("options", "login", "said"),
    [
        (("--requirepass", "hunter2secret"), ":wrongsecret@", "WRONGPASS|invalid"),
        (("--requirepass", "hunter2secret"), "", "Authentication required"),
        (("--maxmemory", "1"), "", "used memory"),
        (("--replicaof", "127.0.0.1", "1", "--replica-serve-stale-data", "yes"), "", "read only replica"),
        (("--replicaof", "127.0.0.1", "1", "--replica-serve-stale-data", "no"), "", "MASTERDOWN|MASTER"),
    ],
)
def test_a_server_that_refuses_costs_the_sharing_alone(
    tmp_path: Path, options: tuple[str, ...], login: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    with run_redis(tmp_path, *options) as server:
        limiter = build(server.url.replace("//", f"//{login}"))
        for n in range(20):
            assert limiter.acquire(n) == 0
            limiter.hold(1)
            limiter.release(n)
        limiter.close()
        limiter.wait_closed(5)
    (record,) = caplog.records
    assert any(each in record.getMessage() for each in said.split("|")), record.getMessage()
    assert "secret" not in caplog.text and f"redis://127.0.0.1:{server.port}/0" in caplog.text


@needs_redis
def test_a_failover_to_another_server_and_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import redis

    clock = [100.0]
    with run_redis(tmp_path) as server, redis.Redis.from_url(server.url) as client:
        limiter = SharedLimiter(Limits(concurrency=1), "g", parse_address(server.url), clock=lambda: clock[0])
        assert limiter.acquire("a") == 0
        client.replicaof("127.0.0.1", 1)  # type: ignore[attr-defined]
        assert limiter.acquire("b") == 0
        client.replicaof("NO", "ONE")  # type: ignore[attr-defined]
        clock[0] += 1
        assert limiter.acquire("c") > 0
        limiter.close()
        limiter.wait_closed(5)
    assert len(caplog.records) == 1


@needs_redis
def test_a_key_that_belongs_to_others(redis: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    import redis as library

    with library.Redis.from_url(redis.url) as client:
        client.set("modelhub:limits:group", "theirs")
        limiter = build(redis.url)
        assert [limiter.acquire(n) for n in range(5)] == [0] * 5
        limiter.close()
        limiter.wait_closed(5)
        assert client.get("modelhub:limits:group") == b"theirs"
    assert len(caplog.records) == 1


def test_a_server_that_hangs_costs_a_second_once(fake_redis: FakeRedis, caplog: pytest.LogCaptureFixture) -> None:
    fake_redis.silent = True
    limiter = build(fake_redis.url)
    began = time.monotonic()
    assert [limiter.acquire(n) for n in range(50)] == [0] * 50
    for n in range(50):
        limiter.release(n)
    assert 0.9 < time.monotonic() - began < 4
    assert len(caplog.records) == 1
    limiter.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid", "user:hunter2secret@127.0.0.1"])
def test_no_server(host: str, unused_port: int, caplog: pytest.LogCaptureFixture) -> None:
    limiter = build(f"redis://{host}:{unused_port}/0")
    for n in range(50):
        assert limiter.acquire(n) == 0
        limiter.release(n)
    limiter.close()
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert f"redis://{host.rpartition('@')[2]}:{unused_port}/0" in record.getMessage()
    assert "hunter2secret" not in record.getMessage()


def ask_thirty_times(limiter: SharedLimiter) -> bool:
    """Whether each answer was the one to the question."""
    for n in range(30):
        if limiter.acquire(n) != 0:
            return False
        limiter.release(n)
    return True


@needs_redis
@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_forked_process_has_connections_of_its_own(redis: RedisServer) -> None:
    import redis as library

    limiter = build(redis.url, Limits(concurrency=4), lease=0.6)
    assert limiter.acquire("a") == limiter.acquire("b") == 0
    child = os.fork()
    if child == 0:
        code = 1
        try:
            limiter.release("a")  # its parent's
            fine = ask_thirty_times(limiter) and limiter.acquire("c") == 0
            code = 0 if fine else 2
        finally:
            os._exit(code)  # what it holds comes back by itself
    assert ask_thirty_times(limiter)
    assert os.waitpid(child, 0)[1] == 0
    wait_until(lambda: limiter.acquire("x") == 0 and count_leases(redis) == 3)
    time.sleep(0.7)
    assert count_leases(redis) == 3  # a and b live on
    assert limiter.acquire("e") == 0 and limiter.acquire("f") > 0
    with library.Redis.from_url(redis.url) as client:
        assert len(client.client_list()) <= 5
    limiter.close()
    limiter.wait_closed(5)


@needs_redis
def test_how_often_64_in_line_ask(redis: RedisServer) -> None:
    """64 threads of 8 limiters wait for 8 places, each for 0.2 s: the words to Redis in a second."""
    import redis as library

    from modelhub.policies.acquiring import acquired
    from modelhub.sync import SyncDriver

    limiters = [build(redis.url, Limits(concurrency=8)) for _ in range(8)]
    ended = threading.Event()
    made: list[float] = []

    def work(n: int) -> None:
        limiter = limiters[n % 8]
        while not ended.is_set():
            SyncDriver().run(acquired(limiter, n, 1, time.monotonic))
            made.append(time.monotonic())
            ended.wait(0.2)
            limiter.release(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(72)]
    for thread in threads:
        thread.start()
    with library.Redis.from_url(redis.url) as client:
        time.sleep(1)
        before, began, at = client.info("commandstats")["cmdstat_evalsha"]["calls"], len(made), time.monotonic()
        time.sleep(2)
        asked = client.info("commandstats")["cmdstat_evalsha"]["calls"] - before
        seconds, through = time.monotonic() - at, len(made) - began
    ended.set()
    for thread in threads:
        thread.join()
    for limiter in limiters:
        limiter.close()
        limiter.wait_closed(5)
    print(f"{asked / seconds:.0f} words to Redis and {through / seconds:.0f} attempts in a second")
    assert asked / through < 40
