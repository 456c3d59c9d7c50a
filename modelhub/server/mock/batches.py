"""The batches of a mock server: its desk, at which files and jobs are handed in, and how jobs come to their end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import count

import orjson

from modelhub.overriding import override
from modelhub.server.formats.batches.jobs import Desk, File, Job, Line, Outcome, State
from modelhub.server.formats.format import Ask
from modelhub.server.formats.replies import Failure, Reply
from modelhub.server.mock.choosing import build_reply
from modelhub.server.mock.faults import FAILURES, Fault, build_failure
from modelhub.server.mock.scenario.play import Play
from modelhub.server.mock.script import Script
from modelhub.server.mock.settings import MockSettings
from modelhub.server.mock.tally import Tally

_MOST_BYTES = 1024 * 1024 * 1024
"""How much of files and jobs is kept."""


class Batches(Desk):
    """The desk of one server; only one thread may use it.

    A job goes on when it is looked at, so that nothing happens between two looks. Its requests are answered as calls
    are: each takes the next fault and the next answer of the script, or what the scenario has for its model and path.
    """

    def __init__(
        self, settings: MockSettings, script: Script, play: Play, tally: Tally, clock: Callable[[], float]
    ) -> None:
        self._seed = settings.seed
        self._batching = settings.read_batching()
        self._script = script
        self._play = play
        self._tally = tally
        self._clock = clock
        self._files: dict[str, File] = {}
        self._jobs: dict[str, Job] = {}
        self._numbers = count(1)

    @override
    def keep_file(self, api: str, prefix: str, name: str, data: bytes, purpose: str = "") -> File:
        file = File(self._build_id(prefix), api, name, data, purpose, time.time())
        self.put_file(file)
        return file

    @override
    def put_file(self, file: File) -> None:
        self._check_room(len(file.data))
        self._files[file.id] = file

    @override
    def find_file(self, api: str, file_id: str) -> File | None:
        file = self._files.get(file_id)
        return file if file is not None and file.api == api else None

    @override
    def list_files(self, api: str) -> list[File]:
        return [file for file in reversed(self._files.values()) if file.api == api]

    @override
    def drop_file(self, file: File) -> None:
        self._files.pop(file.id, None)

    @override
    def submit(self, job: Job, prefix: str) -> Job:
        self._check_room(job.size)
        job.id = self._build_id(prefix)
        job.began = self._clock()
        job.times["validating"] = time.time()
        self._jobs[job.id] = job
        self._tally.count_job(len(job.lines))
        return job

    @override
    def find_job(self, api: str, job_id: str, *, look: bool = False) -> Job | None:
        job = self._jobs.get(job_id)
        if job is None or job.api != api:
            return None
        if look:
            self._go_on(job)
        return job

    @override
    def list_jobs(self, api: str) -> list[Job]:
        return [job for job in reversed(self._jobs.values()) if job.api == api]

    @override
    def cancel(self, job: Job) -> None:
        if not job.has_ended:
            _enter(job, "cancelling")

    @override
    def drop_job(self, job: Job) -> None:
        self._jobs.pop(job.id, None)

    @override
    def shuffle(self, job: Job) -> list[int]:
        numbers = list(range(len(job.lines)))
        random.Random(f"{self._seed}\0{job.id}").shuffle(numbers)
        return numbers

    def _build_id(self, prefix: str) -> str:
        return f"{prefix}{next(self._numbers):024x}"

    def _check_room(self, size: int) -> None:
        kept = sum(len(file.data) for file in self._files.values()) + sum(job.size for job in self._jobs.values())
        if kept + size > _MOST_BYTES:
            message = f"the mock server keeps no more than {_MOST_BYTES >> 20} MB of files and batches; delete some"
            raise Failure(400, "bad_request", message)

    def _go_on(self, job: Job) -> None:
        """Let a job go on as far as it is by now."""
        if job.has_ended:
            return None
        job.looks += 1
        if job.flaws:
            return _enter(job, "failed")
        if job.state == "cancelling":
            return _enter(job, "cancelled")
        done, expires = self._tell_progress(job), self._batching.expires
        end = 1.0 if expires is None else expires
        for line in job.lines[len(job.outcomes) : int(len(job.lines) * min(done, end))]:
            job.outcomes.append(self._answer(job, line))
        if done > 0:
            _enter(job, "in_progress")
        if done >= end:
            _enter(job, "completed" if expires is None else "expired")
        return None

    def _tell_progress(self, job: Job) -> float:
        """Which share of a job is done, from 0 to 1."""
        seconds = self._batching.seconds
        if seconds is None:
            return min(job.looks / self._batching.polls, 1.0)
        return min((self._clock() - job.began) / seconds, 1.0) if seconds else 1.0

    def _answer(self, job: Job, line: Line) -> Outcome:
        """What a call with the same request would get; where its connection would break, a server's error."""
        with self._play.find_part(line.model, line.path).begin(self._clock()) as turn:
            fault = self._script.take_fault((line.model,)) or turn.fault
        try:
            outcome, ended = self._build_outcome(job, line, fault), "ok"
        except Failure as failure:
            reply = job.form.build_error(failure)
            outcome, ended = Outcome(reply.status, orjson.loads(reply.body)), "refused"
        self._tally.count_batched(ended if fault.name == "ok" else fault.name)
        return outcome

    def _build_outcome(self, job: Job, line: Line, fault: Fault) -> Outcome:
        if fault.name != "ok":
            raise build_failure(fault) or FAILURES["500"]
        reply = self._script.take_answer("text", (line.model,))
        if not isinstance(reply, Reply):
            reply = build_reply(line.build, Ask(line.body, self._seed, reply, line.variables, {}, job.headers))
            if reply.stream is not None:
                raise Failure(400, "bad_request", "a request of a batch cannot be streamed")
        try:
            return Outcome(reply.status, orjson.loads(reply.body))
        except orjson.JSONDecodeError:
            raise FAILURES["500"] from None


def _enter(job: Job, state: State) -> None:
    job.state = state
    job.times.setdefault(state, time.time())
