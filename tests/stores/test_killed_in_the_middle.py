"""Redis and the centre of the configs die in the middle of many calls, without a word: no call fails."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.testing import MockServer

from ..model_servers.centre_servers import run_centre
from ..model_servers.chosen import needs
from ..model_servers.redis_server import run_redis

SECONDS = float(os.environ.get("MODELHUB_SECONDS", "4"))
IN_FLIGHT = 32


@pytest.mark.parametrize("how", ["threads", "tasks"])
@needs("etcd")
@needs("redis")
def test_no_call_fails(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    import redis

    with MockServer(latency=0.005) as server, run_redis(tmp_path) as store, run_centre("etcd", tmp_path) as centre:
        with redis.Redis.from_url(store.url) as client:
            process = client.info("server")["process_id"]
        config = {
            "config_name": "m",
            "model_type": "openai_chat",
            "api_key": "any",
            "client_args": {"base_url": f"{server.url}/v1"},
            "limits": {"concurrency": 16, "store": store.url},
            "cache": {"store": store.url, "ttl": 60},
        }
        centre.put("models", json.dumps([config]))
        with ModelRegistry(centre.find_address("models") + "?format=json", watch=True) as hub:
            told: Counter[str] = Counter()
            begun = time.monotonic()

            def note(n: int, k: int, reply: Any) -> None:
                told["right" if reply.text == f"{n} {k}" else "wrong"] += 1

            def ask(n: int) -> None:
                k = 0
                while time.monotonic() - begun < SECONDS:
                    k += 1
                    try:
                        note(n, k, hub.get_model("m")(f"echo: {n} {k}"))
                    except Exception as error:
                        told[type(error).__name__] += 1

            async def ask_all() -> None:
                async def one(n: int) -> None:
                    k = 0
                    while time.monotonic() - begun < SECONDS:
                        k += 1
                        try:
                            note(n, k, await hub.get_model("m").acall(f"echo: {n} {k}"))
                        except Exception as error:
                            told[type(error).__name__] += 1

                await asyncio.gather(*map(one, range(IN_FLIGHT)))

            callers = [threading.Thread(target=ask, args=(n,)) for n in range(IN_FLIGHT)]
            if how == "tasks":
                callers = [threading.Thread(target=lambda: asyncio.run(ask_all()))]
            for caller in callers:
                caller.start()
            time.sleep(SECONDS / 3)
            before = sum(told.values())
            os.kill(process, signal.SIGKILL)
            centre.kill()
            for caller in callers:
                caller.join()
            print(how, dict(told))
            assert 0 < before < told["right"]
            assert set(told) == {"right"}
