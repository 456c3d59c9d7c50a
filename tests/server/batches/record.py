"""Records what the vendors' SDKs send when they work with batches, and what the mock server replies.

Run it by hand where the SDKs are installed: `python tests/server/batches/record.py`. Each SDK reads every reply; what
it reads is checked here, and the replies are written down beside what was sent, for tests that need no SDK.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from replaying import is_sent, replay

from modelhub.testing import MockServer

FOLDER = Path(__file__).with_name("sdk")


def build_rows(url: str) -> bytes:
    """A file of four requests, of which the third cannot be read."""
    rows = [
        {
            "custom_id": f"request-{number}",
            "method": "POST",
            "url": url,
            "body": {"model": "m", "messages": [{"role": "user", "content": f"echo: {number}"}] if number != 2 else []},
        }
        for number in range(4)
    ]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def check_lines(good: str, bad: str) -> None:
    """Check what the two files of a batch of ``build_rows`` say."""
    said = {row["custom_id"]: row["response"]["body"]["choices"] for row in map(json.loads, good.splitlines())}
    assert {name: choices[0]["message"]["content"] for name, choices in said.items()} == {
        "request-0": "0",
        "request-1": "1",
        "request-3": "3",
    }
    (failed,) = map(json.loads, bad.splitlines())
    assert failed["custom_id"] == "request-2" and failed["response"]["status_code"] == 400


def record_openai(url: str, base: str = "/v1") -> str:
    """OpenAI's SDK, which is DashScope's for batches, too."""
    import openai

    client, call = openai.OpenAI(base_url=url + base, api_key="k"), "/v1/chat/completions"
    file = client.files.create(file=("in.jsonl", build_rows(call)), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint=call, completion_window="24h", metadata={"night": "1"}
    )
    assert batch.status == "validating" and batch.metadata == {"night": "1"}
    assert client.batches.retrieve(batch.id).status == "in_progress"
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed" and batch.request_counts.completed == 3 and batch.request_counts.failed == 1
    check_lines(client.files.content(batch.output_file_id).text, client.files.content(batch.error_file_id).text)
    second = client.batches.create(input_file_id=file.id, endpoint=call, completion_window="24h")
    client.batches.retrieve(second.id)
    assert client.batches.cancel(second.id).status == "cancelling"
    second = client.batches.retrieve(second.id)
    assert second.status == "cancelled" and second.request_counts.completed == 2
    assert "batch_cancelled" in client.files.content(second.error_file_id).text
    assert [one.id for one in client.batches.list(limit=1)] == [second.id, batch.id]
    wrong = client.files.create(file=("wrong.jsonl", b"{\n"), purpose="batch")
    failed = client.batches.create(input_file_id=wrong.id, endpoint=call, completion_window="24h")
    failed = client.batches.retrieve(failed.id)
    assert failed.status == "failed" and failed.errors.data[0].line == 1
    assert client.files.delete(wrong.id).deleted and client.files.retrieve(file.id).bytes == file.bytes
    return f"openai {version('openai')}"


def record_dashscope(url: str) -> str:
    """The vendor says to use OpenAI's SDK."""
    return record_openai(url, "/compatible-mode/v1")


def record_zhipuai(url: str) -> str:
    """ZhipuAI's SDK."""
    import zhipuai

    client, call = zhipuai.ZhipuAI(api_key="key.secret", base_url=f"{url}/api/paas/v4"), "/v4/chat/completions"
    file = client.files.create(file=("in.jsonl", build_rows(call)), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint=call)
    client.batches.retrieve(batch.id)
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed" and batch.request_counts.failed == 1
    good, bad = (client.files.content(name).content.decode() for name in (batch.output_file_id, batch.error_file_id))
    check_lines(good, bad)
    second = client.batches.create(input_file_id=file.id, endpoint=call)
    assert client.batches.cancel(second.id).status == "cancelling"
    assert client.batches.retrieve(second.id).status == "cancelled"
    assert [one.id for one in client.batches.list(limit=1).data] == [second.id]
    assert client.files.list(purpose="batch").data[0].id == file.id
    return f"zhipuai {version('zhipuai')}"


