"""Answers rows as they are read, for programs: so many rows ahead, and no more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable
from typing import TypeVar

from modelhub.bulk.carrying import Carrier, carried
from modelhub.bulk.log import Log
from modelhub.bulk.progress import Progress
from modelhub.bulk.questions import Question, Questions
from modelhub.bulk.rows.row import Row
from modelhub.bulk.running import Result, find_question

T = TypeVar("T")


async def stream(
    rows: Iterable[Row] | AsyncIterable[Row],
    questions: Questions,
    log: Log,
    carrier: Carrier,
    *,
    ahead: int,
    ordered: bool = True,
    progress: Progress | None = None,
    stopping: asyncio.Event | None = None,
) -> AsyncGenerator[Result, None]:
    """Each row with what came of it, in the order of the rows, or as it comes unless ``ordered``.

    At most ``ahead`` rows are read that were not yielded. Equal requests are asked once. Once ``stopping`` is set, no
    more rows are read, and those that were are still answered. Raises what ends a job.
    """
    window = _Window(ordered, ahead)
    progress = progress or Progress()

    async def feed() -> AsyncIterator[tuple[int, Question]]:
        async for row in each_of(rows):
            await window.make_room()
            place = window.read
            window.read += 1
            asked = find_question(row, questions)
            if not isinstance(asked, Question):
                progress.refuse()
                window.put(place, Result(row, asked))
            elif (number := log.ask(asked.key)) is not None:
                window.waiting[asked.key] = [(place, row)]
                yield number, asked
            else:
                progress.skip()
                if asked.key in window.waiting:
                    window.waiting[asked.key].append((place, row))
                elif (answer := log.find(asked.key)) is not None:
                    window.put(place, Result(row, answer))
            if stopping is not None and stopping.is_set():
                return

    async def carry() -> None:
        try:
            async with carried(carrier, feed()) as answers:
                async for number, answer in answers:
                    key = log.answer(number, answer)
                    progress.add(answer)
                    for place, row in window.waiting.pop(key):
                        window.put(place, Result(row, answer))
        finally:
            window.end()

    carrying = asyncio.create_task(carry())
    try:
        while (result := await window.take()) is not None:
            yield result
        await carrying
    finally:
        carrying.cancel()
        await asyncio.gather(carrying, return_exceptions=True)


class _Window:
    """The rows that were read and not handed on; ``waiting`` are those whose requests are under way, by their keys."""

    def __init__(self, ordered: bool, ahead: int) -> None:
        self.read = 0
        self.waiting: dict[str, list[tuple[int, Row]]] = {}
        self._given = 0
        self._ready: dict[int, Result] = {}
        self._ordered = ordered
        self._ahead = ahead
        self._ended = False
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def make_room(self) -> None:
        """Wait until another row may be read."""
        while self.read - self._given >= self._ahead:
            self._room.clear()
            await self._room.wait()

    def put(self, place: int, result: Result) -> None:
        """What came of the row at ``place`` is known."""
        self._ready[place] = result
        self._news.set()

    def end(self) -> None:
        """Nothing more comes."""
        self._ended = True
        self._news.set()

    async def take(self) -> Result | None:
        """The next result to hand on; None at the end."""
        while True:
            place = self._given if self._ordered else next(iter(self._ready), -1)
            result = self._ready.pop(place, None)
            if result is not None:
                self._given += 1
                self._room.set()
                return result
            if self._ended:
                return None
            self._news.clear()
            await self._news.wait()


async def each_of(items: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    """The items one by one, async or not."""
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
