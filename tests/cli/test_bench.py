"""The command that measures models: what it prints and writes, on real connections to a mock server."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from modelhub.cli.app import cli
from modelhub.cli.levels import WIDTH, chart, describe, put_side_by_side, write_seconds
from modelhub.errors import ModelHubError
from modelhub.load import picture
from modelhub.load.percentiles import NAMES, find_percentile
from modelhub.testing import MockServer

LEVEL = {
    *("name", "mode", "requests", "seconds", "requests_per_second", "errors", "latency", "ttft", "tpot", "itl"),
    *("output_tokens_per_second", "goodput", "cpu", "calls"),
}
Bench = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_configs(folder: Path, url: str) -> None:
    v1 = f"client_args: {{base_url: '{url}/v1'}}, api_key: k, retry: {{max_attempts: 1}}"
    (folder / "models.yaml").write_text(f"""\
- {{config_name: gpt, model_type: openai_chat, {v1}}}
- {{config_name: again, model_type: openai_chat, client_args: {{base_url: '{url}/v1'}}, api_key: k,
    retry: {{max_attempts: 2, initial: 0}}}}
- {{config_name: kept, model_type: openai_chat, cache: {{}}, {v1}}}
- {{config_name: emb, model_type: openai_embedding, {v1}}}
- {{config_name: keyless, model_type: openai_chat, api_key: '${{NO_SUCH_KEY}}', client_args: {{base_url: '{url}/v1'}}}}
""")


@pytest.fixture
def bench(folder: Path, server: MockServer) -> Iterator[Bench]:
    write_configs(folder, server.url)
    runner = CliRunner()

    def run(line: str) -> Result:
        return runner.invoke(cli, ["bench", "--config", "models.yaml", *line.split()])

    yield run


def load(file: str = "out.json") -> list[dict[str, Any]]:
    levels: list[dict[str, Any]] = json.loads(Path(file).read_text())["levels"]
    return levels


def test_a_closed_loop(bench: Bench, server: MockServer) -> None:
    done = bench("gpt -c 1,3 -n 5 --stream --slo ttft=60,tpot=60 --json out.json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert server.counts.requests == 2 * (5 + 1)  # each level has a warm-up
    one, three = load()
    assert {*LEVEL, "concurrency"} <= set(one)
    assert (one["name"], one["mode"], one["concurrency"], three["concurrency"]) == ("gpt", "closed", 1, 3)
    for level in (one, three):
        seconds = sorted(call["seconds"] for call in level["calls"])
        assert len(seconds) == level["requests"] == 5
        for percent in (50, 90, 95, 99):
            assert level["latency"][f"p{percent}"] == find_percentile(seconds, percent)
        assert all(set(level[times]) == set(NAMES) for times in ("latency", "ttft", "tpot", "itl"))
        assert all(0 < call["ttft"] <= call["seconds"] for call in level["calls"])
        assert all(call["output_tokens"] > 1 for call in level["calls"])
        assert level["requests_per_second"] == level["goodput"] == pytest.approx(5 / level["seconds"])
        tokens = sum(call["output_tokens"] for call in level["calls"])
        assert level["output_tokens_per_second"] == pytest.approx(tokens / level["seconds"])
        assert level["errors"] == {}
        assert level["cpu"] > 0
    assert "gpt, 3 at a time: 5 calls in " in done.stdout
    for word in ("latency", "TTFT", "TPOT", "ITL", "requests/s", "output tokens/s", "a user", "goodput", "client CPU"):
        assert word in done.stdout


def test_an_open_loop(bench: Bench) -> None:
    done = bench("gpt --rate 200 -n 5 --json out.json --csv out.csv")
    assert done.exit_code == 0
    (level,) = load()
    assert (level["mode"], level["rate"], level["requests"]) == ("open", 200, 5)
    assert all(call["start"] >= call["intended"] > 0 for call in level["calls"])
    assert level["ttft"] == dict.fromkeys(NAMES)
    (row,) = csv.DictReader(Path("out.csv").read_text().splitlines())
    assert (row["name"], row["rate"], row["requests"]) == ("gpt", "200.0", "5")
    assert "gpt, 200 a second" in done.stdout


def test_both_loops_of_several_models(bench: Bench) -> None:
    done = bench("gpt emb -c 2 --rate 100 -n 2 --json out.json")
    assert [(level["name"], level["mode"]) for level in load()] == [
        *[("gpt", "closed"), ("gpt", "open")],
        *[("emb", "closed"), ("emb", "open")],
    ]
    assert load()[2]["output_tokens_per_second"] is None  # vectors are no tokens
    assert done.exit_code == 0


def test_failed_calls_are_no_failure_of_the_test(bench: Bench, server: MockServer) -> None:
    server.script("ok", "429", "ok", "500", "429")
    done = bench("gpt -c 1 -n 5 --json out.json")
    assert done.exit_code == 0
    (level,) = load()
    assert level["errors"] == {"RateLimitError": 2, "ServerError": 1}
    answered = [call["seconds"] for call in level["calls"] if call["error"] is None]
    assert level["latency"]["max"] == max(answered) and len(answered) == 2
    assert "3 failed (60%): 2 RateLimitError, 1 ServerError" in done.stdout


def test_the_retries_of_the_config_are_obeyed(bench: Bench, server: MockServer) -> None:
    server.script("ok", "500", "ok", "500", "ok")
    bench("again -c 1 -n 2 --json out.json")
    (level,) = load()
    assert (level["requests"], level["errors"]) == (2, {})
    assert server.counts.requests == 5


def test_caches_are_not_measured_unless_they_are_meant(bench: Bench, server: MockServer) -> None:
    bench("kept -c 1 -n 3 --prompt Hello")
    assert server.counts.requests == 4
    bench("kept -c 1 -n 3 --prompt Hello --cache")
    assert server.counts.requests == 5


def test_what_is_asked(bench: Bench, folder: Path, server: MockServer) -> None:
    (folder / "prompts.jsonl").write_text('[{"role": "system", "content": "Be brief."}]\n"Hello"\n')
    for options in ("--prompts prompts.jsonl", "--tokens-in 40 --tokens-out 3", ""):
        assert bench(f"gpt -c 1 -n 2 {options}").exit_code == 0
    bodies = [request.json for request in server.requests]
    asked = [body["messages"][0]["content"] for body in bodies]
    assert asked[1:3] == ["Be brief.", "Hello"]
    assert [body.get("max_tokens") for body in bodies] == [None] * 3 + [3] * 3 + [None] * 3
    assert all(len(text.split()) == 37 for text in asked[3:6]) and len(set(asked[3:])) == 6


def test_time_bounds_a_level(bench: Bench) -> None:
    bench("gpt -c 2 --duration 300ms --json out.json")
    (level,) = load()
    assert level["calls"] and all(call["start"] < 0.3 for call in level["calls"])


def test_calls_that_hang_are_given_up(bench: Bench, server: MockServer) -> None:
    server.script("ok", "hang", "hang")
    done = bench("gpt -c 2 -n 2 --duration 2s --grace 1s --json out.json")
    assert load()[0]["errors"] == {"Unfinished": 2}
    assert done.exit_code == 0


def test_files_on_standard_output(bench: Bench) -> None:
    done = bench("gpt -c 1 -n 1 --json -")
    assert [level["name"] for level in json.loads(done.stdout)["levels"]] == ["gpt"]
    assert "gpt, 1 at a time" in done.stderr
    assert bench("gpt -c 1 -n 1 --csv -").stdout.startswith("name,mode,")


def test_a_picture(bench: Bench) -> None:
    assert bench("gpt -c 1,2 -n 2 --stream --plot load.png").exit_code == 0
    assert Path("load.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_bars_are_drawn(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "is_possible", lambda: False)
    done = bench("gpt -c 1 -n 2 --plot load.png")
    assert done.exit_code == 0
    assert "`pip install matplotlib`" in done.stderr
    assert "latency: to p50" in done.stdout and not Path("load.png").exists()


def test_two_tests_are_compared(bench: Bench, server: MockServer) -> None:
    bench("gpt -c 1,2 -n 4 --stream --json before.json")
    bench("gpt -c 2 -n 4 --stream --json after.json")
    done = bench("--compare before.json after.json --json out.json --plot both.svg")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.startswith("gpt, 2 at a time: 4 and 4 calls\n")
    for word in ("before", "after", "change", "95 % confidence", "latency p99", "ttft p50", "answers/s", "failed"):
        assert word in done.stdout
    (told,) = json.loads(Path("out.json").read_text())["comparisons"]
    assert told["concurrency"] == 2
    assert "gpt (before.json)" in Path("both.svg").read_text()
    bench("gpt -c 3 -n 1 --json other.json")
    done = bench("--compare before.json other.json")
    assert isinstance(done.exception, ModelHubError)
    assert "no level in common" in str(done.exception)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "which models?"),
        ("gpt -c 0", "'0' is not a list of numbers above 0, such as 1,5,10"),
        ("gpt -c 1.5", "'1.5' is not a list of whole numbers"),
        ("gpt -c 2000", "from 1 to 1000"),
        ("gpt --rate fast", "'fast' is not a list"),
        ("gpt --duration 5d", "'5d' is no time above 0, such as 30s, 500ms or 2m"),
        ("gpt -n 0", "'-n'"),
        ("gpt --slo ttf=1", "there is no measure 'ttf'; did you mean 'ttft'?"),
        ("gpt --slo ttft", "write ttft=0.5, in seconds"),
        ("gpt --slo ttft=-1", "'-1' is no time above 0"),
        ("gpt --slo ttft=1", "ask for them with --stream"),
        ("emb --stream --slo tpot=1", "emb has none"),
        ("gpt --prompt a --tokens-in 5", "leave the others out"),
        ("gpt --prompts missing.txt", "missing.txt"),
        ("gpt --plot load.gif", "ends with .png, .svg, .pdf"),
        ("--compare a.json", "two files"),
        ("--compare a.json b.json", "a.json cannot be read: no such file or directory"),
    ],
)
def test_wrong_use(bench: Bench, server: MockServer, line: str, message: str) -> None:
    done = bench(line)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.split())
    assert server.counts.requests == 0


def test_what_cannot_be_measured(bench: Bench, server: MockServer) -> None:
    Path("out.json").write_text("of an earlier test")
    for name, message in (("nope", "there is no model called 'nope'"), ("keyless", "NO_SUCH_KEY")):
        done = bench(f"{name} -c 1 -n 1 --json out.json")
        assert isinstance(done.exception, ModelHubError)
        assert message in str(done.exception)
    assert Path("out.json").read_text() == "of an earlier test"
    assert server.counts.requests == 0


def test_a_folder_that_is_not_there_is_told_before(bench: Bench, server: MockServer) -> None:
    for option in ("json", "csv", "plot"):
        done = bench(f"gpt -c 1 -n 1 --{option} no/out.svg")
        assert (done.exit_code, server.counts.requests) == (74, 0)
        assert "no/out.svg cannot be written: there is no folder" in done.stderr


def test_one_file_that_cannot_be_written_costs_none_of_the_others(bench: Bench, folder: Path) -> None:
    (folder / "full").symlink_to("/dev/full")
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")
    done = bench("gpt -c 1 -n 1 --json full --csv out.csv")
    assert done.exit_code == 74
    assert "full cannot be written" in done.stderr
    assert Path("out.csv").read_text().startswith("name,")


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX signals")
def test_ctrl_c_keeps_what_there_is(folder: Path) -> None:
    files = ["--json", "out.json", "--csv", "out.csv", "--plot", "out.svg"]
    command = [sys.executable, "-m", "modelhub", "bench", "gpt", "--config", "models.yaml", "-c", "1,2", *files]
    scenario = {"timeline": [{"requests": 4}, {"requests": 10**6, "faults": [{"fault": "hang"}]}]}
    with MockServer(scenario=scenario) as server:
        write_configs(folder, server.url)
        pipes: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        with subprocess.Popen(command, **pipes) as process:
            assert server.wait_until(
                lambda: server.counts.requests == 5, 60
            )  # the warm-up, three answers, and a call that hangs
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stderr) == (130, "interrupted\n")
    assert "gpt, 1 at a time: 3 calls in " in stdout
    assert "interrupted; 1 call under way, not counted" in stdout
    (level,) = load()
    assert (level["requests"], level["errors"], len(level["calls"])) == (3, {}, 3)
    assert Path("out.csv").read_text().count("\n") == 2
    assert "gpt, closed loop" in Path("out.svg").read_text()


def test_bars_are_in_letters_that_the_output_has(folder: Path, server: MockServer) -> None:
    write_configs(folder, server.url)
    command = [sys.executable, "-m", "modelhub", "bench", "gpt", "--config", "models.yaml", "-c", "1,2", "-n", "1"]
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run(command, capture_output=True, check=True, env=env, timeout=60)
    assert b"to p50 ., to p95 =, to p99 -" in done.stdout
    assert done.stdout.isascii() and b"\x1b" not in done.stdout


def build_level(name: str, size: float, **keys: Any) -> dict[str, Any]:
    times = dict.fromkeys(NAMES, 123.456)
    level = {"name": name, "mode": "open", "rate": size, "requests": 123_456, "seconds": 1234.5, "cpu": 0.97}
    level |= {"requests_per_second": 1234.5, "output_tokens_per_second": 123_456.7, "goodput": 1000.1}
    level |= {"output_tokens_per_second_per_user": 123.4, "under_way": 1000, "errors": {"SomeLongError": 1234}}
    return {**level, "latency": times, "ttft": times, "tpot": times, "itl": times, **keys}


def test_eighty_columns_are_enough() -> None:
    errors = {f"{word}Error": 1000 for word in ("RateLimit", "Authentication", "Timeout", "Connection", "Server")}
    levels = [build_level("a-very-long-name-" * 9, size, errors=errors) for size in (0.125, 1000)]
    lines = [*describe(levels[0]), *put_side_by_side(levels), *chart(levels, blocks=True), *chart(levels, blocks=False)]
    plain = [click.unstyle(line) for line in lines]
    assert max(map(len, plain)) <= WIDTH, max(plain, key=len)
    assert any("the load test itself was busy" in line for line in plain)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *[(None, "-"), (0.0, "0 ms"), (0.00005, "50.0 us"), (0.0012345, "1.23 ms"), (0.05, "50.0 ms"), (0.1, "100 ms")],
        *[(1.0, "1.00 s"), (9.994, "9.99 s"), (99.94, "99.9 s"), (99.96, "100 s"), (1234.5, "1,234 s")],
    ],
)
def test_seconds(seconds: float | None, text: str) -> None:
    assert write_seconds(seconds) == text
