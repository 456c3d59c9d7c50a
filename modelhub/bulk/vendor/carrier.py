"""The engine of the vendors' batch APIs: gathers questions to jobs, follows these, and reads their results."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

from modelhub.base import ModelWrapperBase
from modelhub.bulk.answers import Answer, build_failure
from modelhub.bulk.questions import Question
from modelhub.bulk.vendor import calls
from modelhub.bulk.vendor.again import find_again
from modelhub.bulk.vendor.answering import Read, answer
from modelhub.bulk.vendor.api import BatchAPI, Job
from modelhub.bulk.vendor.choosing import find_api
from modelhub.bulk.vendor.clearing import clear
from modelhub.bulk.vendor.drafts import Drafts, find_lines, find_results
from modelhub.bulk.vendor.following import Following
from modelhub.bulk.vendor.handed import Handed
from modelhub.bulk.vendor.ledger import Ledger
from modelhub.bulk.vendor.losses import explain_end, explain_loss, find_complaints, raise_loss
from modelhub.bulk.vendor.pauses import Pauses
from modelhub.bulk.vendor.talking import Talk
from modelhub.engine.call import Call, explained
from modelhub.engine.effects import Flow
from modelhub.errors import ModelCallError
from modelhub.wire import encode_json

T = TypeVar("T")

_TURN = 200  # questions after which other tasks have a turn
_WAITING = 16  # answers that are read and charged, and that nobody has taken yet: what a kill may lose
_FILE = "vendor.db"


class VendorCarrier:
    """Asks ``model`` by its vendor's batch API; what was handed in is in ``folder``, and ``tell`` is told of it.

    It goes on with the jobs of the folder: a request that is in one is never handed in again, unless that has ended
    without an answer to it. With ``cancels`` those jobs are cancelled, what they have done is collected, and no other
    is handed in. Raises ModelHubError for a model without such an API.
    """

    def __init__(
        self,
        model: ModelWrapperBase,
        folder: Path,
        tell: Callable[[str], None],
        *,
        cancels: bool = False,
        pauses: Pauses | None = None,
    ) -> None:
        self._model = model
        self._api: BatchAPI = find_api(model)
        self._folder, self._tell, self._cancels = folder, tell, cancels
        self._pauses = pauses or Pauses()

    async def carry(self, questions: AsyncIterator[tuple[int, Question]]) -> AsyncIterator[tuple[int, Answer]]:
        """The answers, job by job, as these end; when it is closed before, the jobs go on at the vendor."""
        try:
            run = _Run(self._model, self._api, self._folder, self._tell, self._pauses, self._cancels)
            try:
                async for answered in run.answer(questions):
                    yield answered
            finally:
                await run.leave()
        except sqlite3.Error as error:
            raise OSError(errno.EIO, str(error), str(self._folder / _FILE)) from None


class _Run:
    def __init__(
        self,
        model: Any,
        api: BatchAPI,
        folder: Path,
        tell: Callable[[str], None],
        pauses: Pauses,
        cancels: bool,
    ) -> None:
        self._model, self._api, self._folder, self._tell = model, api, folder, tell
        self._pauses, self._cancels = pauses, cancels
        self._talk = Talk(model, api, tell)
        self._ledger = Ledger(folder / _FILE)
        self._drafts = Drafts(folder, self._ledger, api, model.home.drivers.nonce()[:16])
        self._answers: asyncio.Queue[tuple[int, Answer]] = asyncio.Queue(_WAITING)
        self._ways: dict[str, Call] = {}  # how replies are read, by the options of their questions
        self._said: tuple[dict[str, Any], str] | None = None
        self._sending = asyncio.Lock()
        self._followed: list[Following] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def answer(self, questions: AsyncIterator[tuple[int, Question]]) -> AsyncIterator[tuple[int, Answer]]:
        """The answers, as they come."""
        earlier = self._ledger.list_jobs()
        for job in earlier:
            if job.state == "ended":
                self._ledger.keep_only(job, self._list_answered(job))
        reading = self._start(self._read(questions, earlier))
        for job in earlier:
            if job.state != "ended":
                self._follow(job, reading)
        taking = asyncio.ensure_future(self._answers.get())
        try:
            while self._tasks or taking.done() or not self._answers.empty():
                done, _ = await asyncio.wait({taking, *self._tasks}, return_when=asyncio.FIRST_COMPLETED)
                if taking in done:
                    answered = taking.result()
                    taking = asyncio.ensure_future(self._answers.get())
                    yield answered
                    self._answers.task_done()  # which has been kept
                for task in done & self._tasks:
                    self._tasks.discard(task)
                    task.result()
        finally:
            taking.cancel()

    def _start(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        return task

    async def _read(self, questions: AsyncIterator[tuple[int, Question]], earlier: list[Handed]) -> None:
        """Put questions in jobs, and follow those that are full."""
        async for number, question in questions:
            if number % _TURN == 0:
                await asyncio.sleep(0)
            try:
                ready = self._put(number, question)
            except ModelCallError as error:
                await self._answers.put((number, self._fail(error)))
            else:
                if ready is not None:
                    self._follow(ready)
        last = self._drafts.close()
        if last is not None:
            self._follow(last)
        for job in earlier:
            if job.state == "ended":
                if self._ledger.is_awaited(job):
                    await self._collect(job, None)  # it had been fetched, but not told
                self._start(self._clear(job))

    def _put(self, number: int, question: Question) -> Handed | None:
        """Let a question wait for its request; returns a job that is full."""
        way = self._find_way(question)
        if self._ledger.await_again(question.key, way, number):
            return None
        if self._cancels:
            raise explain_end("cancelled")
        call = calls.prepare(self._api.model, question)
        request = calls.build(call)
        headers = calls.find_headers(request, self._api.model.endpoint.headers)
        return self._drafts.add(question.key, request, way, headers, number)

    def _find_way(self, question: Question) -> str:
        """The name of how the reply to ``question`` is read; it is the same for all with the same options."""
        options = question.options
        if self._said is None or (self._said[0] is not options and self._said[0] != options):
            way = blake2b(encode_json(options), digest_size=8).hexdigest()
            if way not in self._ways:
                self._ways[way] = calls.prepare(self._api.model, question)
            self._said = options, way
        return self._said[1]

    def _follow(self, job: Handed, after: asyncio.Task[None] | None = None, turn: int = 0) -> None:
        following = Following(self._talk, self._ledger, self._folder, job, self._pauses, self._cancels)
        self._followed.append(following)
        self._start(self._finish(following, after, turn))

    async def _finish(self, following: Following, after: asyncio.Task[None] | None, turn: int) -> None:
        async with self._sending:
            await self._serve(explained(self._model, following.hand_in))
        job = await self._serve(explained(self._model, following.follow))
        if not self._cancels:
            known = self._talk, following.handed, job, turn, self._pauses, following.had_company
            again = await self._serve(explained(self._model, find_again, *known))
            for renewed in self._drafts.renew(following.handed, again) if again is not None else ():
                self._follow(renewed, after, turn + 1)
        if after is not None:  # nobody waits for a request before its question was read
            await asyncio.wait({after})
        await self._collect(following.handed, job)
        await self._clear(following.handed)

    def _serve(self, flow: Flow[T]) -> Coroutine[Any, Any, T]:
        served: Coroutine[Any, Any, T] = self._model.home.drivers.aio().run(flow)
        return served

    async def _collect(self, handed: Handed, job: Job | None) -> None:
        """Tell the answers in the results of a job, and of the requests of which they say nothing."""
        for path in find_results(self._folder, handed.number):
            for result in self._api.parse_results(path):
                key = handed.find_key(result.id)
                taken = None if key is None else self._ledger.take(key, handed)
                if taken is not None:
                    number, way = taken
                    await self._tell_answer(number, way, partial(calls.read_result, self._ways[way], result))
        lines = find_lines(self._folder, handed.number)
        complaints = find_complaints(job, lines)
        for unanswered, number, way in self._ledger.take_rest(handed):
            loss = explain_loss(job, complaints.get(unanswered))
            if handed.id is None:  # nobody was asked
                await self._answers.put((number, self._fail(loss)))
            else:
                await self._tell_answer(number, way, partial(raise_loss, loss))
        lines.unlink(missing_ok=True)

    async def _tell_answer(self, number: int, way: str, read: Read) -> None:
        await self._answers.put((number, await self._serve(answer(self._model, self._ways[way], read))))

    async def _clear(self, handed: Handed) -> None:
        """Delete the files that a job has left at the vendor, when all its answers are kept."""
        if handed.remains:
            await self._answers.join()
            await self._serve(clear(self._talk, self._ledger, handed))

    def _list_answered(self, job: Handed) -> Iterator[str]:
        """The requests of a job that has ended which were answered."""
        for path in find_results(self._folder, job.number):
            for result in self._api.parse_results(path):
                key = job.find_key(result.id)
                if key is not None and result.end is None and 200 <= result.status < 300:
                    yield key

    def _fail(self, error: ModelCallError) -> Answer:
        self._model.explain(error)
        return build_failure(error, tuple(self._model.find_secrets()))

    async def leave(self) -> None:
        """Stop following; the jobs go on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._drafts.leave()
        going = [each.handed.id for each in self._followed if each.handed.id and each.handed.state != "ended"]
        if going:
            self._tell(
                f"{self._api.title} goes on with {', '.join(going)}: the same command picks that up, and with --cancel"
                " it ends that"
            )
        self._ledger.close()
