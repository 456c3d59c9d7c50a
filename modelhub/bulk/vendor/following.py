"""Follows one job from its lines to its results, by requests that the engine repeats as it does those of calls."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any, TypeVar

from modelhub.bulk.vendor.api import BatchAPI, Job
from modelhub.bulk.vendor.drafts import find_lines, find_results
from modelhub.bulk.vendor.handed import Handed
from modelhub.bulk.vendor.ledger import Ledger
from modelhub.engine.attempts import attempts
from modelhub.engine.authorizing import sent
from modelhub.engine.call import Call
from modelhub.engine.completing import complete
from modelhub.engine.effects import READ, Flow, Sleep
from modelhub.engine.parsing import read
from modelhub.engine.redirects import redirected
from modelhub.engine.retry_after import parse_retry_after
from modelhub.errors import ModelCallError, NotFoundError
from modelhub.wire import Reply, Request

T = TypeVar("T")

LONGEST = 60.0  # seconds from one question after a job to the next
_GROWTH = 1.5
_PATIENCE = 10  # questions that may fail one after the other, each of them repeated as the config says
_STEPS = 20  # of a job that are told
_PAGES = 50  # of a list in which a job is looked for
_UNSURE = (408, 409, 429)  # refusals after which a job may be handed in again


class Pauses:
    """How long is waited: ``first`` before a job is asked after, and ``listing`` until a new job is in a list."""

    def __init__(self, first: float = 1.0, listing: float = 5.0) -> None:
        self.first = first
        self.listing = listing


class Following:
    """One job on its way: handed in once, whatever fails, then asked after until it has ended, then fetched.

    That it may have been handed in is in the ledger before it is; after a failure, or in another process, it is looked
    for in the vendor's list before it is handed in again. With ``cancels``, what is under way is cancelled, and nothing
    more is handed in.
    """

    def __init__(
        self,
        api: BatchAPI,
        ledger: Ledger,
        folder: Path,
        job: Handed,
        tell: Callable[[str], None],
        pauses: Pauses,
        cancels: bool = False,
    ) -> None:
        self.handed = job
        self._api, self._ledger, self._folder, self._tell = api, ledger, folder, tell
        self._pauses, self._cancels = pauses, cancels
        self._strangers: set[str] = set()  # jobs that have turned out to be another's

    def follow(self) -> Flow[Job | None]:
        """The job when its results are in the folder; None if it was cancelled before it was handed in."""
        while True:
            if self.handed.id is None:
                yield from self.hand_in()
            if self.handed.id is None:
                self.handed = self._ledger.note(self.handed, state="ended")
                return None
            if self._cancels:
                yield from self._cancel(self.handed.id)
            job = yield from self._watch(self.handed.id)
            yield from self._fetch(job)
            if self._is_ours():
                self.handed = self._ledger.note(self.handed, state="ended")
                return job
            self._strangers.add(job.id)
            self.handed = self._ledger.note(self.handed, state="sent", id=None)

    def hand_in(self) -> Flow[None]:
        """Hand the job in, unless it has been; its lines are in memory meanwhile."""
        tries = 0
        while self.handed.id is None:
            if self.handed.state == "sent":
                found = yield from self._find()
                if found is not None:
                    self._take(found, "was handed in before")
                    return
            if self._cancels:
                return
            lines = find_lines(self._folder, self.handed.number).read_bytes()
            if self.handed.file is None:
                file = yield from self._upload(lines)
                self.handed = self._ledger.note(self.handed, file=file)
            began = self._api.model.home.drivers.wall()
            self.handed = self._ledger.note(self.handed, state="sent", began=began)
            tries += 1
            try:
                job = yield from self._ask(self._api.build_submit(self.handed, lines), self._parse_job, once=True)
            except ModelCallError as error:
                if 400 <= (error.status or 0) < 500 and error.status not in _UNSURE:
                    self.handed = self._ledger.note(self.handed, state="ready")
                    raise self._explain(error) from None
                wait = self._api.model.retry_policy.wait_before(tries + 1, error)
                if wait is None:
                    raise
                yield Sleep(wait)
            else:
                count = self.handed.requests
                self._take(job, f"{count:,} request{'s' if count > 1 else ''} handed in")
                return

    def _take(self, job: Job, what: str) -> None:
        self.handed = self._ledger.note(self.handed, state="running", id=job.id)
        self._tell(f"{self._api.title} batch {job.id}: {what}")

    def _upload(self, lines: bytes) -> Flow[str | None]:
        steps = self._api.upload(self.handed, lines)
        try:
            request = next(steps)
            while True:
                reply = yield from self._ask(request, _same)
                request = read(steps.send, reply)
        except StopIteration as done:
            file: str | None = done.value
            return file
        except ModelCallError as error:
            raise self._explain(error) from None

    def _explain(self, error: ModelCallError) -> ModelCallError:
        """What a refusal means, where the server knows nothing of batches."""
        if error.status not in (404, 405, 501):
            return error
        message = f"the server has no batch API, or none for this model ({error.message}); use --engine local"
        return NotFoundError(message, status=error.status, code=error.code, request_id=error.request_id)

    def _find(self) -> Flow[Job | None]:
        """The job in the vendor's list; what was handed in just now may not be there yet."""
        wait = self.handed.began + self._pauses.listing - self._api.model.home.drivers.wall()
        if 0 < wait <= self._pauses.listing:
            yield Sleep(wait)
        page: str | None = None
        for _ in range(_PAGES):
            request = self._api.build_list(page)
            jobs, page = yield from self._ask(request, lambda reply: self._api.parse_list(reply.json()))
            found = self._choose(jobs)
            if found is not None or page is None:
                return found
        return None

    def _choose(self, jobs: Collection[Job]) -> Job | None:
        same = (job for job in jobs if job.id not in self._strangers and self._api.is_same(job, self.handed))
        return next(same, None)

    def _cancel(self, id: str) -> Flow[None]:
        try:
            yield from self._ask(self._api.build_cancel(id), _same)
        except ModelCallError as error:
            if not 400 <= (error.status or 0) < 500:
                raise
            self._tell(f"{self._api.title} batch {id} is not cancelled: {error.message}")  # it may have ended
        else:
            self._tell(f"{self._api.title} batch {id}: cancelled; what is done already is collected")

    def _watch(self, id: str) -> Flow[Job]:
        """Ask after the job until it has ended, less and less often, and as seldom as the server asks for."""
        pause, failed = self._pauses.first, 0
        told: Any = None
        while True:
            try:
                job, asked = yield from self._ask(self._api.build_poll(id), self._parse_poll)
                failed = 0
            except ModelCallError as error:
                failed += 1
                if not (error.retryable or error.status is None) or failed >= _PATIENCE:
                    raise
                self._tell(f"{self._api.title} batch {id} cannot be asked after now, and goes on: {error.message}")
                pause, asked = LONGEST, error.retry_after
            else:
                told = self._report(job, told)
                if job.end is not None:
                    return job
            yield Sleep(max(pause, asked or 0.0))
            pause = min(pause * _GROWTH, LONGEST)

    def _report(self, job: Job, told: Any) -> Any:
        """Tell how far the job is, if it is a step further than what was ``told``; returns that step."""
        step = job.state, job.done * _STEPS // job.total if job.done is not None and job.total else None
        if step != told:
            counted = f", {job.done:,} of {job.total:,} requests done" if step[1] is not None else ""
            self._tell(f"{self._api.title} batch {job.id}: {job.state}{counted}")
        return step

    def _fetch(self, job: Job) -> Flow[None]:
        for path in find_results(self._folder, self.handed.number):
            path.unlink()
        for n, request in enumerate(self._api.build_results(job)):
            call = self._begin(request)
            request.stream = True
            path = self._folder / f"job-{self.handed.number}.results-{n}"
            yield from attempts(call, _download, request, path)

    def _is_ours(self) -> bool:
        """Whether the results are of our requests, where that was not certain before."""
        for path in find_results(self._folder, self.handed.number):
            for result in self._api.parse_results(path):
                key = self.handed.find_key(result.id)
                return key is not None and self._ledger.has(key, self.handed)
        return True

    def _parse_job(self, reply: Reply) -> Job:
        return self._api.parse_job(reply.json())

    def _parse_poll(self, reply: Reply) -> tuple[Job, float | None]:
        return self._api.parse_job(reply.json()), parse_retry_after(reply.headers)

    def _ask(self, request: Request, parse: Callable[[Reply], T], once: bool = False) -> Flow[T]:
        """What ``parse`` makes of the reply; ``once`` where the request must not be repeated."""
        call = self._begin(request)
        if once:
            call.handed_in = request.once = True
        return attempts(call, _exchange, request, parse)

    def _begin(self, request: Request) -> Call:
        call = Call(self._api.model, None, {})
        complete(request, call)
        request.aside = True
        return call


def _exchange(call: Call, request: Request, parse: Callable[[Reply], T]) -> Flow[T]:
    reply = yield from _answered(call, request)
    return read(parse, reply)


def _download(call: Call, request: Request, path: Path) -> Flow[None]:
    yield from _answered(call, request)
    with path.open("wb") as file:
        while chunk := (yield READ):
            file.write(chunk)


def _answered(call: Call, request: Request) -> Flow[Reply]:
    reply = yield from sent(call, request)
    return reply if 200 <= reply.status < 300 else (yield from redirected(call, request, reply))


def _same(reply: Any) -> Any:
    return reply
