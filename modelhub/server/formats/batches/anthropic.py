"""Anthropic's message batches: https://platform.claude.com/docs/en/build-with-claude/batch-processing"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from modelhub.server.formats import anthropic
from modelhub.server.formats.batches.api import (
    BatchAPI,
    Service,
    build_lines,
    count_outcomes,
    find_build,
    parse_page,
    read_origin,
)
from modelhub.server.formats.batches.jobs import Desk, Job, Line
from modelhub.server.formats.format import Ask
from modelhub.server.formats.replies import Failure, Json, Reply, build_json

_NAME = "anthropic"
_BASE = "/v1/messages/batches"
_CALL = "/v1/messages"
_BUILD = find_build((anthropic.FORMAT,), _CALL)
_MAX_REQUESTS = 100_000
_DAY = 86400
_LEFT = {"expired": "expired", "cancelled": "canceled"}


def create(desk: Desk, ask: Ask) -> Reply:
    """Begin a job; what is wrong with a message is told in its result."""
    _check_version(ask)
    requests = ask.body.get("requests")
    if not isinstance(requests, list) or not requests:
        raise Failure(400, "bad_request", "requests: List should have at least 1 item")
    if len(requests) > _MAX_REQUESTS:
        raise Failure(400, "bad_request", f"requests: List should have at most {_MAX_REQUESTS} items")
    lines = [_parse_request(request, number) for number, request in enumerate(requests)]
    seen: set[str] = set()
    for number, line in enumerate(lines):
        if line.name in seen:
            raise Failure(400, "bad_request", f"requests.{number}.custom_id: Duplicate custom_id '{line.name}'")
        seen.add(line.name)
    job = desk.submit(Job(_NAME, anthropic.FORMAT, lines, {}, dict(ask.headers), size=len(ask.raw)), "msgbatch_")
    return build_json(build_job(ask, job))


def _parse_request(request: Any, number: int) -> Line:
    place = f"requests.{number}"
    if not isinstance(request, dict) or not isinstance(request.get("params"), dict):
        raise Failure(400, "bad_request", f"{place}.params: Field required")
    name = request.get("custom_id")
    if not isinstance(name, str) or not re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name):
        message = f"{place}.custom_id: String should match pattern '^[a-zA-Z0-9_-]{{1,64}}$'"
        raise Failure(400, "bad_request", message)
    return Line(name, request["params"], _CALL, _BUILD)


def list_jobs(desk: Desk, ask: Ask) -> Reply:
    """A page of the jobs, the newest first."""
    _check_version(ask)
    limit = parse_page(ask, 20, 1000)
    jobs = desk.list_jobs(_NAME)
    places = {job.id: number for number, job in enumerate(jobs)}
    before = ask.query.get("before_id")
    if before is not None:
        end = places.get(before, 0)
        page, more = jobs[max(end - limit, 0) : end], end > limit
    else:
        start = places.get(ask.query.get("after_id", ""), -1) + 1
        page, more = jobs[start : start + limit], len(jobs) > start + limit
    ends = {"first_id": page[0].id if page else None, "last_id": page[-1].id if page else None}
    return build_json({"data": [build_job(ask, job) for job in page], "has_more": more, **ends})


def tell(desk: Desk, ask: Ask) -> Reply:
    """How far a job is."""
    return build_json(build_job(ask, _find_job(desk, ask, look=True)))


def cancel(desk: Desk, ask: Ask) -> Reply:
    """Let a job end with what is done; raises Failure for one that has ended."""
    job = _find_job(desk, ask)
    if job.has_ended:
        raise Failure(400, "bad_request", f"Batch {job.id} cannot be canceled: its processing has ended")
    desk.cancel(job)
    return build_json(build_job(ask, job))


def drop(desk: Desk, ask: Ask) -> Reply:
    """Forget a job; raises Failure for one that has not ended."""
    job = _find_job(desk, ask)
    if not job.has_ended:
        raise Failure(400, "bad_request", f"Batch {job.id} cannot be deleted while it is processing")
    desk.drop_job(job)
    return build_json({"id": job.id, "type": "message_batch_deleted"})


def read_results(desk: Desk, ask: Ask) -> Reply:
    """The results of a job that has ended, a line for each request, in no order."""
    job = _find_job(desk, ask)
    if not job.has_ended:
        raise Failure(404, "not_found", f"Batch {job.id} has no available results")
    return build_lines([_build_result(job, number) for number in desk.shuffle(job)])


def _build_result(job: Job, number: int) -> Json:
    result: Json
    if number >= len(job.outcomes):
        result = {"type": _LEFT[job.state]}
    elif (outcome := job.outcomes[number]).went_well:
        result = {"type": "succeeded", "message": outcome.body}
    else:
        result = {"type": "errored", "error": {**outcome.body, "request_id": f"req_{job.id}_{number}"}}
    return {"custom_id": job.lines[number].name, "result": result}


def build_job(ask: Ask, job: Job) -> Json:
    """A job in the vendor's form; until it has ended, all its requests are told as under way."""
    answered, failed, left = count_outcomes(job)
    counts: dict[str, int] = dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0)
    if not job.has_ended:
        counts["processing"] = len(job.lines)
    else:
        counts |= {"succeeded": answered, "errored": failed}
        if left:
            counts[_LEFT[job.state]] = left
    status = "ended" if job.has_ended else "canceling" if job.state == "cancelling" else "in_progress"
    return {
        "id": job.id,
        "type": "message_batch",
        "processing_status": status,
        "request_counts": counts,
        "created_at": _build_time(job.created),
        "expires_at": _build_time(job.created + _DAY),
        "ended_at": _build_time(job.ended),
        "cancel_initiated_at": _build_time(job.times.get("cancelling")),
        "archived_at": None,
        "results_url": f"{read_origin(ask)}{_BASE}/{job.id}/results" if job.has_ended else None,
    }


def _build_time(at: float | None) -> str | None:
    return None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _find_job(desk: Desk, ask: Ask, *, look: bool = False) -> Job:
    _check_version(ask)
    job = desk.find_job(_NAME, ask.path["batch_id"], look=look)
    if job is None:
        raise Failure(404, "not_found", f"Message batch {ask.path['batch_id']} not found")
    return job


def _check_version(ask: Ask) -> None:
    if not ask.headers.get("anthropic-version"):
        raise Failure(400, "bad_request", "anthropic-version: header is required")


API = BatchAPI(
    anthropic.FORMAT,
    (
        Service("POST", (_BASE,), create),
        Service("GET", (_BASE,), list_jobs),
        Service("GET", (f"{_BASE}/{{batch_id}}",), tell),
        Service("DELETE", (f"{_BASE}/{{batch_id}}",), drop),
        Service("POST", (f"{_BASE}/{{batch_id}}/cancel",), cancel, json=False),
        Service("GET", (f"{_BASE}/{{batch_id}}/results",), read_results),
    ),
)
