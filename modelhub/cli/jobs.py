"""Bulk jobs of the command: one whose work is kept until it is whole, and one that prints answers as they come."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelhub.bulk.answers import COLUMNS
from modelhub.bulk.api import answer_rows
from modelhub.bulk.engines import build_carrier
from modelhub.bulk.finishing import Outcome, build_failed_row, write_outputs
from modelhub.bulk.identity import build_identity
from modelhub.bulk.local import CONCURRENCY
from modelhub.bulk.outputs.whole import whole
from modelhub.bulk.outputs.writer import JSONLinesWriter
from modelhub.bulk.partial import SPOOLED, Partial, RefusedError, has_begun
from modelhub.bulk.progress import Progress
from modelhub.bulk.questions import WAYS, Questions, choose_usual
from modelhub.bulk.rows.json_lines import read_lines
from modelhub.bulk.rows.row import Row
from modelhub.bulk.rows.sources import Input, Source, find_sources
from modelhub.bulk.running import settle
from modelhub.cli.batches import Meter, write_summary
from modelhub.cli.interrupting import read_apart, run_job
from modelhub.cli.printing import count
from modelhub.cli.progress import progress as show_progress
from modelhub.cli.streams import Failure, describe, open_input, say
from modelhub.errors import ModelHubError
from modelhub.registry import ModelRegistry

_STDIN = "-"
_INTERRUPTED = 130


class RefusedJob(Failure):
    """A job that may not begin."""

    exit_code = 2


@dataclass(frozen=True)
class Job:
    """What the command was told: whom it asks, of which rows what (as Questions is given it), and what is written."""

    hub: ModelRegistry
    name: str
    inputs: Sequence[str]
    limit: int | None
    asked: dict[str, Any]
    select: tuple[str, ...]
    concurrency: int | None

    @property
    def model(self) -> Any:
        """The model that is asked."""
        return self.hub.get_model(self.name)


def write_answers(
    job: Job, engine: str, out: Path, errors: Path, *, resume: bool, restart: bool, cancels: bool = False
) -> int:
    """Do a job whose rows go to the file ``out``, and those that failed to ``errors``, too; the exit code."""
    folder = out.with_suffix(".partial")
    with _told(folder), Partial(folder, resume=resume, restart=restart) as work:
        with refusing():
            rows = _find_rows(job, (folder, out, errors), work.folder)
            questions = _choose_questions(job, rows)
        is_new = work.settle(build_identity(rows, questions, job.hub, job.name))
        progress = Progress(rows.rows)
        meter = Meter(progress)
        try:
            with refusing():
                carrier = build_carrier(engine, job.model, job.concurrency, folder, meter.say, cancels)
        except RefusedJob:
            if is_new:
                work.remove()
            raise
        if not is_new:
            say(f"going on: {work.log.resumed:,} requests are answered in {folder}")

        async def start(stopping: asyncio.Event) -> None:
            async with job.hub:
                await settle(rows, questions, work.log, carrier, progress, stopping)

        if not run_job(start, meter, job.concurrency or CONCURRENCY, finishes=engine != "vendor"):
            say(f"interrupted; what is answered is kept in {folder}: the same command goes on from it")
            return _INTERRUPTED
        with show_progress("writing", "rows") as tell:
            outcome = write_outputs(
                rows, questions, work.log, out, errors, job.select, lambda done: tell(done / (rows.rows or 1), done)
            )
        for line in write_summary(progress, outcome, str(out), str(errors)):
            say(line)
        if outcome.retryable:
            say(f"the same command tries {count(outcome.retryable, 'row')} again; the rest is kept in {folder}")
        else:
            work.remove()
        return 1 if outcome.failed else 0


def print_answers(job: Job, errors: Path | None, *, ordered: bool) -> int:
    """Do a job whose rows are printed as they come; the exit code. Only ``errors`` is a file."""
    is_piped = list(job.inputs) == [_STDIN]
    with refusing():
        rows: Iterable[Row] = _read_stdin(job.limit) if is_piped else _find_rows(job, ())
        if isinstance(rows, Input):
            _choose_questions(job, rows)
        elif any(job.asked[way] is not None for way in WAYS):
            Questions(**job.asked)
    progress, outcome = Progress(), Outcome()
    with ExitStack() as stack:
        printed = JSONLinesWriter(sys.stdout.buffer, job.select)
        failures = JSONLinesWriter(stack.enter_context(whole(errors))) if errors is not None else None

        async def start(stopping: asyncio.Event) -> None:
            given = read_apart(rows, stopping) if is_piped else rows
            concurrency = job.concurrency or CONCURRENCY
            async with job.hub:
                async for result in answer_rows(
                    given, job.model, job.asked, concurrency, ordered, progress=progress, stopping=stopping
                ):
                    printed.write(result.columns())
                    sys.stdout.buffer.flush()
                    outcome.add(result)
                    if failures is not None and result.answer.error is not None:
                        failures.write(build_failed_row(result))

        if not run_job(start, Meter(progress), job.concurrency or CONCURRENCY):
            say("interrupted")
            return _INTERRUPTED
    for line in write_summary(progress, outcome, "printed", str(errors or "among the rows")):
        say(line)
    return 1 if outcome.failed else 0


def _find_rows(job: Job, but: Sequence[Path], folder: Path | None = None) -> Input:
    """The input; what comes from stdin is first written to a file in ``folder``, so that it can be read again."""
    if _STDIN not in job.inputs:
        sources = find_sources(job.inputs, but)
        if any(source.path.resolve() == each.resolve() for source in sources for each in but):
            raise ModelHubError("the output would take the place of the input; choose another name for it")
        return Input(sources, job.limit)
    if len(job.inputs) > 1 or folder is None:
        raise ModelHubError("what is read from standard input is the only input")
    path = folder / SPOOLED
    with open_input() as given, path.open("wb") as file:
        shutil.copyfileobj(given, file)
    return Input([Source(path, "stdin")], job.limit)


def _read_stdin(limit: int | None) -> Iterator[Row]:
    for number, row in enumerate(read_lines(open_input(), "stdin"), 1):
        yield row
        if number == limit:
            return


def _choose_questions(job: Job, rows: Input) -> Questions:
    """What is asked, checked against the columns that there are; raises ModelHubError."""
    asked = dict(job.asked)
    if any(asked[way] is not None for way in WAYS):
        questions = Questions(**asked)
        columns = rows.find_columns(questions.columns)
    else:
        columns = rows.find_columns()
        questions = Questions(**{**asked, **(choose_usual(columns) if columns else {"field": "text"})})
    unknown = [name for name in job.select if name not in columns and name not in COLUMNS]
    if unknown and columns:
        raise ModelHubError(
            f"--select: there is no column {unknown[0]!r}; there are: {', '.join((*columns, *COLUMNS))}"
        )
    return questions


@contextmanager
def refusing() -> Iterator[None]:
    """What is wrong with what a job was told refuses it."""
    try:
        yield
    except OSError as error:
        if error.filename is None:
            raise
        raise RefusedJob(f"{error.filename} cannot be read: {describe(error)}") from None
    except ModelHubError as error:
        raise RefusedJob(str(error)) from None


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """What the system refuses is told with what is kept."""
    try:
        yield
    except RefusedError as error:
        raise RefusedJob(str(error)) from None
    except (OSError, sqlite3.Error) as error:
        why = f"{error.filename or folder}: {describe(error)}" if isinstance(error, OSError) else f"{folder}: {error}"
        if not has_begun(folder):
            raise RefusedJob(why) from None
        raise ModelHubError(
            f"{why}; what is answered is kept in {folder}: once that is mended, the same command goes on from it"
        ) from None
