"""Anthropic's Message Batches API: https://platform.claude.com/docs/en/api/creating-message-batches."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from modelhub.bulk.vendor.api import BatchAPI, Job, Result, join_lines
from modelhub.bulk.vendor.handed import Handed
from modelhub.engine.query import add_path, add_query
from modelhub.overriding import override
from modelhub.wire import Request, encode_json

_SKEW = 3600.0  # seconds by which this computer's clock may be before the vendor's
_COUNTED = ("succeeded", "errored", "canceled", "expired")
_STATUSES: Mapping[Any, int] = {  # https://platform.claude.com/docs/en/api/errors
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}


class AnthropicBatchAPI(BatchAPI):
    """Messages; a job may have 100,000 requests and 256 MB. It has no name: the ids in its results tell whose it is."""

    title = "Anthropic"
    max_requests = 100_000
    marks_jobs = False

    @override
    def build_line(self, id: str, request: Request) -> bytes:
        return b'{"custom_id":%b,"params":%b}' % (encode_json(id), request.body or b"{}")

    @override
    def build_submit(self, job: Handed, lines: bytes) -> Request:
        return self._ask("", body=b'{"requests":[%b]}' % join_lines(lines))

    @override
    def build_poll(self, id: str) -> Request:
        return self._ask(f"/{id}")

    @override
    def build_cancel(self, id: str) -> Request:
        return self._ask(f"/{id}/cancel", body=b"")

    @override
    def build_list(self, after: str | None) -> Request:
        return self._ask("", {"limit": 100, "after_id": after})

    @override
    def parse_job(self, data: Any) -> Job:
        counts = data.get("request_counts") or {}
        done = sum(counts.get(name) or 0 for name in _COUNTED)
        state = data.get("processing_status")
        return Job(
            id=str(data["id"]),
            state=str(state),
            end="completed" if state == "ended" else None,
            created=_parse_time(data.get("created_at")),
            total=done + (counts.get("processing") or 0) if counts else None,
            done=done if counts else None,
            results=("results",) if state == "ended" and data.get("results_url") else (),
        )

    @override
    def parse_list(self, data: Any) -> tuple[list[Job], str | None]:
        jobs = [self.parse_job(each) for each in data.get("data") or ()]
        return jobs, jobs[-1].id if jobs and data.get("has_more") else None

    @override
    def is_same(self, job: Job, handed: Handed) -> bool:
        recent = job.created is not None and job.created >= handed.began - _SKEW
        return recent and job.total == handed.requests

    @override
    def build_results(self, job: Job) -> list[Request]:
        return [self._ask(f"/{job.id}/results") for _ in job.results]

    @override
    def parse_result(self, data: Any) -> Result | None:
        if not isinstance(data, dict) or "custom_id" not in data:
            return None
        key, result = str(data["custom_id"]), data.get("result") or {}
        kind = result.get("type")
        if kind == "succeeded":
            return Result(key, 200, result.get("message"))
        if kind in ("expired", "canceled"):
            return Result(key, 0, None, "expired" if kind == "expired" else "cancelled")
        error = result.get("error") or {}  # as a reply that is refused says it, with an envelope
        told = error.get("error")
        inner = told if isinstance(told, dict) else error
        body = error if "error" in error else {"type": "error", "error": error}
        return Result(key, _STATUSES.get(inner.get("type"), 500), body, request_id=error.get("request_id"))

    def _ask(self, path: str, query: Mapping[str, Any] | None = None, body: bytes | None = None) -> Request:
        endpoint = self.model.endpoint
        url = add_query(add_path(endpoint.url, f"/batches{path}"), query)
        return Request(url, endpoint.headers, body, method="POST" if body is not None else "GET")


def _parse_time(text: Any) -> float | None:
    """The seconds since 1970 of a time as RFC 3339 writes it; None for what is none."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (TypeError, ValueError):
        return None
