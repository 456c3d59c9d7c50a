"""Gemini's Batch API: https://ai.google.dev/api/batch-api."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

from modelhub.bulk.vendor.api import (
    MEBIBYTE,
    BatchAPI,
    Complaint,
    End,
    Job,
    Loss,
    Result,
    find_end,
)
from modelhub.bulk.vendor.handed import Handed
from modelhub.engine.extras import merge_headers
from modelhub.engine.query import add_query
from modelhub.errors import BadRequestError
from modelhub.overriding import override
from modelhub.wire import Reply, Request, decode_json, encode_json

INLINE = 16 * MEBIBYTE  # bytes that go with a job itself: a request may have 20 MB
_MODEL = re.compile(r"^(?P<root>.*?)/(?P<version>v\d+\w*)/(?P<model>(?:models|tunedModels)/[^?]+)")
_WORDS: Mapping[str, End] = {
    "SUCCEEDED": "completed",
    "PARTIALLY_SUCCEEDED": "completed",
    "FAILED": "failed",
    "CANCELLED": "cancelled",
    "EXPIRED": "expired",
}
_ENDS: Mapping[str, End] = {f"{kind}_STATE_{word}": _WORDS[word] for kind in ("BATCH", "JOB") for word in _WORDS}
# https://cloud.google.com/apis/design/errors: the statuses of the numbers and the names that stand in results.
_STATUSES: Mapping[Any, int] = {
    1: 499,
    2: 500,
    3: 400,
    4: 504,
    5: 404,
    6: 409,
    7: 403,
    8: 429,
    9: 400,
    10: 409,
    11: 400,
    12: 501,
    13: 500,
    14: 503,
    15: 500,
    16: 401,
}
_EXPIRED, _CANCELLED = 4, 1


class GeminiBatchAPI(BatchAPI):
    """Chats and embeddings; what is small goes with the job itself, the rest as a file, which may have 2 GB."""

    title = "Gemini"
    max_requests = 50_000

    def __init__(self, model: Any) -> None:
        super().__init__(model)
        found = _MODEL.match(model.endpoint.url)
        if found is None:
            raise BadRequestError(f"there is no model in the address {model.endpoint.url}")
        self._root, self._version, self._model = found.groups()

    @override
    def build_line(self, id: str, request: Request) -> bytes:
        body = request.body or b"{}"
        if self.model.task == "embedding":
            requests = decode_json(body)["requests"]
            if len(requests) != 1:
                raise BadRequestError("Gemini's batches embed one text in a request")
            body = encode_json(requests[0])
        return b'{"key":%b,"request":%b}' % (encode_json(id), body)

    @override
    def upload(self, job: Handed, lines: bytes) -> Generator[Request, Reply, str | None]:
        if len(lines) <= INLINE:
            return None
        size, kind = str(len(lines)), "application/jsonl"
        begin = {
            "X-Goog-Upload-Protocol": "resumable",
            "X-Goog-Upload-Command": "start",
            "X-Goog-Upload-Header-Content-Length": size,
            "X-Goog-Upload-Header-Content-Type": kind,
        }
        about = encode_json({"file": {"display_name": job.name, "mime_type": kind, "size_bytes": len(lines)}})
        reply = yield self._ask(f"/upload/{self._version}/files", body=about, headers=begin)
        place = reply.headers["x-goog-upload-url"]
        end = {"X-Goog-Upload-Command": "upload, finalize", "X-Goog-Upload-Offset": "0", "Content-Type": kind}
        reply = yield Request(place, end, lines)  # which is authorized by its address
        return str(reply.json()["file"]["name"])

    @override
    def build_submit(self, job: Handed, lines: bytes) -> Request:
        method = "asyncBatchEmbedContent" if self.model.task == "embedding" else "batchGenerateContent"
        if job.file is not None:
            source = encode_json({"fileName": job.file})
        else:
            source = b'{"requests":{"requests":[%b]}}' % b",\n".join(map(_inline, lines.splitlines()))
        body = b'{"batch":{"displayName":%b,"inputConfig":%b}}' % (encode_json(job.name), source)
        return self._ask(f"/{self._version}/{self._model}:{method}", body=body)

    @override
    def build_poll(self, id: str) -> Request:
        return self._ask(f"/{self._version}/{id}")

    @override
    def build_cancel(self, id: str) -> Request:
        return self._ask(f"/{self._version}/{id}:cancel", body=b"")

    @override
    def build_list(self, after: str | None) -> Request:
        return self._ask(f"/{self._version}/batches", {"pageSize": 100, "pageToken": after})

    @override
    def parse_job(self, data: Any) -> Job:
        about = data.get("metadata") or {}
        counts = about.get("batchStats") or {}
        total, done = (_count(counts.get(name)) for name in ("requestCount", "successfulRequestCount"))
        failed, error = _count(counts.get("failedRequestCount")), data.get("error")
        end = find_end(about.get("state"), _ENDS)
        if end is None and data.get("done"):
            end = "failed" if error else "completed"
        output = _find_output(data)
        return Job(
            id=str(data["name"]),
            state=str(about.get("state") or ("done" if data.get("done") else "pending")),
            end=end,
            marker=about.get("displayName"),
            total=total,
            done=None if done is None and failed is None else (done or 0) + (failed or 0),
            results=(output.get("responsesFile") or "",) if output else (),
            complaints=(Complaint(str(error.get("message")), error.get("status")),) if error else (),
        )

    @override
    def is_same(self, job: Job, handed: Handed) -> bool:
        return job.marker == handed.name

    @override
    def parse_list(self, data: Any) -> tuple[list[Job], str | None]:
        return [self.parse_job(each) for each in data.get("operations") or ()], data.get("nextPageToken") or None

    @override
    def build_results(self, job: Job) -> list[Request]:
        return [
            self._ask(f"/{self._version}/{file}:download", {"alt": "media"}) if file else self.build_poll(job.id)
            for file in job.results
        ]

    @override
    def list_files(self, handed: Handed, job: Job | None) -> tuple[str, ...]:
        return tuple(filter(None, [handed.file, *(job.results if job is not None else ())]))

    @override
    def build_removal(self, file: str) -> Request:
        return self._ask(f"/{self._version}/{file}", method="DELETE")

    @override
    def parse_results(self, file: Path) -> Iterator[Result]:
        with file.open("rb") as start:
            inline = not start.readline().startswith((b'{"key"', b'{"response"', b'{"error"', b'{"metadata":{"key'))
        data = _decode_whole(file) if inline else None
        if data is None:
            yield from super().parse_results(file)
            return
        for each in _find_inline(_find_output(data)):
            result = self.parse_result(each)
            if result is not None:
                yield result

    @override
    def parse_result(self, data: Any) -> Result | None:
        key = data.get("key") or (data.get("metadata") or {}).get("key")
        if not isinstance(key, str):
            return None
        response, error = data.get("response"), data.get("error") or data.get("status")
        if isinstance(response, dict):
            if self.model.task == "embedding" and "embedding" in response:
                response = {**response, "embeddings": [response["embedding"]]}
            return Result(key, 200, response)
        error = error if isinstance(error, dict) else {"message": str(error or "the batch has no answer")}
        code = error.get("code")
        status = code if isinstance(code, int) and code >= 100 else _STATUSES.get(code, 500)
        return Result(key, status, {"error": {**error, "code": status}}, _find_end(code, error))

    def _ask(
        self,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> Request:
        changed = merge_headers(self.model.endpoint.headers, headers or {})
        url = add_query(f"{self._root}{path}", query)
        return Request(url, changed, body, method=method or ("POST" if body is not None else "GET"))


def _inline(line: bytes) -> bytes:
    """A line of a file as a request that goes with a job."""
    key, request = line.removeprefix(b'{"key":').split(b',"request":', 1)
    return b'{"request":%b,"metadata":{"key":%b}}' % (request[:-1], key)


def _find_output(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Where the results of a job are; the SDK looks into ``metadata``, the pages tell of ``response``."""
    response = data.get("response") or {}
    found: Mapping[str, Any] = (data.get("metadata") or {}).get("output") or response.get("output") or response
    return found


def _find_inline(output: Mapping[str, Any]) -> list[Any]:
    listed = output.get("inlinedResponses") or output.get("inlinedEmbedContentResponses") or {}
    return list(listed.get("inlinedResponses") or ()) if isinstance(listed, dict) else list(listed)


def _find_end(code: Any, error: Mapping[str, Any]) -> Loss | None:
    told = str(error.get("status") or "")
    if code == _CANCELLED or told == "CANCELLED":
        return "cancelled"
    return "expired" if code == _EXPIRED or told == "DEADLINE_EXCEEDED" else None


def _count(value: Any) -> int | None:
    """A number, which JSON of Google's writes as a text."""
    try:
        return int(value)
    except (TypeError, ValueError):
        return None


def _decode_whole(file: Path) -> Any:
    try:
        data = decode_json(file.read_bytes())
    except ValueError:
        return None
    return data if isinstance(data, dict) and "name" in data else None
