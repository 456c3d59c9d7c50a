"""The classifier of scripts/examples: order, limit, failures, and what an interruption leaves."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

from modelhub import ModelResponse
from modelhub.testing import MockServer

from .example_programs import EXAMPLES, find_command, load
from .example_programs import folder as folder
from .example_programs import run as run

TICKETS = [json.loads(line) for line in (EXAMPLES / "tickets.jsonl").read_text("utf-8").splitlines()]


def read_rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "labels.jsonl").read_text("utf-8").splitlines()]


def test_the_output_has_the_order_of_the_input(run: Any, folder: Path, server: MockServer) -> None:
    body = {"choices": [{"message": {"content": '{"label": "other"}'}, "finish_reason": "stop"}]}
    server.reply({"status": 200, "body": body, "delay_s": 0.3})  # the first to be asked is the last to answer
    done = run("classify.py")
    assert done.returncode == 0, done.stderr
    rows = read_rows(folder)
    assert [{"id": row["id"], "text": row["text"]} for row in rows] == TICKETS
    assert sorted(row["label"] for row in rows) == ["billing"] * 9 + ["other"]
    assert re.search(rf"\[{'#' * 30}\] 10/10  [\d.]+/s  0:00 left  \d+ tokens  0 failed\n$", done.stderr)
    assert done.stdout == ""
    for request in server.requests:
        assert request.json["response_format"]["json_schema"]["schema"]["properties"]["label"]["enum"]


def test_what_goes_wrong_is_noted_beside_its_line(run: Any, folder: Path, server: MockServer) -> None:
    lines = ["no JSON", '{"id": 2}', "[]", *(json.dumps({"id": n, "text": f"text {n}"}) for n in (4, 5, 6))]
    (folder / "tickets.jsonl").write_text("\n".join(lines))
    server.reply('{"label": "nonsense"}', '{"label": "technical"}')
    server.script("ok", "ok", "filter")
    done = run("classify.py", "--limit 1")
    assert done.returncode == 0, done.stderr
    rows = read_rows(folder)
    assert [row.get("id") for row in rows] == [None, 2, None, 4, 5, 6]
    assert (rows[0]["line"], rows[2]["line"]) == ("no JSON", "[]")
    assert rows[4] == {"id": 5, "text": "text 5", "label": "technical"}
    names = [row.get("error", "").partition(":")[0] for row in rows]
    assert names == ["JSONDecodeError", "KeyError", "KeyError", "ResponseParsingError", "", "ContentFilterError"]
    assert done.stderr.endswith(" 5 failed\n")


def test_lines_that_failed_are_asked_again(run: Any, folder: Path, server: MockServer) -> None:
    server.script("ok", "400", "ok", "400")
    assert run("classify.py", "--limit 1").stderr.endswith(" 2 failed\n")
    assert [row["id"] for row in read_rows(folder) if "error" in row] == [2, 4]
    server.script("ok", "400")
    assert run("classify.py", "--limit 1").stderr.splitlines()[1] == f"[{'#' * 24:<30}] 8/10"
    assert len(server.requests) == 12
    assert run("classify.py").stderr.endswith(" 0 failed\n")
    assert len(server.requests) == 13
    rows = read_rows(folder)
    assert [row["id"] for row in rows] == list(range(1, 11)) and all(row["label"] for row in rows)


def test_it_goes_on_where_it_was_interrupted(run: Any, folder: Path, server: MockServer) -> None:
    server.script("ok", "ok", "ok", "hang")
    command = [*find_command(folder / "classify.py").split(), "--limit", "1"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        assert server.wait_until(lambda: len(server.requests) == 4 and len(read_rows(folder)) == 3, 20)
        process.send_signal(signal.SIGINT)
        _, told = process.communicate(timeout=20)
    assert process.returncode == 130 and "Traceback" not in told
    assert [row["id"] for row in read_rows(folder)] == [1, 2, 3]
    with (folder / "labels.jsonl").open("a") as output:
        output.write('{"id": 4, "te')  # as a machine that crashes leaves it
    done = run("classify.py")
    assert done.stderr.splitlines()[1] == f"[{'#' * 9:<30}] 3/10"
    assert [row["id"] for row in read_rows(folder)] == list(range(1, 11))
    assert len(server.requests) == 4 + 7
    assert run("classify.py").returncode == 0
    assert len(server.requests) == 4 + 7 and len(read_rows(folder)) == 10


def test_what_would_fail_for_every_line_ends_it(run: Any, folder: Path, server: MockServer) -> None:
    server.script("ok", *["401"] * 9)
    done = run("classify.py", "--limit 4")
    assert done.returncode == 1
    assert "\nclassify: chat (openai_chat): " in done.stderr and "HTTP 401" in done.stderr
    assert "Traceback" not in done.stderr and "never retrieved" not in done.stderr
    assert len(read_rows(folder)) <= 1
    server.script()
    assert run("classify.py").returncode == 0
    assert [row["id"] for row in read_rows(folder)] == list(range(1, 11))


def test_no_more_are_asked_about_at_once_than_the_limit() -> None:
    module = load("classify.py")
    active = most = 0

    class Model:
        async def acall(self, prompt: str, **options: Any) -> Any:
            nonlocal active, most
            active += 1
            most = max(most, active)
            for _ in range(5):
                await asyncio.sleep(0)
            active -= 1
            return ModelResponse(parsed={"label": "other"})

    async def classify_all() -> list[dict[str, Any]]:
        limit, progress = asyncio.Semaphore(3), module.Progress(0, 20)
        return await asyncio.gather(*(module.classify(Model(), limit, progress, b'{"text": "x"}') for _ in range(20)))

    assert asyncio.run(classify_all()) == [{"text": "x", "label": "other"}] * 20
    assert most == 3
