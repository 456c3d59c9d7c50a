"""The log of a job, and the folder that it lies in: what is kept, whatever happens to the process or the disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from modelhub.bulk.answers import Answer
from modelhub.bulk.log import Log
from modelhub.bulk.partial import Partial, RefusedError

ONE, TWO, THREE = "1" * 32, "2" * 32, "3" * 32
BIG = Answer("x" * 200_000, {"n": 12345678901234567890123}, {"total_tokens": 3}, 0.5, "gpt")
FAILED = Answer(error="RateLimitError", message="slow down")


def reopen(folder: Path) -> dict[str, Answer | None]:
    with closing(Log(folder)) as log:
        return {key: log.find(key) for key in log}


def test_answers_are_found_again(tmp_path: Path) -> None:
    with closing(Log(tmp_path)) as log:
        number = log.ask(ONE)
        assert number is not None
        assert (log.ask(ONE), log.find(ONE), log.has(ONE)) == (None, None, False)
        assert log.answer(number, BIG) == ONE
        log.add(TWO, FAILED)
        assert (log.find(ONE), log.find(TWO), log.find(THREE)) == (BIG, FAILED, None)
        assert log.ask(TWO) is None
    assert sorted(os.listdir(tmp_path)) == ["done.jsonl"]
    assert reopen(tmp_path) == {ONE: BIG}  # what failed is asked again
    with closing(Log(tmp_path)) as log:
        log.add(TWO, Answer("b"))
        assert log.resumed == 1
    assert reopen(tmp_path) == {ONE: BIG, TWO: Answer("b")}


@pytest.mark.parametrize("cut", [1, 30, 60, 100_000])
def test_a_line_that_was_cut_short_is_asked_again(tmp_path: Path, cut: int) -> None:
    with closing(Log(tmp_path)) as log:
        log.add(ONE, Answer("a"))
        log.add(TWO, BIG)
    path = tmp_path / "done.jsonl"
    os.truncate(path, path.stat().st_size - cut)
    with closing(Log(tmp_path)) as log:
        assert (log.resumed, log.find(ONE), log.find(TWO)) == (1, Answer("a"), None)
        log.add(TWO, Answer("c"))
    assert reopen(tmp_path) == {ONE: Answer("a"), TWO: Answer("c")}


def test_a_full_disk_leaves_what_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write: Callable[..., int] = os.write

    def fill(file: int, data: Any) -> int:
        if len(data) > 1000:
            return write(file, data[:1000])  # what there was room for
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with closing(Log(tmp_path)) as log:
        log.add(ONE, Answer("a"))
        with monkeypatch.context() as patched:
            patched.setattr(os, "write", fill)
            with pytest.raises(OSError, match="No space left"):
                log.add(TWO, BIG._replace(response="x" * 1500, parsed=None))
        log.add(THREE, Answer("c"))
    assert reopen(tmp_path) == {ONE: Answer("a"), THREE: Answer("c")}


IDENTITY = {"input": {"in.jsonl": "5 bytes, ab"}, "prompt": {"field": "text"}, "model": {"name": "gpt"}}
OTHERS = [
    ({"input": {"in.jsonl": "5 bytes, cd"}}, 'its input in.jsonl was "5 bytes, ab", and is now "5 bytes, cd"'),
    ({"prompt": {"prompt": "x"}}, 'its prompt field was "text", and is now nothing; its prompt prompt was nothing'),
    ({"model": {"name": "other"}}, 'its model name was "gpt", and is now "other"'),
]


@pytest.mark.parametrize(("change", "told"), OTHERS)
def test_another_job_is_refused(tmp_path: Path, change: dict[str, Any], told: str) -> None:
    folder = tmp_path / "out.partial"
    with Partial(folder) as work:
        assert work.settle(IDENTITY)
        work.log.add(ONE, Answer("a"))
    with pytest.raises(RefusedError, match="holds the work of another job") as refused, Partial(folder) as work:
        work.settle({**IDENTITY, **change})
    assert told in str(refused.value)
    with Partial(folder, resume=True) as work:
        assert not work.settle(IDENTITY)
        assert work.log.resumed == 1
    with Partial(folder, restart=True) as work:
        assert work.settle({**IDENTITY, **change})
        assert work.log.resumed == 0
        work.remove()
    assert os.listdir(tmp_path) == []


def test_one_process_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "out.partial"
    with Partial(folder) as work:
        work.settle(IDENTITY)
        with pytest.raises(RefusedError, match="another process is at work on"):
            Partial(folder)
    with Partial(folder, resume=True):
        pass


def test_what_there_is_to_go_on_from(tmp_path: Path) -> None:
    folder = tmp_path / "out.partial"
    with pytest.raises(RefusedError, match="there is nothing to go on from"):
        Partial(folder, resume=True)
    with Partial(folder):
        pass
    assert os.listdir(tmp_path) == []  # what was not begun leaves nothing
    folder.mkdir()
    (folder / "thesis.tex").write_text("mine")
    for restart in (False, True):
        with pytest.raises(RefusedError, match="is no work of a job"):
            Partial(folder, restart=restart)
    assert (folder / "thesis.tex").read_text() == "mine"
