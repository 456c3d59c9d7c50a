"""The engine of a cluster: hands questions to actors through Ray Data, and yields their answers as they come."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from threading import Thread
from typing import Any

from modelhub.base import ModelWrapperBase
from modelhub.bulk.answers import Answer
from modelhub.bulk.partial import RefusedError
from modelhub.bulk.questions import Question
from modelhub.bulk.ray.cluster import (
    build_actor,
    connect,
    describe_cluster,
    describe_loss,
    disconnect,
    require_ray,
    watch_head,
)
from modelhub.bulk.ray.datasets import iterate
from modelhub.bulk.ray.feed import Feed
from modelhub.bulk.ray.packs import parse_answers
from modelhub.bulk.ray.supply import Supply

CALLS_OF_ACTOR = 64
"""Calls at a time that one actor makes at most, and those of a job where nothing is said."""
_PACKS = 32  # that the calls at a time are divided into: Ray carries about 200 packs a second
_AHEAD = 4  # times the packs that are asked at a time are on their way: Ray looks ten times a second what has come


class RayCarrier:
    """Asks ``model`` with ``concurrency`` calls at a time, by as many actors as that takes, or at most ``actors``.

    Each actor makes its share of the calls and reserves a processor; there is one at first, and there are more as Ray
    finds work for them and a place. The cluster is that of $RAY_ADDRESS, else one that begins and ends with the job.

    The rows stay with this process, which asks anew what was lost with a machine.
    """

    def __init__(
        self,
        model: ModelWrapperBase,
        concurrency: int | None = None,
        actors: int | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        """Raises RefusedError where Ray is not installed, and for a model that cannot cross to another process."""
        require_ray()
        try:
            self._model = pickle.dumps(model)
        except Exception as error:  # classes may raise anything here
            raise RefusedError(f"Ray cannot carry the model {model.config_name}: {error}") from error
        concurrency = concurrency or CALLS_OF_ACTOR
        self._tell = tell
        self._actors = min(actors or -(-concurrency // CALLS_OF_ACTOR), concurrency)
        self._calls = -(-concurrency // self._actors)
        self._size = -(-concurrency // _PACKS)
        self._ahead = _AHEAD * -(-concurrency // self._size)

    async def carry(self, questions: AsyncIterator[tuple[int, Question]]) -> AsyncIterator[tuple[int, Answer]]:
        """The answers, as they come. Raises ModelHubError where the cluster cannot be reached, or is lost."""
        began = await asyncio.to_thread(connect)
        if self._tell is not None:
            self._tell(describe_cluster(self._actors, self._calls))
        feed = build_actor(Feed)
        supply = Supply(feed, self._size, self._ahead)
        came: asyncio.Queue[tuple[int, bytes] | BaseException | None] = asyncio.Queue()
        tasks = [asyncio.create_task(each) for each in (supply.fill(questions), supply.mend(), watch_head())]
        for task in tasks:
            task.add_done_callback(lambda done: came.put_nowait(error) if (error := _find_error(done)) else None)
        running = self._start(feed, came)
        try:
            while (each := await came.get()) is not None:
                if isinstance(each, BaseException):
                    raise describe_loss(each)
                number, pack = each
                if pack and supply.is_open(number):
                    answers, error = parse_answers(pack)
                    for answer in answers:
                        yield answer
                    if error is not None:
                        raise error
                    supply.release(number)
            supply.check_all_came()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.to_thread(disconnect, feed, running, began)

    def _start(self, feed: Any, came: asyncio.Queue[Any]) -> Thread:
        """A thread that puts into ``came`` the packs with their answers, or an error, and None at the end."""
        loop = asyncio.get_running_loop()

        def put(each: Any) -> None:
            with suppress(RuntimeError):  # the loop has ended
                loop.call_soon_threadsafe(came.put_nowait, each)

        def run() -> None:
            try:
                for each in iterate(feed, self._model, actors=self._actors, calls=self._calls, size=self._size):
                    put(each)
            except BaseException as error:
                put(error)
            put(None)

        running = Thread(target=run, daemon=True)
        running.start()
        return running


def _find_error(task: asyncio.Task[None]) -> BaseException | None:
    return None if task.cancelled() else task.exception()
