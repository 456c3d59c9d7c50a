"""Batch APIs in OpenAI's form: a file of lines is uploaded, and a job is made of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, ClassVar, get_args

from modelhub.bulk.vendor.api import BatchAPI, End, Job, Loss, Result, find_end, parse_complaints
from modelhub.bulk.vendor.handed import Handed
from modelhub.engine.extras import merge_headers
from modelhub.engine.query import add_path, add_query
from modelhub.overriding import override
from modelhub.wire import Reply, Request, encode_json

_ENDS: Mapping[str, End] = {end: end for end in get_args(End)}
_UNANSWERED: Mapping[Any, Loss] = {"batch_expired": "expired", "batch_cancelled": "cancelled"}
_STATUSES: Mapping[Any, int] = {"request_timeout": 408}  # of requests without a reply; others may be asked again


class FileBatchAPI(BatchAPI):
    """Files at ``/files`` and jobs at ``/batches`` beside the model's own path."""

    max_requests = 50_000
    paths: ClassVar[Mapping[str, str]] = {"chat": "/v1/chat/completions", "embedding": "/v1/embeddings"}  # in its lines
    more: ClassVar[Mapping[str, Any]] = {}  # what else a job is made with

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        head, mark, query = model.endpoint.url.partition("?")
        self._base = f"{head.removesuffix(model.path)}{mark}{query}"

    @override
    def build_line(self, id: str, request: Request) -> bytes:
        head = encode_json({"custom_id": id, "method": "POST", "url": self.paths[self.model.task]})
        return b'%b,"body":%b}' % (head[:-1], request.body or b"{}")

    @override
    def upload(self, job: Handed, lines: bytes) -> Generator[Request, Reply, str]:
        body, kind = build_form({"purpose": "batch"}, f"{job.name}.jsonl", lines, job.name)
        reply = yield self._ask("/files", body=body, kind=kind)
        return str(reply.json()["id"])

    @override
    def build_submit(self, job: Handed, lines: bytes) -> Request:
        body = {"input_file_id": job.file, "endpoint": self.paths[self.model.task], "completion_window": "24h"}
        return self._ask("/batches", body=encode_json({**body, "metadata": self.build_metadata(job), **self.more}))

    def build_metadata(self, job: Handed) -> dict[str, str]:
        """What the vendor keeps beside the job, for people who look at their jobs."""
        return {"modelhub": job.name}

    @override
    def build_poll(self, id: str) -> Request:
        return self._ask(f"/batches/{id}")

    @override
    def build_cancel(self, id: str) -> Request:
        return self._ask(f"/batches/{id}/cancel", body=b"")

    @override
    def build_list(self, after: str | None) -> Request:
        return self._ask("/batches", {"limit": 100, "after": after})

    @override
    def parse_job(self, data: Any) -> Job:
        counts = data.get("request_counts")
        counts = counts if isinstance(counts, dict) else data  # ZhipuAI's page has them beside it
        total, answered, refused = (counts.get(name) for name in ("total", "completed", "failed"))
        errors = data.get("errors")
        files = (data.get("output_file_id"), data.get("error_file_id"))
        return Job(
            id=str(data["id"]),
            state=str(data.get("status")),
            end=find_end(data.get("status"), _ENDS),
            marker=data.get("input_file_id"),
            created=data.get("created_at"),
            total=total,
            done=answered + (refused or 0) if isinstance(answered, int) else None,
            results=tuple(file for file in files if file),
            complaints=parse_complaints(errors.get("data") if isinstance(errors, dict) else None),
        )

    @override
    def parse_list(self, data: Any) -> tuple[list[Job], str | None]:
        jobs = [self.parse_job(each) for each in data.get("data") or ()]
        return jobs, jobs[-1].id if jobs and data.get("has_more") else None

    @override
    def build_results(self, job: Job) -> list[Request]:
        return [self._ask(f"/files/{file}/content") for file in job.results]

    @override
    def list_files(self, handed: Handed, job: Job | None) -> tuple[str, ...]:
        return tuple(filter(None, [handed.file, *(job.results if job is not None else ())]))

    @override
    def build_removal(self, file: str) -> Request:
        return self._ask(f"/files/{file}", method="DELETE")

    @override
    def parse_result(self, data: Any) -> Result | None:
        if not isinstance(data, dict) or "custom_id" not in data:
            return None
        key, response, error = str(data["custom_id"]), data.get("response"), data.get("error")
        if isinstance(response, dict) and response.get("status_code"):
            body = response.get("body")
            told = body if body is not None else {"error": error or response.get("message")}
            return Result(key, int(response["status_code"]), told, request_id=response.get("request_id"))
        error = error if isinstance(error, dict) else {"message": error or "the batch has no answer"}
        code = error.get("code")
        return Result(key, _STATUSES.get(code, 500), {"error": error}, _UNANSWERED.get(code))

    def _ask(
        self,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        kind: str | None = None,
        method: str | None = None,
    ) -> Request:
        headers = self.model.build_call({}).headers  # ZhipuAI's may be signed, each time anew
        changed = merge_headers(headers, {"Content-Type": kind or ("application/json" if body else None)})
        url = add_query(add_path(self._base, path), query)
        return Request(url, changed, body, method=method or ("POST" if body is not None else "GET"))


def build_form(fields: Mapping[str, str], name: str, content: bytes, boundary: str) -> tuple[bytes, str]:
    """A form with a file, and its content type: https://www.rfc-editor.org/rfc/rfc7578."""
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    parts += [head.encode(), b"Content-Type: application/jsonl\r\n\r\n", content, f"\r\n--{boundary}--\r\n".encode()]
    return b"".join(parts), f"multipart/form-data; boundary={boundary}"
