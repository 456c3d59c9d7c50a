"""The end of a job: each row with its answer is written to the output, and those that failed to the errors, too."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from modelhub.bulk.log import Log
from modelhub.bulk.outputs.kinds import Kinds
from modelhub.bulk.outputs.whole import whole
from modelhub.bulk.outputs.writer import JSONLinesWriter, Writer, needs_kinds, open_output
from modelhub.bulk.questions import Questions
from modelhub.bulk.rows.columnar import find_schema
from modelhub.bulk.rows.row import RowError
from modelhub.bulk.rows.sources import Input
from modelhub.bulk.running import Result, join


class Outcome:
    """What came of a job: how many ``rows`` it has, and how many of them failed, by the classes of their errors."""

    def __init__(self) -> None:
        self.rows = 0
        self.errors: dict[str, int] = {}

    def add(self, result: Result) -> None:
        """Count a row."""
        self.rows += 1
        error = result.answer.error
        if error is not None:
            self.errors[error] = self.errors.get(error, 0) + 1

    @property
    def failed(self) -> int:
        """How many rows failed."""
        return sum(self.errors.values())

    @property
    def retryable(self) -> int:
        """How many of them may be answered another time: those that there is a request for."""
        return self.failed - self.errors.get(RowError.__name__, 0)


def write_outputs(
    rows: Input,
    questions: Questions,
    log: Log,
    output: Path,
    errors: Path,
    select: tuple[str, ...] = (),
    tell: Callable[[int], None] = lambda rows: None,
) -> Outcome:
    """Write the files ``output`` and ``errors``, which take their places when they are whole; what came of the job.

    Without a failed row there is no ``errors`` in the end, whatever was there before. ``tell`` is told how many rows
    are written. Raises OSError, and ModelHubError for an input that has changed.
    """
    outcome = Outcome()
    kinds = Kinds(rows, _find_common_schema(rows), questions.embed) if needs_kinds(output) else None
    with ExitStack() as stack:
        writer = stack.enter_context(open_output(output, kinds, select))
        failures: Writer | None = None
        for result in join(rows, questions, log):
            writer.write(result.columns())
            outcome.add(result)
            if result.answer.error is not None:
                if failures is None:
                    failures = JSONLinesWriter(stack.enter_context(whole(errors)))
                failures.write(build_failed_row(result))
            tell(outcome.rows)
    if failures is None:
        errors.unlink(missing_ok=True)
    return outcome


def build_failed_row(result: Result) -> dict[str, Any]:
    """The line of the errors file for a row that failed; ``row`` is null where it could not be read."""
    row, answer = result
    return {
        "row": None if row.error is not None else row.data,
        "error": answer.error,
        "message": answer.message,
        "source": row.source,
        "line": row.line,
    }


def _find_common_schema(rows: Input) -> Any:
    """The pyarrow.Schema that all files of an input have; None where they have none in common."""
    if not all(source.is_columnar for source in rows.sources):
        return None
    schemas = [find_schema(source.path, source.name) for source in rows.sources]
    return schemas[0] if schemas and all(schema.equals(schemas[0]) for schema in schemas) else None
