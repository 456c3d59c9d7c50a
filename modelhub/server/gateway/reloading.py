"""Reads configs and callers again, when somebody asks or a file has changed; one reading after the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from modelhub.errors import ConfigError, ModelHubError
from modelhub.registry.report import ReloadReport
from modelhub.server.gateway.service import Service

News = ReloadReport | ConfigError | str
Tell = Callable[[News], object]

PAUSE = 1.0  # seconds between two looks at a file
_SETTLE = 0.2  # seconds that it must lie still before it is read


@contextlib.asynccontextmanager
async def reloading(
    service: Service, keys: str | None, tell: Tell, done: Callable[[], object] = lambda: None
) -> AsyncIterator[Reloading]:
    """Read again what ``service`` serves, whenever that is asked for inside it, and when the file ``keys`` changes.

    ``tell`` is told what each reading comes to, in any thread; ``done`` is called in the loop when one went well.
    """
    loop = asyncio.get_running_loop()

    def hear(news: ReloadReport | ConfigError) -> None:
        tell(news)
        if isinstance(news, ReloadReport):
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(done)

    service.hub.on_reload(hear)
    again = Reloading(service, tell)
    tasks = [asyncio.ensure_future(again.run())]
    if keys is not None:
        tasks.append(asyncio.ensure_future(again.watch(keys)))
    try:
        yield again
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Reloading:
    """Has ``service`` reload, in a thread; ``tell`` is told of refusals that the registry does not tell by itself."""

    def __init__(self, service: Service, tell: Tell) -> None:
        self._service = service
        self._tell = tell
        self._asked = asyncio.Event()

    def ask(self) -> None:
        """Have everything read again, soon."""
        self._asked.set()

    async def run(self) -> None:
        """Read whenever it is asked for, until it is cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            try:
                await asyncio.to_thread(self._service.reload)
            except (ModelHubError, OSError) as error:
                if error is not self._service.hub.last_error:
                    self._tell(error if isinstance(error, ConfigError) else str(error))

    async def watch(self, path: str) -> None:
        """Ask whenever a file has changed and lies still, until it is cancelled."""
        known = _look(path)
        while True:
            await asyncio.sleep(PAUSE)
            now = _look(path)
            if now == known:
                continue
            while now != known:
                known = now
                await asyncio.sleep(_SETTLE)
                now = _look(path)
            self.ask()


def _look(path: str) -> tuple[int, ...] | None:
    """What tells a file that has changed from what it was before."""
    try:
        state = Path(path).stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino
