"""``modelhub usage`` prints what calls have used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub.cli.app import cli
from modelhub.response import Usage
from modelhub.usage.observer import build_observer

from .test_usage import tell


@pytest.fixture
def store(tmp_path: Path) -> str:
    store = str(tmp_path / "usage.db")
    observer = build_observer(store)
    tell(observer, 1e9, model="gpt-4o", usage=Usage(1000, 20, cached_tokens=500), cost=12.5, currency="USD", tags=["a"])
    tell(observer, 1e9, model="qwen-max", usage=Usage(10, 2), cost=0.00012, currency="CNY", tags=["b"])
    tell(observer, 1e9, model="mine", error="RateLimitError")
    observer.close()
    return store


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli, ["usage", *arguments], prog_name="modelhub")
    assert done.exit_code == code, done.output
    return done.output


def test_table(store: str) -> None:
    assert run("--store", store) == (
        "model     calls  errors  prompt  completion  cached  cost      currency\n"
        "gpt-4o    1      0       1000    20          500     12.5000   USD\n"
        "mine      1      1       0       0           0       -         -\n"
        "qwen-max  1      0       10      2           0       0.000120  CNY\n"
    )


def test_csv(store: str) -> None:
    assert run("--store", store, "--by", "tag", "--format", "csv") == (
        "tag,calls,errors,prompt_tokens,completion_tokens,cached_tokens,cost,currency\n"
        "a,1,0,1000,20,500,12.5,USD\n"
        "b,1,0,10,2,0,0.00012,CNY\n"
        ",1,1,0,0,0,,\n"
    )


def test_json(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELHUB_USAGE", store)
    rows: list[dict[str, Any]] = json.loads(run("--by", "config", "--format", "json"))
    assert [(row["config"], row["calls"], row["cost"], row["currency"]) for row in rows] == [
        ("c", 2, 0.00012, "CNY"),
        ("c", 1, 12.5, "USD"),
    ]
    assert json.loads(run("--since", "7d", "--format", "json")) == []


def test_no_store_yet(tmp_path: Path) -> None:
    store = str(tmp_path / "none" / "usage.db")
    assert json.loads(run("--store", store, "--format", "json")) == []
    assert run("--store", store, "--format", "csv").count("\n") == 1
    assert run("--store", store).count("\n") == 1
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "soon"], "'soon' is no time"),
        (["--by", "user"], "'user' is not one of"),
        (["--store", "mysql://u:s3cret@h/d"], "usage cannot be kept in 'mysql'"),
    ],
)
def test_wrong_use(arguments: list[str], said: str) -> None:
    said_all = run(*arguments, code=2)
    assert said in said_all
    assert "s3cret" not in said_all


def test_a_store_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "usage.db").write_text("something else " * 100)
    done = CliRunner().invoke(cli, ["usage", "--store", str(tmp_path / "usage.db")])
    assert "cannot be read: DatabaseError" in str(done.exception)
