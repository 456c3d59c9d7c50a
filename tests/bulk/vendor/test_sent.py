"""What is sent to vendors is what their own SDKs were seen to send for the same, as the files of ``sent`` have it."""

from __future__ import annotations

import email
import email.policy
import json
from pathlib import Path
from typing import Any

import pytest

from modelhub.bulk.questions import Question
from modelhub.bulk.vendor import calls, gemini
from modelhub.bulk.vendor.api import Job
from modelhub.bulk.vendor.handed import Handed
from modelhub.records import replace
from modelhub.wire import Reply, Request

from .models import CHATS, build_api

SENT = {path.stem: json.loads(path.read_text()) for path in sorted((Path(__file__).parent / "sent").glob("*.json"))}
KEY = f"{1:032x}"
JOB = Handed(1, "job", "ready", 1, {}, 0.0, "file-1")
BATCHES = {"anthropic": "msgbatch_1", "gemini": "batches/1"}
CURSORS = {"anthropic": "msgbatch_0"}
FILES = {"anthropic": "results", "gemini": "files/batch-2"}
UPLOADED = [
    Reply(200, {"x-goog-upload-url": "http://server/upload/v1beta/files?upload_id=1"}, b'{"id": "file-1"}'),
    Reply(200, {}, b'{"file": {"name": "files/1"}}'),
]


def build_lines(api: Any, options: dict[str, Any] | None = None) -> bytes:
    call = calls.prepare(api.model, Question("hi", options or {}, KEY))
    line: bytes = api.build_line(KEY, calls.build(call))
    return line + b"\n"


def upload(api: Any, job: Handed, lines: bytes) -> list[Request]:
    steps, sent = api.upload(job, lines), []
    try:
        sent.append(next(steps))
        for reply in UPLOADED:
            sent.append(steps.send(reply))
    except StopIteration:
        pass
    return sent


def build(vendor: str, step: str) -> list[Request]:
    """What is sent for a step."""
    model_type = "gemini_embedding" if step == "submit_embedding" else None
    more = {"generate_args": {"max_tokens": 5}} if vendor == "gemini" and step == "submit" else {}
    api = build_api(vendor, model_type, **more)
    id = BATCHES.get(vendor, "batch_1")
    if step.startswith(("submit", "upload")):
        job = JOB if vendor not in BATCHES else replace(JOB, file="files/1" if step == "submit_file" else None)
        lines = build_lines(api, {"dimensions": 5} if model_type else None)
        return upload(api, job, lines) if step == "upload" else [api.build_submit(job, lines)]
    if step == "results":
        done = Job(id, "ended", "completed", results=(FILES.get(vendor, "file-2"),))
        sent: list[Request] = api.build_results(done)
        return sent
    after = CURSORS.get(vendor, "batch_0")
    made = {"poll": api.build_poll, "cancel": api.build_cancel, "list": lambda id: api.build_list(None)}
    return [made[step](id) if step in made else api.build_list(after)]


def describe(request: Request) -> dict[str, Any]:
    """A request as the files have it."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    told: dict[str, Any] = {"method": request.method, "path": request.url.removeprefix("http://server")}
    kind = headers.get("content-type", "")
    if kind.startswith("multipart/"):
        told["form"] = parse_form(kind, request.body or b"")
    elif request.body:
        told["body"] = json.loads(request.body)
    told["headers"] = headers
    return told


def parse_form(kind: str, body: bytes) -> dict[str, Any]:
    whole = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body, policy=email.policy.HTTP)
    form: dict[str, Any] = {}
    for part in whole.iter_parts():  # type: ignore[attr-defined]
        name = part.get_param("name", header="content-disposition")
        file = part.get_param("filename", header="content-disposition")
        content = part.get_payload(decode=True).decode()
        form[name] = {"file": file, "content": content} if file else content
    return form


@pytest.mark.parametrize(
    ("vendor", "step"), [(vendor, step) for vendor, seen in SENT.items() for step in seen["steps"]]
)
def test_requests_are_those_of_the_sdk(vendor: str, step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gemini, "INLINE", 0 if step == "upload" else gemini.INLINE)
    found = [describe(request) for request in build(vendor, step)]
    seen = SENT[vendor]["steps"][step]
    assert len(found) == (1 if step == "results" else len(seen))  # Anthropic's SDK looks at the job before
    for ours, theirs in zip(found, seen[-len(found) :], strict=True):
        assert ours["method"] == theirs["method"]
        assert sort_query(ours["path"]) == sort_query(theirs["path"])
        assert normalize(ours) == normalize(theirs)
        for name in ("x-goog-upload-command", "x-goog-upload-offset"):
            assert ours["headers"].get(name) == theirs["headers"].get(name)


def sort_query(path: str) -> str:
    place, _, query = path.partition("?")
    return f"{place}?{'&'.join(sorted(query.split('&')))}"


def normalize(told: dict[str, Any]) -> Any:
    """What is sent in the body, less what both may say in their own way."""
    said = told.get("form") or told.get("body")
    if isinstance(said, dict) and isinstance(said.get("file"), dict) and "content" in said["file"]:
        return {**said, "file": {"file": said["file"]["file"], "content": json.loads(said["file"]["content"])}}
    return drop_model(said)


def drop_model(said: Any) -> Any:
    """``said`` without the name of the model where it is also in the path, and without the size of what was tried."""
    if isinstance(said, dict):
        dropped = {"size_bytes"} | ({"model"} if "content" in said else set())
        return {name: drop_model(value) for name, value in said.items() if name not in dropped and name != "metadata"}
    return [drop_model(each) for each in said] if isinstance(said, list) else said


@pytest.mark.parametrize("vendor", CHATS)
def test_lines_have_the_body_of_a_call(vendor: str) -> None:
    api = build_api(vendor)
    tool = {"type": "function", "function": {"name": "look up", "parameters": {"type": "object", "properties": {}}}}
    call = calls.prepare(api.model, Question("hi", {"tools": [tool], "temperature": 0.5}, KEY))
    request = calls.build(call)
    line = json.loads(api.build_line(KEY, request))
    body = line.get("body") or line.get("params") or line.get("request")
    assert body == json.loads(request.body or b"")
    assert KEY in (line.get("custom_id"), line.get("key"))