def record_anthropic(url: str) -> str:
    """Anthropic's SDK."""
    import anthropic

    client = anthropic.Anthropic(base_url=url, api_key="k")
    rows = [
        {
            "custom_id": f"r{number}",
            "params": {
                "model": "m",
                "max_tokens": 9 * (number != 1),
                "messages": [{"role": "user", "content": f"echo: {number}"}],
            },
        }
        for number in range(3)
    ]
    batch = client.messages.batches.create(requests=rows)
    assert batch.processing_status == "in_progress" and batch.request_counts.processing == 3
    client.messages.batches.retrieve(batch.id)
    batch = client.messages.batches.retrieve(batch.id)
    assert batch.processing_status == "ended" and batch.request_counts.succeeded == 2
    results = {one.custom_id: one.result for one in client.messages.batches.results(batch.id)}
    assert results["r0"].message.content[0].text == "0"
    assert results["r1"].error.error.type == "invalid_request_error"
    second = client.messages.batches.create(requests=rows)
    client.messages.batches.retrieve(second.id)
    assert client.messages.batches.cancel(second.id).processing_status == "canceling"
    assert client.messages.batches.retrieve(second.id).request_counts.canceled == 2
    assert [one.result.type for one in client.messages.batches.results(second.id)].count("canceled") == 2
    assert [one.id for one in client.messages.batches.list(limit=1)] == [second.id, batch.id]
    assert client.messages.batches.delete(second.id).id == second.id
    return f"anthropic {version('anthropic')}"


def record_gemini(url: str) -> str:
    """Google's SDK."""
    from google import genai

    client = genai.Client(api_key="k", http_options={"base_url": url})
    rows = [
        {"contents": [{"parts": [{"text": f"echo: {number}"}], "role": "user"}], "metadata": {"key": f"k{number}"}}
        for number in range(2)
    ]
    job = client.batches.create(model="tiny", src=rows, config={"display_name": "night"})
    assert job.state.name == "JOB_STATE_PENDING" and job.display_name == "night"
    assert client.batches.get(name=job.name).state.name == "JOB_STATE_RUNNING"
    job = client.batches.get(name=job.name)
    assert job.state.name == "JOB_STATE_SUCCEEDED"
    said = {one.metadata["key"]: one.response.text for one in job.dest.inlined_responses}
    assert said == {"k0": "0", "k1": "1"}
    lines = [{"key": f"k{number}", "request": {"contents": row["contents"]}} for number, row in enumerate(rows)]
    lines.append({"key": "k2", "request": {"contents": []}})
    with TemporaryDirectory() as folder:
        path = Path(folder, "in.jsonl")
        path.write_text("\n".join(map(json.dumps, lines)))
        file = client.files.upload(file=str(path), config={"mime_type": "application/jsonl"})
    filed = client.batches.create(model="tiny", src=file.name)
    client.batches.get(name=filed.name)
    filed = client.batches.get(name=filed.name)
    results = [json.loads(line) for line in client.files.download(file=filed.dest.file_name).splitlines()]
    assert [one["key"] for one in results] == ["k0", "k1", "k2"] and results[2]["error"]["code"] == 3
    cancelled = client.batches.create(model="tiny", src=file.name)
    client.batches.cancel(name=cancelled.name)
    assert client.batches.get(name=cancelled.name).state.name == "JOB_STATE_CANCELLED"
    assert [one.name for one in client.batches.list(config={"page_size": 1})] == [cancelled.name, filed.name, job.name]
    client.batches.delete(name=cancelled.name)
    client.files.delete(name=file.name)
    vectors = {"inlined_requests": {"contents": [{"parts": [{"text": "a"}]}], "config": {"output_dimensionality": 3}}}
    job = client.batches.create_embeddings(model="vectors", src=vectors)
    client.batches.get(name=job.name)
    job = client.batches.get(name=job.name)
    assert len(job.dest.inlined_embed_content_responses[0].response.embedding.values) == 3
    return f"google-genai {version('google-genai')}"


def record(name: str, drive: Callable[[str], str]) -> None:
    """Write down what an SDK sends, and what it gets."""
    with MockServer() as server:
        sdk, url = drive(server.url), server.url
    exchanges: list[dict[str, Any]] = [
        {
            "method": one.method,
            "path": one.path,
            "query": dict(one.query),
            "headers": {key: value for key, value in one.headers.items() if is_sent(key)},
            "body": one.bytes.decode(),
        }
        for one in server.requests
    ]
    with MockServer() as server:
        for exchange in exchanges:
            exchange["reply"] = replay(server.url, exchange)
    text = json.dumps({"sdk": sdk, "exchanges": exchanges}, indent=1, ensure_ascii=False)
    assert url not in text
    FOLDER.joinpath(f"{name}.json").write_text(text + "\n", "utf-8")


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for each in (record_openai, record_dashscope, record_zhipuai, record_anthropic, record_gemini):
        record(each.__name__.removeprefix("record_"), each)
