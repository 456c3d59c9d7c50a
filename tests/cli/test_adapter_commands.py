"""The adapter commands as their user meets them: what they print, what they never print, and the exit code."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from modelhub.cli import _run
from modelhub.testing import MockServer, Player, play_fixtures

RISK: dict[str, Any] = {
    "config_name": "risk",
    "model_type": "post_api_chat",
    "api_url": "https://risk.internal/v2/generate",
    "auth": {"type": "header", "name": "X-Token", "value": "${RISK_KEY}"},
    "request": {"body": {"conversation": "=messages", "temp": "=temperature", "tools": "=tools", "stream": "=stream"}},
    "response": {
        "text": "result.text",
        "finish_reason": {"from": "result.stop", "map": {"done": "stop"}},
        "usage": {"prompt_tokens": "usage.in", "completion_tokens": "usage.out"},
        "tool_calls": {"each": "result.calls", "id": "id", "name": "fn", "arguments": "args"},
    },
    "error": {"when": "code && code != `0`", "code": "code", "message": "msg", "classes": {"4001": "RateLimitError"}},
    "stream": {"framing": "sse", "text": "delta.text", "done": "[DONE]"},
}
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
ANSWER = {"code": 0, "result": {"text": "Low.", "stop": "done"}, "usage": {"in": 3, "out": 2}}
FIXTURES: dict[str, dict[str, Any]] = {
    "chat": {
        "request": {"input": "Hi", "temperature": 0},
        "replies": [{"status": 200, "headers": {}, "body": ANSWER}],
        "expect": {"text": "Low.", "finish_reason": "stop", "usage": {"prompt_tokens": 3, "total_tokens": 5}},
        "sent": {"method": "POST", "path": "/v2/generate", "headers": {"X-Token": "*"}},
    },
    "stream": {
        "request": {"input": "Hi", "stream": True},
        "replies": [{"status": 200, "chunks": ['data: {"delta": {"te', 'xt": "Low."}}\n\ndata: [DONE]\n\n']}],
        "expect": {"text": "Low."},
    },
    "tools": {
        "request": {"input": "Hi", "tools": [TOOL]},
        "replies": [{"body": {"result": {"calls": [{"id": "7", "fn": "look", "args": {"at": 1}}]}}}],
        "expect": {"tool_calls": [{"id": "7", "name": "look", "arguments": {"at": 1}}], "finish_reason": "tool_calls"},
    },
    "error": {
        "request": {"input": "Hi"},
        "replies": [{"status": 200, "body": {"code": 4001, "msg": "slow down"}}],
        "expect": {"error": {"class": "RateLimitError", "code": "4001", "status": 200}},
    },
    "repeated": {
        "request": {"input": "Hi"},
        "replies": [{"status": 503, "headers": {"Retry-After": "7"}, "body": {}}, {"status": 200, "body": ANSWER}],
        "expect": {"text": "Low."},
    },
    "timeout": {
        "request": {"input": "Hi"},
        "replies": [{"timeout": True}],
        "expect": {"error": {"class": "TimeoutError"}},
    },
}


class Done(NamedTuple):
    """What a command has printed, and its exit code."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def modelhub(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Runs an adapter command, in this process."""

    def run(*args: str, cwd: Path, **variables: str) -> Done:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr(sys, "argv", ["modelhub", "adapter", *args])
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        code = _run()
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A config, and the fixtures beside it."""
    (tmp_path / "models.yaml").write_text(yaml.safe_dump(RISK))
    (tmp_path / "fixtures").mkdir()
    for name, fixture in FIXTURES.items():
        (tmp_path / "fixtures" / f"{name}.json").write_text(json.dumps(fixture))
    return tmp_path


def test_fixtures_are_played_without_key_network_or_waiting(folder: Path, modelhub: Callable[..., Done]) -> None:
    begun = time.monotonic()
    done = modelhub("test", "models.yaml", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    head, row = done.stdout.splitlines()
    assert head.split() == ["config", "chat", "stream", "tools", "error", "timeout"]
    assert row.split("  ")[0] == "risk"
    assert row.split() == ["risk", "2", "ok", "1", "ok", "1", "ok", "1", "ok", "1", "ok"]
    assert time.monotonic() - begun < 7


def test_a_miss_names_the_file_what_was_expected_and_what_came(folder: Path, modelhub: Callable[..., Done]) -> None:
    wrong = {**FIXTURES["chat"], "expect": {"text": "High."}}
    (folder / "fixtures" / "chat.json").write_text(json.dumps(wrong))
    done = modelhub("test", "models.yaml", "fixtures", cwd=folder)
    assert done.returncode == 1
    assert "1 ok, 1 missed" in done.stdout
    assert "chat.json (chat of risk)\n  text: expected 'High.', came 'Low.'" in done.stdout
    assert done.stderr == "1 of 6 missed\n"


@pytest.mark.parametrize(
    ("fixture", "said"),
    [
        ("{", "not a recording"),
        ({"request": {}, "replies": []}, '"request" has to be an object with "input"'),
        ({"request": {"input": "Hi"}, "replies": [{"satus": 200}]}, "did you mean 'status'"),
        ({**FIXTURES["chat"], "config": "other"}, "there is no config 'other'"),
        ({**FIXTURES["chat"], "expect": {"error": {"class": "ServerError"}}}, "an error was expected"),
        ({**FIXTURES["error"], "expect": {"text": "Low."}}, "RateLimitError: risk (post_api_chat): slow down"),
        ({**FIXTURES["chat"], "sent": {"path": "/v1"}}, "sent: path: expected '/v1', sent '/v2/generate'"),
        ({**FIXTURES["chat"], "request": {"input": "Hi", "top_p": 1}}, "nothing uses the option 'top_p'"),
    ],
)
def test_misses(folder: Path, fixture: Any, said: str) -> None:
    text = fixture if isinstance(fixture, str) else json.dumps(fixture)
    (folder / "one.json").write_text(text)
    played = play_fixtures(folder / "models.yaml", folder / "one.json")
    assert len(played) == 1
    assert said in " ".join(played[0].misses)


def test_every_fixture_is_played_with_the_config_that_it_names(folder: Path) -> None:
    other = {**RISK, "config_name": "other", "response": {**RISK["response"], "text": "result.stop"}}
    done = [
        play_fixtures(
            [RISK, other], write(folder / "named", {**FIXTURES["chat"], "config": name, "expect": {"text": text}})
        )
        for name, text in (("risk", "Low."), ("other", "done"))
    ]
    assert [(each.config, each.misses) for each, *_ in done] == [("risk", []), ("other", [])]
    [unnamed] = play_fixtures([RISK, other], write(folder / "unnamed", FIXTURES["chat"]))
    assert "it does not name its config" in unnamed.misses[0]


def write(folder: Path, *fixtures: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    for number, fixture in enumerate(fixtures):
        (folder / f"{number}.json").write_text(json.dumps(fixture))
    return folder


def test_replies_are_encoded_as_the_config_says(tmp_path: Path) -> None:
    config = {**RISK, "response": {**RISK["response"], "text": '"答案"', "charset": "gbk"}}
    config["stream"] = {"framing": "ndjson", "text": '"答案"'}
    whole = {"request": {"input": "Hi"}, "replies": [{"body": {"答案": "风险低"}}], "expect": {"text": "风险低"}}
    chunks = {"request": {"input": "Hi", "stream": True}, "replies": [{"chunks": ['{"答案": "风险', '低"}\n']}]}
    folder = write(tmp_path / "gbk", whole, {**chunks, "expect": {"text": "风险低"}})
    assert [each.misses for each in play_fixtures(config, folder)] == [[], []]


def test_tokens_and_cancelled_jobs_need_no_reply(tmp_path: Path) -> None:
    auth = {
        "type": "oauth2",
        "token_url": "https://login.internal/token",
        "client_id": "${ID}",
        "client_secret": "${KEY}",
    }
    poll = {"id": "id", "url": "/jobs/{id}", "until": "state == 'done'", "max": 5, "cancel": {"url": "/jobs/{id}"}}
    config = {**RISK, "auth": auth, "poll": poll, "response": {**RISK["response"], "text": "text"}}
    del config["stream"]
    job = {"body": {"id": "j 1"}}
    done = {
        "request": {"input": "Hi"},
        "replies": [job, {"body": {"state": "busy"}}, {"body": {"state": "done", "text": "A"}}],
    }
    late = {"request": {"input": "Hi"}, "replies": [job, {"body": {"state": "busy"}}]}
    folder = write(
        tmp_path / "jobs",
        {**done, "expect": {"text": "A"}, "sent": [{"path": "/v2/generate"}, {"method": "GET", "path": "/jobs/j%201"}]},
        {**late, "expect": {"error": {"class": "TimeoutError"}}},
    )
    assert [each.misses for each in play_fixtures(config, folder)] == [[], []]


def test_references_need_no_values(tmp_path: Path) -> None:
    config = {
        **RISK,
        "api_url": "${RISK_URL}/v2",
        "headers": {"X-Desk": "${DESK:-main}", "X-Key": "k ${file:/no/such}"},
    }
    fixture = {**FIXTURES["chat"], "sent": {"path": "/v2", "headers": {"X-Desk": "main", "X-Key": "k stand-in"}}}
    assert [each.misses for each in play_fixtures(config, write(tmp_path / "f", fixture))] == [[]]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["test", "no.yaml"], 2, "no.yaml is not there"),
        (["test", "models.yaml", "nowhere"], 2, "nowhere is not there"),
        (["test", "models.yaml", "empty"], 1, "it holds no .json file"),
        (["test", "wrong.yaml", "fixtures"], 1, "MH103"),
        (["infer", "--reply", "no.json"], 2, "no.json is not there"),
        (["infer", "--reply", "reply.json", "--stream", "no.txt"], 2, "no.txt is not there"),
        (["infer", "--reply", "reply.json", "--request", "no.json"], 2, "no.json is not there"),
        (["infer", "--reply", "reply.json", "--request", "models.yaml"], 1, "the request is neither JSON nor a form"),
        (["infer", "--reply", "failure.json"], 1, "there is no answer to read in failure.json: it has code, msg"),
        (["infer", "--reply", "taken.json"], 1, "it only says that a job was taken"),
        (["infer", "--reply", "page.html"], 1, "it is neither JSON nor plain text"),
        (["infer"], 2, "--reply"),
        (["try", "nobody", "Hi", "-c", "models.yaml"], 1, "nobody"),
        (["try", "risk", "Hi", "-c", "models.yaml", "-o", "x"], 2, "an option is KEY=VALUE"),
    ],
)
def test_exit_codes(folder: Path, modelhub: Callable[..., Done], arguments: list[str], code: int, said: str) -> None:
    (folder / "empty").mkdir()
    (folder / "wrong.yaml").write_text(yaml.safe_dump({**RISK, "respnse": {}}))
    (folder / "reply.json").write_text(json.dumps(ANSWER))
    (folder / "failure.json").write_text('{"code": 4003, "msg": "the token is not known here"}')
    (folder / "taken.json").write_text('{"id": "job-1", "status": "queued"}')
    (folder / "page.html").write_text("<html><body>Bad gateway</body></html>")
    done = modelhub(*arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (code, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_what_is_inferred_passes_the_fixture_that_it_was_made_of(folder: Path, modelhub: Callable[..., Done]) -> None:
    request = {
        "method": "POST",
        "url": "https://risk.internal/v2/generate",
        "headers": {"X-Token": "tok-very-secret-1", "Cookie": "a=b"},
        "body": {
            "conversation": [{"role": "user", "content": "Hi"}],
            "temp": 0,
            "stream": False,
            "token": "tok-2-secret",
        },
    }
    (folder / "request.json").write_text(json.dumps(request))
    (folder / "reply.json").write_text(json.dumps(ANSWER))
    (folder / "stream.txt").write_text("".join(FIXTURES["stream"]["replies"][0]["chunks"]))
    made = modelhub(
        *("infer", "--reply", "reply.json", "--request", "request.json", "--stream", "stream.txt"), cwd=folder
    )
    assert (made.returncode, made.stderr) == (0, "")
    assert "# guessed" in made.stdout
    assert "secret" not in made.stdout
    (folder / "made.yaml").write_text(made.stdout)
    done = modelhub("test", "made.yaml", cwd=folder)
    assert "error.json" in done.stdout  # of what no failure was shown, its class cannot be known
    assert done.stdout.splitlines()[1].split() == [
        "my-model",
        "2",
        "ok",
        "1",
        "ok",
        "1",
        "ok",
        "1",
        "missed",
        "1",
        "ok",
    ]


def test_try_shows_what_is_sent_what_comes_back_and_what_is_found(
    tmp_path: Path, modelhub: Callable[..., Done]
) -> None:
    with Player() as player:
        path = tmp_path / "models.yaml"
        path.write_text(yaml.safe_dump({**RISK, "api_url": f"{player.url}/v2/generate?key=tok-very-secret-1"}))
        player.play(
            {"status": 200, "headers": {"X-Kept": "tok-very-secret-1"}, "body": {**ANSWER, "echo": "tok-very-secret-1"}}
        )
        done = modelhub(
            "try", "risk", "Hi", "-c", str(path), "-o", "temperature=0.5", cwd=tmp_path, RISK_KEY="tok-very-secret-1"
        )
    assert (done.returncode, done.stderr) == (0, "")
    assert f"POST {player.url}/v2/generate?key=***" in done.stdout
    assert "X-Token: ***" in done.stdout
    assert '"temp": 0.5' in done.stdout
    assert "status 200" in done.stdout
    assert "X-Kept: ***" in done.stdout
    assert '"echo": "***"' in done.stdout
    assert 'response.text                     result.text          "Low."' in done.stdout
    assert "response.tool_calls.each          result.calls         null (not there)" in done.stdout
    assert "secret" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_try_shows_the_events_of_a_stream(tmp_path: Path, modelhub: Callable[..., Done]) -> None:
    with Player() as player:
        path = tmp_path / "models.yaml"
        path.write_text(yaml.safe_dump({**RISK, "api_url": player.url}))
        player.play(
            {"chunks": ['data: {"delta": {"text": "Lo"}}\n\n', 'data: {"delta": {"text": "w."}}\n\ndata: [DONE]\n\n']}
        )
        done = modelhub("try", "risk", "Hi", "-c", str(path), "--stream", cwd=tmp_path, RISK_KEY="tok-very-secret-1")
    assert (done.returncode, done.stderr) == (0, "")
    assert 'data: {"delta": {"text": "w."}}' in done.stdout
    assert '"Low." in 2 pieces' in done.stdout
    assert '"text": "Low."' in done.stdout


def test_try_shows_a_call_that_fails(tmp_path: Path, modelhub: Callable[..., Done]) -> None:
    with Player() as player:
        path = tmp_path / "models.yaml"
        path.write_text(yaml.safe_dump({**RISK, "api_url": player.url, "retry": {"max_attempts": 1}}))
        player.play({"status": 200, "body": {"code": 4001, "msg": "slow down"}})
        done = modelhub("try", "risk", "Hi", "-c", str(path), cwd=tmp_path, RISK_KEY="tok-very-secret-1")
    assert (done.returncode, done.stderr) == (1, "modelhub: risk (post_api_chat): slow down [HTTP 200, code 4001]\n")
    assert '"msg": "slow down"' in done.stdout
    assert "error.code" in done.stdout
    assert "--- answer" not in done.stdout


def test_try_shows_any_model(tmp_path: Path, modelhub: Callable[..., Done], server: MockServer) -> None:
    config = {"config_name": "gpt", "model_type": "openai_chat", "api_key": "sk-verysecret", "model_name": "m"}
    (tmp_path / "models.yaml").write_text(yaml.safe_dump({**config, "client_args": {"base_url": f"{server.url}/v1"}}))
    done = modelhub("try", "gpt", "Hi", "-c", "models.yaml", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Authorization: Bearer ***" in done.stdout
    assert "--- found" not in done.stdout
    assert '"finish_reason": "stop"' in done.stdout
    assert "verysecret" not in done.stdout
