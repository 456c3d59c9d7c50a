"""Files that are read again: when somebody asks, when the file of callers has changed, and never by halves."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from modelhub.server.gateway import reloading as module
from modelhub.server.gateway.reloading import News, reloading
from modelhub.server.gateway.service import Service
from modelhub.server.gateway.settings import Settings
from modelhub.testing import MockServer

from .running import write_keys, write_models


async def wait_for(condition: Callable[[], object]) -> None:
    """Wait until it is true."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


def test_a_changed_file_of_callers(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.01)
    monkeypatch.setattr(module, "_SETTLE", 0.01)
    keys, _ = write_keys(tmp_path, {"name": "a"})
    service = Service(Settings(str(write_models(tmp_path, server)), keys=str(keys)))
    told: list[News] = []
    done: list[None] = []

    def list_callers() -> list[str]:
        return [caller.name for caller in service.gateway.callers.all]

    async def run() -> None:
        async with reloading(service, str(keys), told.append, lambda: done.append(None)):
            await asyncio.sleep(0)
            keys.write_text("[{}]", "utf-8")
            await wait_for(lambda: told)
            assert "MH102" in str(told[0])
            assert (list_callers(), done) == (["a"], [])
            fresh, _ = write_keys(tmp_path, {"name": "b"}, {"name": "c"})
            os.utime(fresh, (1, 1))
            await wait_for(lambda: done)
            await wait_for(lambda: list_callers() == ["b", "c"])
            keys.unlink()
            await wait_for(lambda: len(told) > 2)
            assert list_callers() == ["b", "c"]
        await service.close()

    asyncio.run(run())


def test_wrong_configs_leave_the_callers_as_they_are(tmp_path: Path, server: MockServer) -> None:
    models = write_models(tmp_path, server)
    keys, _ = write_keys(tmp_path, {"name": "a"})
    service = Service(Settings(str(models), keys=str(keys)))
    told: list[News] = []

    async def run() -> None:
        async with reloading(service, None, told.append) as again:
            models.write_text("[{}]", "utf-8")
            write_keys(tmp_path, {"name": "b"})
            again.ask()
            await wait_for(lambda: told)
        assert len(told) == 1  # the registry tells it, and nobody else
        assert [caller.name for caller in service.gateway.callers.all] == ["a"]
        assert service.hub.names() == ["chat"]
        await service.close()

    asyncio.run(run())
