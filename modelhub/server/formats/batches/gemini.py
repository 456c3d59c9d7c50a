"""Gemini's batches: https://ai.google.dev/gemini-api/docs/batch-api"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from modelhub.server.formats import gemini
from modelhub.server.formats.batches import gemini_files
from modelhub.server.formats.batches.api import BatchAPI, Service, count_outcomes, join_lines, parse_page
from modelhub.server.formats.batches.jobs import Desk, Flaw, Job, Line
from modelhub.server.formats.format import Ask
from modelhub.server.formats.replies import Failure, Json, Reply, build_json

_NAME = gemini_files.NAME
_VERSION = "/{version:v[0-9][a-z0-9]*}"
_MAX_INLINE = 20 * 1024 * 1024
_TYPES = "type.googleapis.com/google.ai.generativelanguage.v1main."
_STATES = {
    "validating": "PENDING",
    "in_progress": "RUNNING",
    "cancelling": "RUNNING",
    "completed": "SUCCEEDED",
    "failed": "FAILED",
    "expired": "EXPIRED",
    "cancelled": "CANCELLED",
}
_ENDS = {
    "cancelled": {"code": 1, "message": "The batch was cancelled."},
    "expired": {"code": 4, "message": "The batch expired before it was done."},
}


def create_chats(desk: Desk, ask: Ask) -> Reply:
    """Begin a job of ``generateContent`` requests, inline or from a file."""
    return _create(desk, ask, "generateContent", gemini.build_chat)


def create_embeddings(desk: Desk, ask: Ask) -> Reply:
    """Begin a job of ``embedContent`` requests, inline or from a file."""
    return _create(desk, ask, "embedContent", build_embedding)


def build_embedding(ask: Ask) -> Reply:
    """Answer one ``embedContent``."""
    whole = gemini.build_embeddings(replace(ask, body={"requests": [ask.body]}))
    found = orjson.loads(whole.body)
    return build_json({"embedding": found["embeddings"][0]}, tokens=whole.tokens)


def _create(desk: Desk, ask: Ask, method: str, build: Callable[[Ask], Reply]) -> Reply:
    batch = ask.body.get("batch")
    given = _pick(batch, "inputConfig", "input_config")
    if not isinstance(batch, dict) or not isinstance(given, dict):
        raise Failure(400, "bad_request", "* BatchGenerateContentRequest.batch.input_config: input_config is required")
    model = ask.path["model"]
    path = f"/{ask.path['version']}/models/{model}:{method}"

    def line(name: Any, request: Json) -> Line:
        return Line(name, request, path, build, {"model": model})

    facts: Json = {
        "kind": "EmbedContentBatch" if method == "embedContent" else "GenerateContentBatch",
        "model": f"models/{model}",
        "displayName": _pick(batch, "displayName", "display_name") or "",
    }
    flaws: list[Flaw] = []
    file_name = _pick(given, "fileName", "file_name")
    if file_name is not None:
        data = gemini_files.find_file(desk, file_name).data
        lines, flaws = _parse_file(data, line)
        facts["file"] = file_name
    else:
        if len(ask.raw) > _MAX_INLINE:
            raise Failure(400, "bad_request", "The total size of inline requests must be under 20 MB; use a file.")
        rows = _pick(given, "requests")
        rows = _pick(rows, "requests") if isinstance(rows, dict) else rows
        if not isinstance(rows, list) or not rows:
            raise Failure(400, "bad_request", "* BatchGenerateContentRequest.batch.input_config.requests: is empty")
        lines = [line("", _read_request(row, number)) for number, row in enumerate(rows)]
        facts["keys"] = [row.get("metadata") for row in rows]
    job = Job(_NAME, gemini.FORMAT, lines, facts, dict(ask.headers), flaws, size=len(ask.raw))
    return build_json(build_operation(desk, desk.submit(job, "")))


def _pick(value: Any, *names: str) -> Any:
    """The entry of an object under any of its spellings; None when it is not there."""
    return next((value[name] for name in names if name in value), None) if isinstance(value, dict) else None


def _read_request(row: Any, number: int) -> Json:
    request = _pick(row, "request")
    if not isinstance(request, dict):
        message = f"* BatchGenerateContentRequest.batch.input_config.requests.requests[{number}].request: is required"
        raise Failure(400, "bad_request", message)
    return request


def _parse_file(data: bytes, line: Callable[[Any, Json], Line]) -> tuple[list[Line], list[Flaw]]:
    lines: list[Line] = []
    for number, text in enumerate(data.splitlines(), 1):
        try:
            row: Any = orjson.loads(text)
        except orjson.JSONDecodeError:
            row = None
        request = _pick(row, "request")
        if not isinstance(request, dict):
            return [], [Flaw("INVALID_ARGUMENT", f"Line {number} of the file has no request.", number)]
        lines.append(line(row.get("key"), request))
    return (lines, []) if lines else ([], [Flaw("INVALID_ARGUMENT", "The file has no requests.")])


def tell(desk: Desk, ask: Ask) -> Reply:
    """How far a job is."""
    return build_json(build_operation(desk, _find_job(desk, ask, look=True)))


def list_jobs(desk: Desk, ask: Ask) -> Reply:
    """A page of the jobs, the newest first."""
    size = parse_page(ask, 50, 1000, "pageSize")
    jobs = desk.list_jobs(_NAME)
    if token := ask.query.get("pageToken"):
        jobs = jobs[next((number for number, job in enumerate(jobs) if job.id == token), len(jobs)) :]
    page: Json = {"operations": [build_operation(desk, job) for job in jobs[:size]]} if jobs else {}
    return build_json(page | ({"nextPageToken": jobs[size].id} if len(jobs) > size else {}))


def cancel(desk: Desk, ask: Ask) -> Reply:
    """Let a job end; raises Failure for one that has ended."""
    job = _find_job(desk, ask)
    if job.has_ended:
        raise Failure(400, "bad_request", f"The batch is in state BATCH_STATE_{_STATES[job.state]} already.")
    desk.cancel(job)
    return build_json({})


def drop(desk: Desk, ask: Ask) -> Reply:
    """Forget a job."""
    desk.drop_job(_find_job(desk, ask))
    return build_json({})


def _find_job(desk: Desk, ask: Ask, *, look: bool = False) -> Job:
    job = desk.find_job(_NAME, ask.path["batch_id"], look=look)
    if job is None:
        raise Failure(404, "not_found", f"Batch 'batches/{ask.path['batch_id']}' was not found.")
    return job


def build_operation(desk: Desk, job: Job) -> Json:
    """A job as the operation that it is; its results are there when it has succeeded."""
    answered, failed, left = count_outcomes(job)
    stats = {"successfulRequestCount": answered, "failedRequestCount": failed, "pendingRequestCount": left}
    kind = job.facts["kind"]
    metadata: Json = {
        "@type": _TYPES + kind,
        "model": job.facts["model"],
        "displayName": job.facts["displayName"],
        "createTime": _build_time(job.created),
        "updateTime": _build_time(max(job.times.values())),
        # Numbers of 64 bits are texts in the JSON of protocol buffers, and 0 is left out.
        "batchStats": {key: str(n) for key, n in {"requestCount": len(job.lines), **stats}.items() if n},
        "state": f"BATCH_STATE_{_STATES[job.state]}",
        "name": f"batches/{job.id}",
    }
    operation: Json = {"name": f"batches/{job.id}", "metadata": metadata}
    if job.ended is None:
        return operation
    metadata["endTime"] = _build_time(job.ended)
    if job.state == "completed":
        metadata["output"] = output = _build_output(desk, job)
        return {**operation, "done": True, "response": {"@type": f"{_TYPES}{kind}Output", **output}}
    error = {"code": 3, "message": job.flaws[0].message} if job.flaws else _ENDS[job.state]
    return {**operation, "done": True, "error": error}


def _build_output(desk: Desk, job: Job) -> Json:
    if "file" in job.facts:
        if "output" not in job.facts:
            names = [{"key": line.name} if line.name is not None else {} for line in job.lines]
            data = join_lines(_build_results(job, names))
            job.facts["output"] = gemini_files.keep_results(desk, job, data)
        return {"responsesFile": job.facts["output"]}
    names = [{} if key is None else {"metadata": key} for key in job.facts["keys"]]
    key = "inlinedEmbedContentResponses" if job.facts["kind"] == "EmbedContentBatch" else "inlinedResponses"
    return {key: {"inlinedResponses": _build_results(job, names)}}


def _build_results(job: Job, names: Sequence[Json]) -> list[Json]:
    """A result for each request, in their order: its response, or its error as a status of gRPC."""
    return [
        {**name, "response": outcome.body} if outcome.went_well else {**name, "error": _build_status(outcome.body)}
        for name, outcome in zip(names, job.outcomes, strict=True)
    ]


def _build_status(body: Json) -> Json:
    error = body.get("error") or {}
    code = _CODES.get(error.get("status", ""), 2)
    return {
        "code": code,
        "message": error.get("message", ""),
        **({"details": d} if (d := error.get("details")) else {}),
    }


# https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto
_CODES = {
    "INVALID_ARGUMENT": 3,
    "DEADLINE_EXCEEDED": 4,
    "NOT_FOUND": 5,
    "PERMISSION_DENIED": 7,
    "RESOURCE_EXHAUSTED": 8,
    "ABORTED": 10,
    "INTERNAL": 13,
    "UNAVAILABLE": 14,
    "UNAUTHENTICATED": 16,
}


def _build_time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _batch(rest: str = "") -> tuple[str, ...]:
    return (f"{_VERSION}/batches{rest}",)


API = BatchAPI(
    gemini.FORMAT,
    (
        Service("POST", (f"{_VERSION}/models/{{model:[^:]+}}:batchGenerateContent",), create_chats),
        Service("POST", (f"{_VERSION}/models/{{model:[^:]+}}:asyncBatchEmbedContent",), create_embeddings),
        Service("GET", _batch(), list_jobs),
        Service("POST", _batch("/{batch_id:[^:]+}:cancel"), cancel, json=False),
        Service("GET", _batch("/{batch_id:[^:]+}"), tell),
        Service("DELETE", _batch("/{batch_id:[^:]+}"), drop),
        *gemini_files.SERVICES,
    ),
)
