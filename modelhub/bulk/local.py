"""The engine of one process: so many calls at a time, in one event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from modelhub.base import ModelWrapperBase
from modelhub.bulk.answers import Answer
from modelhub.bulk.asking import ask
from modelhub.bulk.questions import Question

CONCURRENCY = 16
"""Calls at a time where nothing is said."""


class LocalCarrier:
    """Asks ``model`` with ``concurrency`` calls at a time; its config's limits bound them further."""

    def __init__(self, model: ModelWrapperBase, concurrency: int = CONCURRENCY) -> None:
        self._model = model
        self._concurrency = concurrency

    async def carry(self, questions: AsyncIterator[tuple[int, Question]]) -> AsyncIterator[tuple[int, Answer]]:
        """The answers, as they come."""
        taking = asyncio.Lock()
        answers: asyncio.Queue[tuple[int, Answer] | None] = asyncio.Queue()

        async def work() -> None:
            try:
                while True:
                    async with taking:  # an async generator serves one at a time
                        number, question = await anext(questions)
                    answers.put_nowait((number, await ask(self._model, question)))
                    await asyncio.sleep(0)  # the answer is kept before more is asked
            except StopAsyncIteration:
                pass
            finally:
                answers.put_nowait(None)

        workers = [asyncio.create_task(work()) for _ in range(self._concurrency)]
        try:
            left = len(workers)
            while left:
                answer = await answers.get()
                if answer is None:
                    left -= 1
                    _raise_failed(workers)
                else:
                    yield answer
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)


def _raise_failed(workers: list[asyncio.Task[None]]) -> None:
    for worker in workers:
        if worker.done() and not worker.cancelled() and (error := worker.exception()) is not None:
            raise error
