"""The pictures: they have what was measured, in each format, and nothing that only a colour tells apart."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from modelhub.load.percentiles import summarize
from modelhub.load.picture import _COLOURS, _MARKERS, draw


def build_level(name: str, mode: str, size: float, **keys: Any) -> dict[str, Any]:
    times = {"latency": summarize([0.1 * size]), "ttft": summarize([0.05 * size])}
    load = {"concurrency" if mode == "closed" else "rate": size}
    rates = {"requests": 10, "seconds": 2.0, "goodput": None, "errors": {}}
    return {"name": name, "mode": mode, **load, **times, **rates, **keys}


LEVELS = [
    build_level(name, mode, size) for name in ("gpt", "llama") for mode in ("closed", "open") for size in (1, 4, 40)
]


@pytest.mark.parametrize(("ending", "magic"), [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_formats(tmp_path: Path, ending: str, magic: bytes) -> None:
    draw(LEVELS[:2], tmp_path / f"load.{ending}")
    assert (tmp_path / f"load.{ending}").read_bytes().startswith(magic)


def find_texts(levels: list[dict[str, Any]], folder: Path, objectives: dict[str, float] | None = None) -> list[str]:
    draw(levels, folder / "load.svg", objectives)
    return re.findall(r"<text[^>]*>([^<]+)</text>", (folder / "load.svg").read_text())


def test_models_side_by_side_in_both_loops(tmp_path: Path) -> None:
    texts = find_texts(LEVELS, tmp_path, {"latency": 1.0})
    for text in (
        *("gpt and llama, closed loop", "gpt and llama, open loop", "calls at a time", "calls arriving per second"),
        *("latency, s (grey: the objective)", "time to first token, s", "answers per second", "failed calls, %"),
        *("gpt", "llama", "p50", "p95", "p99", "1", "4", "40"),
    ):
        assert text in texts, text


def test_many_models_are_counted(tmp_path: Path) -> None:
    texts = find_texts([build_level(name, "open", 2) for name in "abcdefgh"], tmp_path)
    assert "8 models, open loop" in texts and "h" in texts


def test_what_there_is_not(tmp_path: Path) -> None:
    nothing = build_level("gpt", "closed", 1, latency=summarize([]), ttft=summarize([]), requests=0, seconds=0.0)
    texts = find_texts([nothing], tmp_path)
    assert "no answers" in texts
    assert "no streams: ask for them with --stream" in texts


def test_milliseconds_where_seconds_are_long(tmp_path: Path) -> None:
    assert "latency, ms" in find_texts(LEVELS[:2], tmp_path)


def test_good_answers_are_drawn_where_there_are_objectives(tmp_path: Path) -> None:
    texts = find_texts([build_level("gpt", "closed", 1, goodput=1.0)], tmp_path, {"latency": 0.01})
    assert "answers per second (dashed: good ones)" in texts


def test_the_same_picture_each_time(tmp_path: Path) -> None:
    draw(LEVELS[:2], tmp_path / "a.svg")
    draw(LEVELS[:2], tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()


def test_colour_is_never_all_that_differs() -> None:
    assert len(set(_MARKERS)) == len(_MARKERS) == len(_COLOURS)
