"""Follows one job from its lines to its results, by requests that the engine repeats as it does those of calls."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from modelhub.bulk.vendor.again import has_others
from modelhub.bulk.vendor.api import Job
from modelhub.bulk.vendor.drafts import find_lines, find_results
from modelhub.bulk.vendor.handed import Handed, State
from modelhub.bulk.vendor.ledger import Ledger
from modelhub.bulk.vendor.pauses import LONGEST, Pauses
from modelhub.bulk.vendor.paying import check_budget
from modelhub.bulk.vendor.talking import Talk
from modelhub.engine.effects import Flow, Sleep
from modelhub.engine.extras import merge_headers
from modelhub.engine.parsing import read
from modelhub.engine.retry_after import parse_retry_after
from modelhub.errors import ModelCallError, NotFoundError, RateLimitError
from modelhub.wire import Reply

_PATIENCE = 10  # questions that may fail one after the other, each of them repeated as the config says
_STEPS = 20  # of a job that are told
_PAGES = 50  # of a list in which a job is looked for
_UNSURE = (408, 409, 429)  # refusals after which a job may be handed in again


class Following:
    """One job on its way: handed in once, whatever fails, then asked after until it has ended, then fetched.

    That it may have been handed in is in the ledger before it is; after a failure, or in another process, it is looked
    for in the vendor's list before it is handed in again. With ``cancels``, what is under way is cancelled, and nothing
    more is handed in.
    """

    def __init__(
        self, talk: Talk, ledger: Ledger, folder: Path, job: Handed, pauses: Pauses, cancels: bool = False
    ) -> None:
        self.handed = job
        self._talk, self._api = talk, talk.api
        self._ledger, self._folder, self._pauses, self._cancels = ledger, folder, pauses, cancels
        self._strangers: set[str] = set()  # jobs that have turned out to be another's
        self._worked = talk.worked  # when it was last handed in

    def follow(self) -> Flow[Job | None]:
        """The job when its results are in the folder; None if there is nothing to cancel."""
        while True:
            if self.handed.id is None:
                yield from self.hand_in()
            if self.handed.id is None:
                self._end(None)
                return None
            if self._cancels:
                if self.handed.state == "guessed":
                    self._talk.tell(self.handed.id, "it may be of this run or of another, and is not cancelled")
                    return None
                yield from self._cancel(self.handed.id)
            self._talk.going += 1
            try:
                job = yield from self._watch(self.handed.id)
                yield from self._fetch(job)
            finally:
                self._talk.going -= 1
            if self._is_ours():
                self._end(job)
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
                    self._take(found, "guessed" if not self._api.marks_jobs else "running")
                    self._talk.tell(found.id, "it was handed in before")
                    return
            if self._cancels:
                return
            yield from check_budget(self._talk.model)
            lines = find_lines(self._folder, self.handed.number).read_bytes()
            if self.handed.file is None:
                file = yield from self._upload(lines)
                self.handed = self._ledger.note(self.handed, file=file)
            began = self._talk.model.home.drivers.wall()
            self.handed = self._ledger.note(self.handed, state="sent", began=began)
            tries += 1
            self._worked = self._talk.worked
            try:
                request = self._api.build_submit(self.handed, lines)
                request.headers = merge_headers(request.headers, self.handed.headers)
                job = yield from self._talk.ask(request, self._parse_job, once=True)
            except ModelCallError as error:
                if 400 <= (error.status or 0) < 500 and error.status not in _UNSURE:
                    self.handed = self._ledger.note(self.handed, state="ready")
                    raise self._explain(error) from None
                wait = self._talk.model.retry_policy.wait_before(tries + 1, error)
                if wait is None:
                    wait = yield from self._wait_for_room(error, tries)
                yield Sleep(wait)
            else:
                count = self.handed.requests
                self._take(job, "running")
                self._talk.tell(job.id, f"{count:,} request{'s' if count > 1 else ''} handed in")
                return

    def _wait_for_room(self, error: ModelCallError, tries: int) -> Flow[float]:
        """How long to wait for room at the vendor, who works on other jobs; raises ``error`` where that is not it."""
        if type(error) is not RateLimitError or not (yield from has_others(self._talk)):
            raise error
        wait = max(self._pauses.find_crowded(tries), error.retry_after or 0.0)
        self._talk.tell(self.handed.name, f"it cannot be handed in yet, and waits {wait:,.0f} s: {error.message}")
        return wait

    @property
    def had_company(self) -> bool:
        """Whether the vendor has worked on other jobs of this run since it was handed in."""
        return self._talk.going > 0 or self._talk.worked > self._worked

    def _end(self, job: Job | None) -> None:
        self._talk.worked += job is not None and job.end != "failed"
        files = self._api.list_files(self.handed, job)
        self.handed = self._ledger.note(self.handed, state="ended", remains=files)

    def _take(self, job: Job, state: State) -> None:
        self.handed = self._ledger.note(self.handed, state=state, id=job.id)

    def _upload(self, lines: bytes) -> Flow[str | None]:
        steps = self._api.upload(self.handed, lines)
        try:
            request = next(steps)
            while True:
                reply = yield from self._talk.ask(request, _same)
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
        wait = self.handed.began + self._pauses.listing - self._talk.model.home.drivers.wall()
        if 0 < wait <= self._pauses.listing:
            yield Sleep(wait)
        page: str | None = None
        for _ in range(_PAGES):
            request = self._api.build_list(page)
            jobs, page = yield from self._talk.ask(request, lambda reply: self._api.parse_list(reply.json()))
            found = self._choose(jobs)
            if found is not None or page is None:
                return found
        return None

    def _choose(self, jobs: Collection[Job]) -> Job | None:
        same = (job for job in jobs if job.id not in self._strangers and self._api.is_same(job, self.handed))
        return next(same, None)

    def _cancel(self, id: str) -> Flow[None]:
        try:
            yield from self._talk.ask(self._api.build_cancel(id), _same)
        except ModelCallError as error:
            if not 400 <= (error.status or 0) < 500:
                raise
            self._talk.tell(id, f"it is not cancelled: {error.message}")  # it may have ended
        else:
            self._talk.tell(id, "cancelled; what is done already is collected")

    def _watch(self, id: str) -> Flow[Job]:
        """Ask after the job until it has ended, less and less often, and as seldom as the server asks for."""
        pause, failed = self._pauses.first, 0
        told: Any = None
        while True:
            try:
                job, asked = yield from self._talk.ask(self._api.build_poll(id), self._parse_poll)
                failed = 0
            except ModelCallError as error:
                failed += 1
                if error.status == 404:
                    error.message = f"batch {id} is not known any more ({error.message}); --restart asks all anew"
                if not (error.retryable or error.status is None) or failed >= _PATIENCE:
                    raise
                self._talk.tell(id, f"it cannot be asked after now, and goes on: {error.message}")
                pause, asked = LONGEST, error.retry_after
            else:
                told = self._report(job, told)
                if job.end is not None:
                    return job
            yield Sleep(max(pause, asked or 0.0))
            pause = self._pauses.find_next(pause)

    def _report(self, job: Job, told: Any) -> Any:
        """Tell how far the job is, if it is a step further than what was ``told``; returns that step."""
        step = job.state, job.done * _STEPS // job.total if job.done is not None and job.total else None
        if step != told:
            counted = f", {job.done:,} of {job.total:,} requests done" if step[1] is not None else ""
            self._talk.tell(job.id, f"{job.state}{counted}")
        return step

    def _fetch(self, job: Job) -> Flow[None]:
        for path in find_results(self._folder, self.handed.number):
            path.unlink()
        for n, request in enumerate(self._api.build_results(job)):
            yield from self._talk.fetch(request, self._folder / f"job-{self.handed.number}.results-{n}")

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


def _same(reply: Any) -> Any:
    return reply
