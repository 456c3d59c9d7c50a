"""What is asked about files and batches, beyond what all vendors have: lists, limits, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelhub.testing import MockServer

from .callers import Anthropic, ByFile, DashScope, Gemini, ZhipuAI

FORM = {"Content-Type": "multipart/form-data; boundary=b"}
GOOD = {"custom_id": "line-0", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m", "messages": []}}


def flaw(**changes: Any) -> bytes:
    return json.dumps({key: value for key, value in {**GOOD, **changes}.items() if value is not None}).encode()


@pytest.mark.parametrize(
    ("data", "code", "line"),
    [
        (b"", "empty_batch", None),
        (b"\n \n", "empty_batch", None),
        (flaw() + b"\n{", "invalid_json_line", 2),
        (b"[1]", "invalid_json_line", 1),
        (b"\xff\xfe", "invalid_json_line", 1),
        (flaw(custom_id=None), "missing_required_parameter", 1),
        (flaw(custom_id=7), "missing_required_parameter", 1),
        (flaw(body=None), "missing_required_parameter", 1),
        (flaw(custom_id="x" * 513), "invalid_request", 1),
        (flaw(method="GET"), "invalid_request", 1),
        (flaw(url="/v1/embeddings"), "url_mismatch", 1),
        (flaw() + b"\n" + flaw(), "duplicate_custom_id", 2),
        (flaw() + b"\n" + flaw(custom_id="line-1", body={"model": "other"}), "model_mismatch", 2),
        (b"{}\n" * 50_001, "too_many_tasks", None),
    ],
)
def test_a_file_with_a_flaw_fails_the_job(data: bytes, code: str, line: int | None) -> None:
    with MockServer() as server:
        caller = ByFile(server.url)
        job = caller.begin(caller.upload(data)).json()
        assert job["status"] == "validating" and job["errors"] is None
        facts = caller.tell(job["id"])
        assert (facts["status"], facts["output_file_id"]) == ("failed", None)
        assert (facts["errors"]["data"][0]["code"], facts["errors"]["data"][0]["line"]) == (code, line)
        assert server.counts.batches.outcomes == {}


def test_zhipuai_wants_longer_names() -> None:
    with MockServer() as server:
        caller = ZhipuAI(server.url)
        job = caller.begin(caller.upload(flaw(custom_id="five5", url=caller.call)), completion_window=None).json()["id"]
        assert "6 to 64" in caller.tell(job)["errors"]["data"][0]["message"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"input_file_id": "file-x"}, "No such File"),
        ({"input_file_id": None}, "input_file_id"),
        ({"endpoint": "/v1/audio"}, "Supported values"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"completion_window": ["24h"]}, "completion_window"),
    ],
)
def test_a_job_that_cannot_begin_is_refused(more: dict[str, Any], words: str) -> None:
    with MockServer() as server:
        caller = ByFile(server.url)
        reply = caller.begin(caller.upload(flaw()), **more)
        assert reply.status_code in (400, 404) and words in reply.json()["error"]["message"]
        assert server.counts.batches.jobs == 0


def test_a_job_needs_a_file_for_batches_and_dashscope_has_longer_windows() -> None:
    with MockServer() as server:
        openai, dashscope = ByFile(server.url), DashScope(server.url)
        file = openai.get("POST", "/v1/files", files={"file": ("a", b"x")}, data={"purpose": "fine-tune"})["id"]
        assert openai.begin(file).status_code == 400
        mine = dashscope.upload(flaw())
        assert dashscope.begin(mine, completion_window="336h").status_code == 200
        assert dashscope.begin(mine, completion_window="15d").status_code == 400
        assert openai.begin(mine).status_code == 404


def test_embeddings_come_in_batches() -> None:
    row = {
        "custom_id": "line-0",
        "method": "POST",
        "url": "/v1/embeddings",
        "body": {"model": "e", "input": ["a", "b"]},
    }
    with MockServer() as server:
        caller = ByFile(server.url)
        job = caller.begin(caller.upload(json.dumps(row).encode()), endpoint="/v1/embeddings").json()["id"]
        caller.finish(job)
        content = caller.ask("GET", f"/v1/files/{caller.tell(job)['output_file_id']}/content").json()
        called = caller.get("POST", "/v1/embeddings", json=row["body"])
        assert content["response"]["body"] == called


def test_lists_come_in_pages() -> None:
    with MockServer() as server:
        caller = ByFile(server.url)
        jobs = [caller.submit(["a"]) for _ in range(3)]
        first = caller.get("GET", "/v1/batches?limit=2")
        assert [one["id"] for one in first["data"]] == jobs[:0:-1] and first["has_more"] is True
        rest = caller.get("GET", f"/v1/batches?limit=2&after={first['last_id']}")
        assert [one["id"] for one in rest["data"]] == jobs[:1] and rest["has_more"] is False
        assert caller.get("GET", f"/v1/batches?after={jobs[0]}")["data"] == []
        assert caller.ask("GET", "/v1/batches?limit=101").status_code == 400
        files = caller.get("GET", "/v1/files?limit=2&purpose=batch")
        assert len(files["data"]) == 2 and files["has_more"] is True
        assert caller.get("GET", f"/v1/files?after={files['last_id']}&purpose=batch")["has_more"] is False


def test_anthropic_lists_before_and_after() -> None:
    with MockServer() as server:
        caller = Anthropic(server.url)
        jobs = [caller.submit(["a"]) for _ in range(3)]
        assert [one["id"] for one in caller.get("GET", f"{caller.path}?after_id={jobs[1]}")["data"]] == jobs[:1]
        before = caller.get("GET", f"{caller.path}?before_id={jobs[0]}&limit=1")
        assert [one["id"] for one in before["data"]] == [jobs[1]] and before["has_more"] is True


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"requests": []},
        {"requests": [7]},
        {"requests": [{"custom_id": "a b", "params": {}}]},
        {"requests": [{"custom_id": "a", "params": {}}] * 2},
    ],
)
def test_anthropic_refuses_at_once(body: Any) -> None:
    with MockServer() as server:
        reply = Anthropic(server.url).ask("POST", Anthropic.path, json=body)
        assert (reply.status_code, reply.json()["error"]["type"]) == (400, "invalid_request_error")
        assert Anthropic(server.url, {"anthropic-version": ""}).ask("GET", Anthropic.path).status_code == 400


def test_anthropic_has_results_and_deletes_when_it_is_over() -> None:
    with MockServer() as server:
        caller = Anthropic(server.url)
        job = caller.submit(["a"])
        assert caller.ask("GET", f"{caller.path}/{job}/results").status_code == 404
        assert caller.ask("DELETE", f"{caller.path}/{job}").status_code == 400
        caller.finish(job)
        assert caller.get("GET", f"{caller.path}/{job}")["results_url"] == f"{server.url}{caller.path}/{job}/results"
        assert caller.ask("POST", f"{caller.path}/{job}/cancel").status_code == 400
        assert caller.get("DELETE", f"{caller.path}/{job}")["type"] == "message_batch_deleted"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"batch": {"inputConfig": {}}}, 400),
        ({"batch": {"inputConfig": {"requests": {"requests": [{}]}}}}, 400),
        ({"batch": {"input_config": {"file_name": "files/none"}}}, 403),
        ({"batch": {"inputConfig": {"requests": {"requests": [{"request": {"text": "x" * 21_000_000}}]}}}}, 400),
    ],
)
def test_gemini_refuses_at_once(body: Any, status: int) -> None:
    with MockServer() as server:
        assert Gemini(server.url).ask("POST", "/v1/models/m:batchGenerateContent", json=body).status_code == status


def test_gemini_takes_files_in_pieces() -> None:
    row = b'{"key": "a", "request": {"contents": [{"parts": [{"text": "echo: x"}]}]}}'
    with MockServer(api_key="k") as server:
        caller = Gemini(server.url)
        path = caller.ask("POST", "/upload/v1beta/files", headers={"X-Goog-Upload-Command": "start"})
        path = path.headers["X-Goog-Upload-URL"].removeprefix(server.url)
        caller.headers = {}

        def put(data: bytes, command: str, offset: int) -> Any:
            headers = {"X-Goog-Upload-Command": command, "X-Goog-Upload-Offset": str(offset)}
            return caller.ask("POST", path, data=data, headers=headers)

        assert put(row[:9], "upload", 0).headers["X-Goog-Upload-Status"] == "active"
        assert put(row[9:], "upload", 5).status_code == 400
        name = put(row[9:], "upload, finalize", 9).json()["file"]["name"]
        assert put(row[9:], "upload, finalize", 9).status_code == 404
        caller = Gemini(server.url)
        body = {"batch": {"inputConfig": {"fileName": name}}}
        job = caller.get("POST", "/v1/models/m:batchGenerateContent", json=body)["name"]
        caller.finish(job)
        results = caller.get("GET", f"/v1/{job}")["response"]["responsesFile"]
        (line,) = caller.ask("GET", f"/download/v1beta/{results}:download?alt=media").text.splitlines()
        assert json.loads(line)["response"]["candidates"][0]["content"]["parts"] == [{"text": "x"}]
        assert caller.ask("GET", f"/v1/{name}:download?alt=media").status_code == 400


def test_gemini_fails_for_a_file_with_a_flaw() -> None:
    with MockServer() as server:
        caller = Gemini(server.url)
        raw = {"X-Goog-Upload-Protocol": "raw"}
        name = caller.get("POST", "/upload/v1beta/files", data=b"{\n", headers=raw)["file"]["name"]
        body = {"batch": {"inputConfig": {"fileName": name}}}
        job = caller.get("POST", "/v1beta/models/m:batchGenerateContent", json=body)["name"]
        assert caller.finish(job) == "failed"
        assert "Line 1" in caller.get("GET", f"/v1beta/{job}")["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "data"),
    [
        ({}, b"x"),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b""),
        ({"Content-Type": "multipart/form-data; boundary=b"}, b"--b\r\n\r\nx\r\n--b--"),
        (
            {"Content-Type": "multipart/form-data; boundary=b"},
            b'--b\r\nContent-Disposition: x; name="file"\r\n\r\nx\r\n--b--',
        ),
    ],
)
def test_a_form_that_cannot_be_read_is_refused(headers: dict[str, str], data: bytes) -> None:
    with MockServer() as server:
        assert ByFile(server.url).ask("POST", "/v1/files", data=data, headers=headers).status_code == 400


def test_a_file_is_kept_as_it_is() -> None:
    data = b"\r\n--almost\r\n\r\n\xff\x00 \xe4\xbd\xa0\r\n"
    with MockServer() as server:
        caller = ByFile(server.url)
        file = caller.upload(data)
        assert caller.ask("GET", f"/v1/files/{file}/content").content == data
        assert caller.get("GET", f"/v1/files/{file}")["bytes"] == len(data)
