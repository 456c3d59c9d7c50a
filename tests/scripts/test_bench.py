"""scripts/bench measures every row; what it measures is for people to judge, on a machine at rest."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ..paths import ROOT

BENCH = ROOT / "scripts" / "bench.py"
FLOORS = ["urllib3 alone", "http.client alone"]
ROWS = {
    "call": ["requests", *FLOORS],
    "streamed chunk": ["requests", *FLOORS],
    "streamed chunk, paced": ["requests", *FLOORS],
    "async call, 64 in flight": ["aiohttp", "aiohttp alone"],
    "async streamed chunk": ["aiohttp", "aiohttp alone"],
    "async streamed chunk, paced": ["aiohttp", "aiohttp alone"],
    "64 embeddings as numbers": ["requests", *FLOORS],
    "64 embeddings as base64": ["requests", *FLOORS],
    "call with timeout": ["modelhub without"],
    "call with limits": ["modelhub without"],
    "call with limits of tokens": ["modelhub without"],
    "call with circuit_breaker": ["modelhub without"],
    "call with cache, kept": ["modelhub without"],
    "import modelhub": ["import requests"],
    "init + get_model": ["import requests"],
    "start to first answer": ["requests"],
    "memory of 100 models called": ["Python with asyncio"],
    "validate 1 config": ["yaml.CSafeLoader"],
    "validate 500 configs": ["yaml.CSafeLoader"],
}


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the scripts' modules are imported from."""
    monkeypatch.syspath_prepend(ROOT / "scripts")


def find(module: str) -> Any:
    """A module of the bench."""
    return importlib.import_module(f"benchmarks.{module}")


