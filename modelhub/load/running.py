"""Runs a level: starts its calls when they are due, and takes down how each has ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from modelhub.load.asking import Answer
from modelhub.load.plan import Level, draw_arrivals
from modelhub.load.sample import UNFINISHED, Sample

Ask = Callable[[int], Awaitable[Answer]]
Tell = Callable[[float, int], None]
_DIGITS = 6  # a microsecond is less than what an event loop can tell apart


@dataclass(slots=True)
class Measured:
    """What came of a level: how long it took, how busy this process was meanwhile, and its calls.

    If it was ``interrupted``, the calls that were then ``under_way`` are not among them.
    """

    level: Level
    seconds: float = 0.0
    cpu: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    interrupted: bool = False
    under_way: int = 0


async def run_level(level: Level, ask: Ask, tell: Tell = lambda done, calls: None) -> Measured:
    """Run ``level`` to its end, or until this task is cancelled, which is not raised.

    ``tell`` is told, after each call, the share of the level that is done and the number of calls.
    """
    run = _Run(level, ask, tell)
    busy = time.process_time()
    measured = Measured(level, samples=run.samples)
    try:
        async with asyncio.timeout(level.seconds + level.grace):
            await (run.keep_asking() if level.mode == "closed" else run.keep_arriving())
    except TimeoutError:
        run.give_up()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()
        measured.interrupted, measured.under_way = True, len(run.under_way)
    measured.seconds = run.read_clock()
    measured.cpu = (time.process_time() - busy) / measured.seconds if measured.seconds else 0.0
    return measured


class _Run:
    """A level while it runs."""

    def __init__(self, level: Level, ask: Ask, tell: Tell) -> None:
        self.level = level
        self.samples: list[Sample] = []
        self.under_way: dict[int, tuple[float, float]] = {}
        self._ask = ask
        self._tell = tell
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._taken = 0

    def read_clock(self) -> float:
        """The seconds since the beginning."""
        return self._clock() - self._began

    async def keep_asking(self) -> None:
        """The closed loop."""
        async with asyncio.TaskGroup() as group:
            for _ in range(min(int(self.level.size), self.level.requests)):
                group.create_task(self._keep_asking())

    async def _keep_asking(self) -> None:
        while self._taken < self.level.requests and (now := self.read_clock()) < self.level.seconds:
            number, self._taken = self._taken, self._taken + 1
            await self._call(number, now)
            await asyncio.sleep(0)  # a call that fails at once would leave no time to the others

    async def keep_arriving(self) -> None:
        """The open loop."""
        async with asyncio.TaskGroup() as group:
            for number, due in enumerate(draw_arrivals(self.level.size, self.level.seed)):
                if number >= self.level.requests or due >= self.level.seconds:
                    break
                await asyncio.sleep(max(due - self.read_clock(), 0))
                group.create_task(self._call(number, due))

    async def _call(self, number: int, intended: float) -> None:
        start = self.read_clock()
        self.under_way[number] = intended, start
        try:
            answer = await self._ask(number)
        except Exception as error:
            self._note(number, Answer(), type(error).__name__)
        else:
            self._note(number, answer, None)

    def _note(self, number: int, answer: Answer, error: str | None) -> None:
        intended, start = self.under_way.pop(number)
        now = self.read_clock()
        ttft = round(answer.first - self._began - intended, _DIGITS) if answer.first is not None else None
        times = round(intended, _DIGITS), round(start, _DIGITS), round(now - intended, _DIGITS)
        self.samples.append(Sample(*times, ttft, answer.output_tokens, error, answer.gaps))
        self._tell(max(len(self.samples) / self.level.requests, now / self.level.seconds), len(self.samples))

    def give_up(self) -> None:
        """Count the calls that are still under way as failed."""
        for number in list(self.under_way):
            self._note(number, Answer(), UNFINISHED)
