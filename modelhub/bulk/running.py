"""Runs a job in two steps: all is asked that has no answer yet; then the input is read again, and rows get answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from typing import NamedTuple

from modelhub.bulk.answers import Answer
from modelhub.bulk.carrying import Carrier, carried
from modelhub.bulk.log import Log
from modelhub.bulk.progress import Progress
from modelhub.bulk.questions import Question, Questions
from modelhub.bulk.rows.row import Row, RowError
from modelhub.errors import ModelHubError

_TURN = 200  # rows with nothing to ask, after which other tasks have a turn


class Result(NamedTuple):
    """A row and what came of it."""

    row: Row
    answer: Answer

    def columns(self) -> dict[str, object]:
        """The columns of the row, and those of the answer."""
        return {**self.row.data, **self.answer.columns()}


async def settle(
    rows: Iterable[Row],
    questions: Questions,
    log: Log,
    carrier: Carrier,
    progress: Progress,
    stopping: asyncio.Event | None = None,
) -> None:
    """Ask what the ``log`` has no answer to, each request once, and keep in it what comes of that.

    Once ``stopping`` is set, nothing more is asked, and what is under way is waited for. Raises what ends a job: what
    no call can mend, and OSError where the log cannot be written.
    """

    async def feed() -> AsyncIterator[tuple[int, Question]]:
        for turn, row in enumerate(rows):
            if stopping is not None and stopping.is_set():
                return
            asked = find_question(row, questions)
            if not isinstance(asked, Question):
                progress.refuse()
            elif (number := log.ask(asked.key)) is None:
                progress.skip()
            else:
                yield number, asked
                continue
            if turn % _TURN == 0:
                await asyncio.sleep(0)

    async with carried(carrier, feed()) as answers:
        async for number, answer in answers:
            log.answer(number, answer)
            progress.add(answer)


def join(rows: Iterable[Row], questions: Questions, log: Log) -> Iterator[Result]:
    """Each row with what came of it, once all is settled; raises ModelHubError for an input that has changed since."""
    for row in rows:
        asked = find_question(row, questions)
        answer = log.find(asked.key) if isinstance(asked, Question) else asked
        if answer is None:
            raise ModelHubError(f"{row.source}:{row.line} has changed since it was first read: start again")
        yield Result(row, answer)


def find_question(row: Row, questions: Questions) -> Question | Answer:
    """What is asked of ``row``, or the failure that it is."""
    error = row.error
    if error is None:
        try:
            return questions.build(row.data)
        except RowError as failure:
            error = str(failure)
    return Answer(error=RowError.__name__, message=f"{row.source}:{row.line}: {error}")
