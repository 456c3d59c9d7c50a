"""A driver for many flows at once on a virtual clock: a model of a server and of an event loop, without either."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator
from math import isfinite
from typing import Any

from modelhub.base.drivers import Drivers
from modelhub.engine.effects import Sleep, Wait
from modelhub.errors import ModelCallError
from modelhub.testing import VirtualClock
from modelhub.wire import Reply, Request

BODY = b'{"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}], "usage": %s}'


class SimulatedDrivers(Drivers):
    """The clock of a simulation, for the models whose calls it serves."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = self.wall = self.virtual = VirtualClock()


class Simulation:
    """Serves flows step by step. ``serve(request)`` gives the seconds that a request takes, and its reply or error.

    ``in_flight`` is how many requests are being served now, ``sent`` when each was sent, ``steps`` what was done.
    """

    def __init__(self, drivers: SimulatedDrivers, serve: Callable[[Request], tuple[float, Any]]) -> None:
        self.clock = drivers.virtual
        self._serve = serve
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0
        self.steps = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.sent: list[float] = []
        self.outcomes: list[Any] = []

    def start(self, flow: Generator[Any, Any, Any], at: float) -> None:
        """Begin to serve ``flow`` at that time."""
        self._at(at, lambda: self._step(flow, lambda: next(flow)))

    def run(self, steps: int) -> None:
        """Go on until nothing is left to do, or so many steps were made."""
        while self._due and self.steps < steps:
            at, _, act = heapq.heappop(self._due)
            self.clock.now = max(self.clock.now, at)
            act()

    def _at(self, at: float, act: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._due, (at, self._number, act))

    def _step(self, flow: Generator[Any, Any, Any], go_on: Callable[[], Any]) -> None:
        self.steps += 1
        try:
            effect = go_on()
        except StopIteration as done:
            self.outcomes.append(done.value)
        except ModelCallError as error:
            self.outcomes.append(error)
        else:
            self._perform(flow, effect)

    def _perform(self, flow: Generator[Any, Any, Any], effect: Any) -> None:
        now = self.clock.now
        if isinstance(effect, Request):
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            self.sent.append(now)
            seconds, outcome = self._serve(effect)

            def finish() -> None:
                self.in_flight -= 1
                error = isinstance(outcome, Exception)
                self._step(flow, lambda: flow.throw(outcome) if error else flow.send(outcome))

            self._at(now + seconds, finish)
        elif isinstance(effect, Sleep):
            self._at(now + effect.seconds, lambda: self._step(flow, lambda: flow.send(None)))
        elif isinstance(effect, Wait):
            self._wait(flow, effect)
        else:
            raise TypeError(f"a flow asked for {effect!r}")

    def _wait(self, flow: Generator[Any, Any, Any], effect: Wait) -> None:
        woken = False

        def wake() -> None:
            nonlocal woken
            if not woken:
                woken = True
                self._at(self.clock.now, lambda: self._step(flow, lambda: flow.send(None)))

        if isfinite(effect.seconds):
            self._at(self.clock.now + effect.seconds, wake)
        effect.on.listen(wake)


def answer(tokens: int = 10) -> Reply:
    """A whole answer that has used so many tokens."""
    usage = b'{"prompt_tokens": %d, "completion_tokens": 0, "total_tokens": %d}' % (tokens, tokens)
    return Reply(200, {}, BODY % usage)


def refuse(status: int, **headers: str) -> Reply:
    """An error of the server."""
    return Reply(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, b'{"error": {"message": "x"}}'
    )