def test_it_measures_every_row(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(BENCH), "--quick", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    told: dict[str, list[str]] = {}
    for row in rows:
        told.setdefault(row["what"], []).append(row["beside"])
        assert row["unit"] in ("us", "ms", "MB") and row["ok"] in (True, False, None)
        assert isinstance(row["ratio"], float)
        if row["what"] != "import modelhub":  # that may cost as good as nothing
            assert row["cost"] > 0 and row["modelhub_cost"] > 0, row
    assert told == ROWS


def test_it_measures_the_gateway(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", str(BENCH), "--gateway", "--quick", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    rows = json.loads(done.stdout)
    assert [(row["what"].removeprefix("gateway, "), row["beside"]) for row in rows] == [
        ("request, 32 in flight", "2,000 a second"),
        ("CPU of a request", "2,000 a second"),
        ("call alone, p50", "direct call"),
        ("call alone, p99", "direct call"),
    ]
    assert all(row["modelhub_cost"] > 0 for row in rows)


def test_all_take_turns_and_medians_are_told() -> None:
    turns = []

    def spend(name: str, *seconds: float) -> Callable[[], float]:
        left = iter((9.0, *seconds))  # the first time is not counted
        return lambda: (turns.append(name), next(left))[1]

    measure = find("measure")
    rivals = [measure.Rival("slow", spend("slow", 4, 8, 2), 0.4), measure.Rival("fast", spend("fast", 1, 1, 1))]
    slow, fast = measure.compare("work", spend("ours", 2, 2, 2), rivals, rounds=3, unit="ms")
    assert turns[:3] == ["ours", "slow", "fast"]
    assert [turns[n : n + 3] for n in (3, 6, 9)] == [
        ["ours", "slow", "fast"],
        ["slow", "fast", "ours"],
        ["fast", "ours", "slow"],
    ]
    assert (slow.ratio, slow.cost, slow.modelhub_cost, slow.ok) == (0.5, 4000, 2000, False)
    assert (fast.ratio, fast.cost, fast.ok) == (2, 1000, None)


def test_what_bare_python_costs_is_taken_off() -> None:
    measure = find("measure")
    rival = measure.Rival("theirs", lambda: 3.0)
    (row,) = measure.compare("start", lambda: 2.0, [rival], rounds=1, unit="ms", bare=lambda: 1.0)
    assert (row.ratio, row.cost, row.modelhub_cost) == (0.5, 2000, 1000)


def test_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    row = find("measure").Row
    rows = [
        row("call", "requests", 1000.0, 250.0, "us", 0.25, 0.2),
        row("memory", "Python", 20.0, 42.0, "MB", 22.0, 24.0, "added"),
    ]
    assert find("table").print_rows(iter(rows)) == rows
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        ["what", "beside", "its", "cost", "modelhub", "ratio", "goal", "ok"],
        ["call", "requests", "1000.0", "us", "250.0", "us", "0.25", "<=", "0.20", "NO"],
        ["memory", "Python", "20.0", "MB", "42.0", "MB", "+22.0", "MB", "<=", "+24.0", "MB", "yes"],
    ]


def test_the_table_of_the_readme(tmp_path: Path) -> None:
    row, readme = find("measure").Row, find("readme")
    by_hand = {"import modelhub": "import requests", **dict.fromkeys(readme.TOLD, "requests")}
    units = dict.fromkeys(readme.TOLD, "us") | {"import modelhub": "ms"}
    rows = [row(what, by_hand[what], 200.0, 100.0, units[what], 0.5) for what in readme.TOLD]
    rows += [row(what, "openai SDK", 1000.0, 100.0, units[what], 0.1) for what in readme.TOLD]
    rows[0] = row("import modelhub", "import requests", 200.0, -0.4, "ms", -0.002)
    rows += [
        row("64 embeddings as numbers", "requests", 4.0, 1.0, "us", 0.25),
        row("64 embeddings as base64", "requests", 8.0, 1.0, "us", 0.125),
        row("init + get_model", "import requests", 100.0, 80.0, "ms", 0.8),
        row("validate 10,000 configs", "yaml.CSafeLoader", 1.0, 2.0, "ms", 2.0),
    ]
    page = tmp_path / "README.md"
    page.write_text(f"before\n{readme.BEGIN}old\n{readme.END}after\n", "utf-8")
    readme.write_table(rows, {"openai": "9.9"}, page)
    text = page.read_text("utf-8")
    assert text.startswith(f"before\n{readme.BEGIN}| CPU time of | modelhub | by hand | openai SDK |")
    assert "\n| the import | 0 ms | 200 ms | 1,000 ms |" in text
    assert "\n| a call | 100 µs | × 2.0 | × 10.0 |" in text
    assert "openai 9.9.\n" in text and text.endswith(f"{readme.END}after\n") and "old" not in text
    page.write_text("no place", "utf-8")
    with pytest.raises(SystemExit, match="has no place for the table"):
        readme.write_table(rows, {}, page)


def test_the_readme_has_its_table() -> None:
    readme = find("readme")
    _, begin, rest = readme.PAGE.read_text("utf-8").partition(readme.BEGIN)
    rows = [line for line in rest.partition(readme.END)[0].splitlines() if line.startswith("| ")]
    assert begin and [line.split("|")[1].strip() for line in rows] == ["CPU time of", *readme.TOLD.values()]


def test_a_peer_is_made_once(tmp_path: Path) -> None:
    peers = find("peers")
    for package in peers.PEERS.values():
        (tmp_path / package).mkdir()
        (tmp_path / package / "installed").touch()
    pythons = peers.make_environments(tmp_path)
    assert pythons == {name: str(tmp_path / package / "bin" / "python") for name, package in peers.PEERS.items()}


def test_a_peer_runs() -> None:
    pytest.importorskip("openai")
    with find("fixed_server").FixedServer(None) as url, find("contestant").Contestant("openai", url) as peer:
        tasks = [("call", 1), ("stream", 1), ("acall", 2), ("astream", 1)]
        assert all(peer.take_cpu_time(task, number, number) > 0 for task, number in tasks)


@pytest.mark.parametrize(
    "arguments",
    [["--readme"], ["--record"], ["--peers", "--readme", "--only", "calls"], ["--gateway", "--only", "calls"]],
)
def test_what_does_not_go_together_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    bench = importlib.import_module("bench")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as ended:
        patch.setattr(sys, "argv", ["bench", *arguments])
        bench.main()
    assert ended.value.code == 2
    assert "goes with" in capsys.readouterr().err


def test_it_can_be_run_by_its_name() -> None:
    assert BENCH.with_suffix("").stat().st_mode & 0o111
