"""Batches in OpenAI's form: a file of requests goes in, a file of answers and a file of errors come out.

https://platform.openai.com/docs/api-reference/batch
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from modelhub.server.formats.batches.api import Service, count_outcomes, join_lines, parse_page
from modelhub.server.formats.batches.file_store import find_file
from modelhub.server.formats.batches.jobs import Desk, Flaw, Job, Line, Outcome, State
from modelhub.server.formats.format import Ask, Format
from modelhub.server.formats.replies import Failure, Json, Reply, build_json

_STAMPS: dict[str, tuple[State, ...]] = {
    "in_progress_at": ("in_progress",),
    "finalizing_at": ("completed",),
    "completed_at": ("completed",),
    "failed_at": ("failed",),
    "expired_at": ("expired",),
    "cancelling_at": ("cancelling",),
    "cancelled_at": ("cancelled",),
}
_LEFT = {
    "expired": ("batch_expired", "This request could not be executed before the completion window expired."),
    "cancelled": ("batch_cancelled", "This request was not executed because the batch was cancelled."),
}
_DAY = 86400


@dataclass(frozen=True, slots=True)
class Dialect:
    """What a vendor has of its own.

    ``builds`` are what answers the requests, by the ``url`` of a line; ``paths`` are where a call goes for each.
    ``windows`` are what ``completion_window`` may be; left out, it is ``default_window``. ``name_lengths`` are those of
    ``custom_id``. ``build_line`` makes a line of a result file.
    """

    name: str
    form: Format
    bases: tuple[str, ...]
    builds: Mapping[str, Callable[[Ask], Reply]]
    paths: Mapping[str, str]
    build_line: Callable[[Job, int, Outcome], Json]
    max_requests: int
    max_bytes: int
    file_prefix: str = "file-"
    windows: Sequence[str] = ("24h",)
    default_window: str | None = None
    name_lengths: range = range(1, 513)
    one_model: bool = True

    def services(self) -> tuple[Service, ...]:
        """Where batches are handed in and looked at."""

        def paths(rest: str) -> tuple[str, ...]:
            return tuple(f"{base}/batches{rest}" for base in self.bases)

        return (
            Service("POST", paths(""), self.create),
            Service("GET", paths(""), self.list_jobs),
            Service("GET", paths("/{batch_id}"), self.tell),
            Service("POST", paths("/{batch_id}/cancel"), self.cancel, json=False),
        )

    def create(self, desk: Desk, ask: Ask) -> Reply:
        """Begin a job; what is wrong with its file is told when it is looked at."""
        body = ask.body
        for key in ("input_file_id", "endpoint"):
            if not isinstance(body.get(key), str):
                raise Failure(400, "bad_request", f"Missing required parameter: '{key}'.")
        if body["endpoint"] not in self.builds:
            known = ", ".join(self.builds)
            raise Failure(400, "bad_request", f"Invalid value: '{body['endpoint']}'. Supported values are: {known}.")
        window = body.get("completion_window") or self.default_window
        if window not in self.windows:
            raise Failure(
                400, "bad_request", f"'completion_window' must be from {self.windows[0]} to {self.windows[-1]}."
            )
        file = find_file(desk, self.name, body["input_file_id"])
        if file.purpose != "batch":
            raise Failure(400, "bad_request", f"File {file.id} has the purpose '{file.purpose}', not 'batch'.")
        lines, flaws = self.parse_file(file.data, body["endpoint"])
        facts = {
            "endpoint": body["endpoint"],
            "input_file_id": file.id,
            "completion_window": window,
            "metadata": body.get("metadata"),
        }
        job = Job(self.name, self.form, lines, facts, dict(ask.headers), flaws)
        return build_json(self.build_job(desk, desk.submit(job, "batch_")))

    def parse_file(self, data: bytes, endpoint: str) -> tuple[list[Line], list[Flaw]]:
        """The requests of a file, or what is wrong with it."""
        if len(data) > self.max_bytes:
            return [], [Flaw("invalid_request", f"The batch input file is larger than {self.max_bytes} bytes.")]
        texts = data.splitlines()
        if not any(text.strip() for text in texts):
            return [], [Flaw("empty_batch", "The batch input file has no requests.")]
        if len(texts) > self.max_requests:
            return [], [Flaw("too_many_tasks", f"A batch has at most {self.max_requests} requests, not {len(texts)}.")]
        read = [self._parse_line(text, number, endpoint) for number, text in enumerate(texts, 1)]
        lines = [line for line in read if isinstance(line, Line)]
        flaws = [flaw for flaw in read if isinstance(flaw, Flaw)]
        flaws = flaws or [*self._find_repeated(lines)]
        return ([], flaws[:20]) if flaws else (lines, [])

    def _parse_line(self, text: bytes, number: int, endpoint: str) -> Line | Flaw:
        try:
            row: Any = orjson.loads(text)
        except orjson.JSONDecodeError:
            row = None
        if not isinstance(row, dict):
            return Flaw("invalid_json_line", "This line is not parseable as valid JSON.", number)
        for key, kind in (("custom_id", str), ("method", str), ("url", str), ("body", dict)):
            if not isinstance(row.get(key), kind):
                return Flaw("missing_required_parameter", f"Missing required parameter: '{key}'.", number, key)
        if len(row["custom_id"]) not in self.name_lengths:
            least, most = self.name_lengths[0], self.name_lengths[-1]
            message = f"'custom_id' must have {least} to {most} characters."
            return Flaw("invalid_request", message, number, "custom_id")
        if row["method"] != "POST":
            return Flaw("invalid_request", "The method of each request must be POST.", number, "method")
        if row["url"] != endpoint:
            return Flaw("url_mismatch", f"The URL of each request must be {endpoint}.", number, "url")
        return Line(row["custom_id"], row["body"], self.paths[endpoint], self.builds[endpoint])

    def _find_repeated(self, lines: Sequence[Line]) -> Iterator[Flaw]:
        seen: set[str] = set()
        for number, line in enumerate(lines, 1):
            if line.name in seen:
                message = f"The custom_id '{line.name}' was used before."
                yield Flaw("duplicate_custom_id", message, number, "custom_id")
            seen.add(line.name)
            if self.one_model and line.model != lines[0].model:
                yield Flaw(
                    "model_mismatch", "All requests of a batch must be for the same model.", number, "body.model"
                )

    def list_jobs(self, desk: Desk, ask: Ask) -> Reply:
        """A page of the jobs, the newest first."""
        limit = parse_page(ask, 20, 100)
        jobs = desk.list_jobs(self.name)
        if after := ask.query.get("after"):
            place = next((number for number, job in enumerate(jobs, 1) if job.id == after), len(jobs))
            jobs = jobs[place:]
        data = [self.build_job(desk, job) for job in jobs[:limit]]
        ends = {"first_id": data[0]["id"] if data else None, "last_id": data[-1]["id"] if data else None}
        return build_json({"object": "list", "data": data, **ends, "has_more": len(jobs) > limit})

    def tell(self, desk: Desk, ask: Ask) -> Reply:
        """How far a job is."""
        return build_json(self.build_job(desk, self.find_job(desk, ask, look=True)))

    def cancel(self, desk: Desk, ask: Ask) -> Reply:
        """Let a job end with what is done; raises Failure for one that has ended."""
        job = self.find_job(desk, ask)
        if job.has_ended:
            raise Failure(409, "bad_request", f"Cannot cancel a batch with status '{job.state}'.")
        desk.cancel(job)
        return build_json(self.build_job(desk, job))

    def find_job(self, desk: Desk, ask: Ask, *, look: bool = False) -> Job:
        """The job that the path names; raises Failure when there is none."""
        job = desk.find_job(self.name, ask.path["batch_id"], look=look)
        if job is None:
            raise Failure(404, "bad_request", f"No batch found with id '{ask.path['batch_id']}'.")
        return job

    def build_job(self, desk: Desk, job: Job) -> Json:
        """A job in the vendor's form; when it has ended, its results are there."""
        if job.has_ended and "output_file_id" not in job.facts:
            job.facts.update(self.write_results(desk, job))
        answered, failed, _ = count_outcomes(job)
        total = 0 if job.state in ("validating", "failed") else len(job.lines)
        stamps = {key: _find_stamp(job, states) for key, states in _STAMPS.items()}
        flaws = [
            {"code": flaw.code, "message": flaw.message, "param": flaw.param, "line": flaw.line} for flaw in job.flaws
        ]
        return {
            "id": job.id,
            "object": "batch",
            "errors": {"object": "list", "data": flaws} if job.state == "failed" else None,
            "status": job.state,
            "output_file_id": None,
            "error_file_id": None,
            **job.facts,
            "created_at": int(job.created),
            "expires_at": int(job.created) + _DAY,
            **stamps,
            "request_counts": {"total": total, "completed": answered, "failed": failed},
        }

    def write_results(self, desk: Desk, job: Job) -> Json:
        """Write the files of a job that has ended, in no order: the answers, and what has none."""
        good: list[Json] = []
        bad: list[Json] = []
        for number in desk.shuffle(job):
            if number < len(job.outcomes):
                outcome = job.outcomes[number]
                (good if outcome.went_well else bad).append(self.build_line(job, number, outcome))
            else:
                code, message = _LEFT[job.state]
                error = {"code": code, "message": message}
                bad.append({"id": build_request_id(job, number), "custom_id": job.lines[number].name, "response": None})
                bad[-1]["error"] = error
        return {
            key: desk.keep_file(
                self.name, self.file_prefix, f"{job.id}_{kind}.jsonl", join_lines(rows), "batch_output"
            ).id
            if rows
            else None
            for key, kind, rows in (("output_file_id", "output", good), ("error_file_id", "error", bad))
        }


def build_request_id(job: Job, number: int) -> str:
    """The id of a line's request."""
    return f"batch_req_{job.id.removeprefix('batch_')}_{number}"


def build_line(job: Job, number: int, outcome: Outcome) -> Json:
    """A line of OpenAI's result files: what a call would have got, its errors too."""
    ident = build_request_id(job, number)
    response = {"status_code": outcome.status, "request_id": ident.removeprefix("batch_"), "body": outcome.body}
    return {"id": ident, "custom_id": job.lines[number].name, "response": response, "error": None}


def _find_stamp(job: Job, states: Sequence[State]) -> int | None:
    return next((int(job.times[state]) for state in states if state in job.times), None)
