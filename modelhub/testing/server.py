"""A mock model server that runs in a thread of the test's process and records the requests it gets."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from threading import Condition, Event, Thread
from typing import Any, Self

from modelhub.registry import ModelRegistry
from modelhub.server.formats.answers import Prompt
from modelhub.server.http.listening import Listener, listen
from modelhub.server.mock.app import build_app
from modelhub.server.mock.point import point_at
from modelhub.server.mock.recording import RecordedRequest as RecordedRequest
from modelhub.server.mock.recording import build_recorder
from modelhub.server.mock.script import Script
from modelhub.server.mock.scripted import Scripted
from modelhub.server.mock.settings import MockSettings
from modelhub.server.mock.tally import Counts as Counts
from modelhub.server.mock.tally import Tally

_TICK = 0.005
"""Seconds between two looks at the connections, whose end wakes nobody."""


class MockServer:
    """A context manager that serves on a free loopback port; after it, no thread and no socket is left.

    It takes the keywords of ``MockSettings``. ``requests`` are in the order in which they arrived. ``clock`` is what a
    scenario goes by, such as a ``VirtualClock``; its pauses are real ones.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic, **settings: Any) -> None:
        self.settings = MockSettings(**settings)
        self._clock = clock
        self._tally = Tally()
        self.url = ""
        self.requests: list[RecordedRequest] = []
        self.in_flight = 0
        self._script = Script(self.settings.faults)
        self._changed = Condition()
        self._started = Event()
        self._thread = Thread(target=self._run, name="modelhub-mock", daemon=True)
        self._listener: Listener | None = None
        self._failure: BaseException | None = None

    def script(self, *faults: str | int, model: str | None = None) -> None:
        """Set the faults of the next requests, one for each; they replace the faults that are not used yet.

        With ``model`` (a config_name, or a name of a model), they are for requests to it alone. Raises ModelHubError
        for a name that does not exist.
        """
        self._script.set_faults(faults, model)

    def reply(self, *answers: Scripted | Callable[[Prompt], Scripted], model: str | None = None) -> None:
        """Add answers for the next requests, or for those to ``model`` (a config_name, or a name of a model) alone.

        Each is a text, a dict of parts of an answer, a ModelResponse, or a raw reply that is sent as it is: an answer
        of a chat, an embedding or an image waits for a request that asks for one. A function of the prompt answers all
        chats for which there is no other answer. Raises ValueError for anything else.
        """
        self._script.add_answers(answers, model)

    def reset(self) -> None:
        """Forget the requests, and the faults and answers that are not used yet."""
        self._script.clear()
        with self._changed:
            self.requests = []

    def point(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """``config`` with the address of this server and a made-up key, whatever keys its type has for them.

        Raises ModelHubError for a type whose wire format it does not speak.
        """
        return point_at(dict(config), self.url)

    def registry(self, model_configs: Any, **options: Any) -> ModelRegistry:
        """A registry of any configs, or of those of another registry, all of them pointed at this server.

        ``options`` are those of ModelRegistry. A model that asks others is left as it is: the others are pointed.
        Raises ModelHubError, which names the config, for one whose wire format it does not speak.
        """
        given = model_configs if isinstance(model_configs, ModelRegistry) else ModelRegistry(model_configs, **options)
        configs = [given.build_config(name) for name in given.names()]
        pointed = [one if len(given.reach(one["config_name"])) > 1 else self.point(one) for one in configs]
        if given is not model_configs:
            given.close()
        return ModelRegistry(pointed, **{name: value for name, value in options.items() if name != "profile"})

    @property
    def counts(self) -> Counts:
        """What it has seen so far: requests by model and outcome, and how many there were at the same time."""
        return self._tally.tell()

    @property
    def connections(self) -> int:
        """How many TCP connections were accepted so far."""
        return self._listener.accepted if self._listener else 0

    @property
    def open_connections(self) -> int:
        """How many TCP connections are open now."""
        return self._listener.open_connections if self._listener else 0

    def wait_closed(self, timeout: float) -> bool:
        """Wait until no request is handled or no connection is open; False if the timeout comes first."""
        return self.wait_until(lambda: self.in_flight == 0 or self.open_connections == 0, timeout)

    def wait_until(self, condition: Callable[[], bool], timeout: float) -> bool:
        """Wait for a condition such as ``lambda: len(server.requests) == 2``; False if the timeout comes first."""
        deadline = time.monotonic() + timeout
        with self._changed:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, _TICK))
        return True

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(self, *exc: object) -> None:
        with contextlib.suppress(RuntimeError):  # The loop has ended by itself; its failure is raised below.
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        app = build_app(self.settings, self._script, self._tally, self._clock)
        app.middlewares.append(build_recorder(self._keep, self._count))
        async with listen(app, "127.0.0.1", 0) as self._listener:
            self.url = self._listener.url
            self._started.set()
            await self._stop.wait()

    def _keep(self, request: RecordedRequest) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def _count(self, change: int) -> None:
        with self._changed:
            self.in_flight += change
            self._changed.notify_all()
