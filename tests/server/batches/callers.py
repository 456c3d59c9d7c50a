"""One way to work with the batches of every vendor, for tests that are the same for all of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import requests

Results = dict[str, str]


def build_name(number: int) -> str:
    """How a request is known again; ZhipuAI wants six characters."""
    return f"line-{number:03}"


class Caller:
    """Hands batches in, and reads what came of them: for each request its text, or a word for why there is none."""

    headers: dict[str, str] = {}

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        self.url = url
        self.headers = {**self.headers, **(headers or {})}

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {**self.headers, **more.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=10, **more)

    def get(self, method: str, path: str, **more: Any) -> Any:
        reply = self.ask(method, path, **more)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def submit(self, texts: Sequence[str]) -> str:
        raise NotImplementedError

    def look(self, job: str) -> str:
        raise NotImplementedError

    def cancel(self, job: str) -> None:
        raise NotImplementedError

    def read(self, job: str) -> Results:
        raise NotImplementedError

    def finish(self, job: str) -> str:
        """Look until a job is over, at most so many times."""
        return next(state for _ in range(5) if (state := self.look(job)) not in ("pending", "running"))


class ByFile(Caller):
    """OpenAI's form."""

    call = "/v1/chat/completions"
    base = "/v1"

    def upload(self, data: bytes) -> str:
        return self.get("POST", f"{self.base}/files", files={"file": ("in.jsonl", data)}, data={"purpose": "batch"})[
            "id"
        ]

    def build_file(self, texts: Sequence[str]) -> bytes:
        rows = [
            {
                "custom_id": build_name(number),
                "method": "POST",
                "url": self.call,
                "body": {"model": "m", "messages": [{"role": "user", "content": text}]},
            }
            for number, text in enumerate(texts)
        ]
        return "\n".join(map(json.dumps, rows)).encode()

    def begin(self, file: str, **more: Any) -> requests.Response:
        body = {"input_file_id": file, "endpoint": self.call, "completion_window": "24h", **more}
        return self.ask("POST", f"{self.base}/batches", json=body)

    def submit(self, texts: Sequence[str]) -> str:
        return self.begin(self.upload(self.build_file(texts))).json()["id"]

    def tell(self, job: str) -> Any:
        return self.get("GET", f"{self.base}/batches/{job}")

    def look(self, job: str) -> str:
        state = self.tell(job)["status"]
        return {"validating": "pending", "in_progress": "running", "completed": "done"}.get(state, state)

    def cancel(self, job: str) -> None:
        assert self.get("POST", f"{self.base}/batches/{job}/cancel")["status"] == "cancelling"

    def read(self, job: str) -> Results:
        facts = self.tell(job)
        found: Results = {}
        for key in ("output_file_id", "error_file_id"):
            if facts[key]:
                content = self.ask("GET", f"{self.base}/files/{facts[key]}/content").text
                for row in map(json.loads, content.splitlines()):
                    found[row["custom_id"]] = self.read_row(row)
        return found

    def read_row(self, row: Any) -> str:
        if row.get("error"):
            return row["error"]["code"]
        body = row["response"]["body"]
        failed = row["response"]["status_code"] >= 400
        return str(row["response"]["status_code"]) if failed else body["choices"][0]["message"]["content"]


class DashScope(ByFile):
    base = "/compatible-mode/v1"


class ZhipuAI(ByFile):
    base = "/api/paas/v4"
    call = "/v4/chat/completions"


class Anthropic(Caller):
    headers = {"anthropic-version": "2023-06-01"}
    path = "/v1/messages/batches"

    def build_requests(self, texts: Sequence[str]) -> list[Any]:
        params = [{"model": "m", "max_tokens": 99, "messages": [{"role": "user", "content": text}]} for text in texts]
        return [{"custom_id": build_name(number), "params": one} for number, one in enumerate(params)]

    def submit(self, texts: Sequence[str]) -> str:
        return self.get("POST", self.path, json={"requests": self.build_requests(texts)})["id"]

    def look(self, job: str) -> str:
        facts = self.get("GET", f"{self.path}/{job}")
        if facts["processing_status"] != "ended":
            return "running"
        ends = {"canceled": "cancelled", "expired": "expired"}
        return next((word for key, word in ends.items() if facts["request_counts"][key]), "done")

    def cancel(self, job: str) -> None:
        assert self.get("POST", f"{self.path}/{job}/cancel")["processing_status"] == "canceling"

    def read(self, job: str) -> Results:
        content = self.ask("GET", f"{self.path}/{job}/results").text
        return {row["custom_id"]: self.read_row(row["result"]) for row in map(json.loads, content.splitlines())}

    def read_row(self, result: Any) -> str:
        words = {"canceled": "batch_cancelled", "expired": "batch_expired"}
        if result["type"] == "errored":
            return {"rate_limit_error": "429", "api_error": "500"}.get(result["error"]["error"]["type"], "400")
        return words.get(result["type"]) or result["message"]["content"][0]["text"]


class Gemini(Caller):
    headers = {"x-goog-api-key": "k"}

    def submit(self, texts: Sequence[str]) -> str:
        rows = [
            {"request": {"contents": [{"parts": [{"text": text}]}]}, "metadata": {"key": build_name(number)}}
            for number, text in enumerate(texts)
        ]
        batch = {"displayName": "night", "inputConfig": {"requests": {"requests": rows}}}
        return self.get("POST", "/v1beta/models/m:batchGenerateContent", json={"batch": batch})["name"]

    def look(self, job: str) -> str:
        state = self.get("GET", f"/v1beta/{job}")["metadata"]["state"].removeprefix("BATCH_STATE_").lower()
        return {"succeeded": "done"}.get(state, state)

    def cancel(self, job: str) -> None:
        assert self.get("POST", f"/v1beta/{job}:cancel") == {}

    def read(self, job: str) -> Results:
        operation = self.get("GET", f"/v1beta/{job}")
        assert operation["done"] is True
        rows = operation.get("response", {}).get("inlinedResponses", {}).get("inlinedResponses", [])
        return {row["metadata"]["key"]: self.read_row(row) for row in rows}

    def read_row(self, row: Any) -> str:
        if "error" in row:
            return {8: "429", 13: "500"}.get(row["error"]["code"], "400")
        return row["response"]["candidates"][0]["content"]["parts"][0]["text"]


CALLERS = [ByFile, DashScope, ZhipuAI, Anthropic, Gemini]
