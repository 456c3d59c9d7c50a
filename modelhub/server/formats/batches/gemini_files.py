"""Gemini's files, as its batches use them: https://ai.google.dev/api/files"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256

from modelhub.server.formats.batches.api import Service, parse_page, read_origin
from modelhub.server.formats.batches.jobs import Desk, File, Job
from modelhub.server.formats.format import Ask
from modelhub.server.formats.replies import Failure, Json, Reply, build_json

NAME = "gemini"
_VERSION = "/{version:v[0-9][a-z0-9]*}"
_FILE = f"{_VERSION}/files/{{file_id:[^:]+}}"
_PARTIAL = "gemini upload"
_MAX_BYTES = 2 * 1024 * 1024 * 1024


def upload(desk: Desk, ask: Ask) -> Reply:
    """Take a file at once (protocol ``raw``), or tell where its pieces go; they need no key."""
    if ask.headers.get("X-Goog-Upload-Protocol") == "raw":
        return _finish(desk, ask, ask.raw)
    if ask.headers.get("X-Goog-Upload-Command") != "start":
        raise Failure(400, "bad_request", "X-Goog-Upload-Protocol must be raw, or X-Goog-Upload-Command start.")
    if int(ask.headers.get("X-Goog-Upload-Header-Content-Length") or 0) > _MAX_BYTES:
        raise Failure(400, "bad_request", f"The file is larger than {_MAX_BYTES} bytes.")
    begun = desk.keep_file(_PARTIAL, "", "", b"")
    url = f"{read_origin(ask)}/upload/{ask.path['version']}/files/{begun.id}"
    return Reply(headers={"X-Goog-Upload-URL": url, "X-Goog-Upload-Status": "active"})


def upload_piece(desk: Desk, ask: Ask) -> Reply:
    """Take the next piece of a file, which may be its last."""
    begun = desk.find_file(_PARTIAL, ask.path["upload_id"])
    if begun is None:
        raise Failure(404, "not_found", "The upload was not begun.")
    if int(ask.headers.get("X-Goog-Upload-Offset") or 0) != len(begun.data):
        raise Failure(400, "bad_request", f"The next piece begins at {len(begun.data)}.")
    desk.drop_file(begun)
    data = begun.data + ask.raw
    if "finalize" in ask.headers.get("X-Goog-Upload-Command", ""):
        return _finish(desk, ask, data)
    desk.put_file(replace(begun, data=data))
    return Reply(headers={"X-Goog-Upload-Status": "active"})


def _finish(desk: Desk, ask: Ask, data: bytes) -> Reply:
    file = desk.keep_file(NAME, "files/", "", data, "UPLOADED")
    reply = build_json({"file": build_file(ask, file)})
    return Reply(body=reply.body, headers={"X-Goog-Upload-Status": "final"})


def keep_results(desk: Desk, job: Job, data: bytes) -> str:
    """Keep the results of a job, and tell the name of the file."""
    return desk.keep_file(NAME, "files/batch-", job.id, data, "GENERATED").id


def find_file(desk: Desk, name: str) -> File:
    """The file of a name such as ``files/x``; raises Failure when there is none."""
    file = desk.find_file(NAME, name)
    if file is None:
        raise Failure(403, "permission", f"You do not have permission to access the file {name} or it may not exist.")
    return file


def tell(desk: Desk, ask: Ask) -> Reply:
    """What a file is."""
    return build_json(build_file(ask, _find_asked(desk, ask)))


def read(desk: Desk, ask: Ask) -> Reply:
    """The content of a file that a batch has written; files that were uploaded cannot be read."""
    file = _find_asked(desk, ask)
    if file.purpose != "GENERATED" or ask.query.get("alt") != "media":
        raise Failure(400, "bad_request", "Only generated files can be downloaded, with alt=media.")
    return Reply(body=file.data, content_type="application/octet-stream")


def drop(desk: Desk, ask: Ask) -> Reply:
    """Forget a file."""
    desk.drop_file(_find_asked(desk, ask))
    return build_json({})


def list_files(desk: Desk, ask: Ask) -> Reply:
    """A page of the files, the newest first."""
    size = parse_page(ask, 10, 100, "pageSize")
    files = desk.list_files(NAME)
    if token := ask.query.get("pageToken"):
        files = files[next((number for number, file in enumerate(files) if file.id == token), len(files)) :]
    page: Json = {"files": [build_file(ask, file) for file in files[:size]]} if files else {}
    return build_json(page | ({"nextPageToken": files[size].id} if len(files) > size else {}))


def build_file(ask: Ask, file: File) -> Json:
    """A file in Gemini's form."""
    at = f"{datetime.fromtimestamp(file.at, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    facts = {
        "name": file.id,
        "mimeType": "application/jsonl",
        "sizeBytes": str(len(file.data)),
        "createTime": at,
        "updateTime": at,
        "sha256Hash": b64encode(sha256(file.data).digest()).decode(),
        "uri": f"{read_origin(ask)}/{ask.path['version']}/{file.id}",
        "state": "ACTIVE",
        "source": file.purpose,
    }
    if file.purpose == "GENERATED":
        facts["downloadUri"] = f"{read_origin(ask)}/{ask.path['version']}/{file.id}:download?alt=media"
    return facts


def _find_asked(desk: Desk, ask: Ask) -> File:
    return find_file(desk, f"files/{ask.path['file_id']}")


SERVICES = (
    Service("POST", (f"/upload{_VERSION}/files",), upload, json=False),
    Service("POST", (f"/upload{_VERSION}/files/{{upload_id}}",), upload_piece, json=False, keyed=False),
    Service("GET", (f"{_VERSION}/files",), list_files),
    Service("GET", (f"{_FILE}:download", f"/download{_FILE}:download"), read),
    Service("GET", (_FILE,), tell),
    Service("DELETE", (_FILE,), drop),
)
