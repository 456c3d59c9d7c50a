"""Bulk jobs for programs: rows in, rows with answers out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import aclosing, closing
from functools import partial
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from modelhub.base import ModelWrapperBase
from modelhub.bulk.local import CONCURRENCY, LocalCarrier
from modelhub.bulk.log import Log
from modelhub.bulk.progress import Progress
from modelhub.bulk.questions import WAYS, Questions, choose_usual
from modelhub.bulk.rows.row import Row
from modelhub.bulk.rows.sources import Input, find_sources
from modelhub.bulk.running import Result
from modelhub.bulk.streaming import each_of, stream
from modelhub.errors import ModelHubError

Rows = Iterable[Mapping[str, Any]] | str | PathLike[str]
_AHEAD = 4  # rows that are read ahead for each call at a time


def run(
    rows: Rows,
    model: str | ModelWrapperBase,
    *,
    field: str | None = None,
    prompt: str | None = None,
    messages_field: str | None = None,
    concurrency: int = CONCURRENCY,
    schema: Any = None,
    ordered: bool = True,
    embed: bool = False,
    options: Mapping[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """Yield each of ``rows`` with response, parsed, usage, cost, model and error: what ``model`` answered.

    ``rows`` are dicts, or the path of a file, a folder or a pattern of JSONL, CSV, Parquet or Arrow files; ``model`` is
    a model, or its config_name. What is asked is the text of the column ``field``, a ``prompt`` such as
    "Summarize {text}", or the messages in ``messages_field``; without any, the first of the columns messages, prompt,
    text and input that the first row has. ``schema`` is what answers are to be: a JSON Schema or a class; with
    ``embed`` texts become vectors; ``options`` go along with every call.

    ``concurrency`` calls are made at a time, and four times as many rows are read ahead. Equal requests are asked once.
    Rows come in order, or, unless ``ordered``, as they are answered. A call that fails is a row with ``error``, its
    class. Raises ConfigError for a name that no config has, and ModelHubError where it is not said what is asked.
    """
    from modelhub.bulk.blocking import drain

    _check_concurrency(concurrency)
    call = partial(
        arun,
        model=_find_model(model),
        field=field,
        prompt=prompt,
        messages_field=messages_field,
        concurrency=concurrency,
        schema=schema,
        ordered=ordered,
        embed=embed,
        options=options,
    )
    return drain(call, _read(rows), concurrency * _AHEAD, concurrency)


async def arun(
    rows: Rows | AsyncIterable[Mapping[str, Any]],
    model: str | ModelWrapperBase,
    *,
    field: str | None = None,
    prompt: str | None = None,
    messages_field: str | None = None,
    concurrency: int = CONCURRENCY,
    schema: Any = None,
    ordered: bool = True,
    embed: bool = False,
    options: Mapping[str, Any] | None = None,
) -> AsyncIterator[dict[str, Any]]:
    """The same as ``run`` for async code; ``rows`` may be async, too."""
    said = {"field": field, "prompt": prompt, "messages_field": messages_field}
    asked = {**said, "schema": schema, "embed": embed, "options": options}
    async with aclosing(answer_rows(_read(rows), _find_model(model), asked, concurrency, ordered)) as results:
        async for result in results:
            yield result.columns()


async def answer_rows(
    rows: Iterable[Any] | AsyncIterable[Any],
    model: ModelWrapperBase,
    asked: Mapping[str, Any],
    concurrency: int = CONCURRENCY,
    ordered: bool = True,
    progress: Progress | None = None,
    stopping: asyncio.Event | None = None,
) -> AsyncGenerator[Result, None]:
    """Each of ``rows``, rows of files or dicts, with what came of it; ``asked`` is what Questions is given."""
    _check_concurrency(concurrency)
    numbered = _number(rows)
    first = [row async for row in _take_until_readable(numbered)]
    if not first:
        return
    chosen = {} if any(asked.get(name) is not None for name in WAYS) else choose_usual(first[-1].data)
    questions = Questions(**{**asked, **chosen})

    async def all_rows() -> AsyncIterator[Row]:
        for row in first:
            yield row
        async for row in numbered:
            yield row

    with TemporaryDirectory(prefix="modelhub-") as folder, closing(Log(Path(folder))) as log:
        carrier, ahead = LocalCarrier(model, concurrency), concurrency * _AHEAD
        results = stream(
            all_rows(), questions, log, carrier, ahead=ahead, ordered=ordered, progress=progress, stopping=stopping
        )
        async with aclosing(results):
            async for result in results:
                yield result


def _check_concurrency(concurrency: int) -> None:
    if concurrency < 1:
        raise ModelHubError(f"concurrency is {concurrency}: at least 1 call is made at a time")


def _find_model(model: str | ModelWrapperBase) -> ModelWrapperBase:
    if not isinstance(model, str):
        return model
    from modelhub.registry import get_model

    found: ModelWrapperBase = get_model(model)
    return found


def _read(rows: Any) -> Any:
    """The rows of a file where its path is given, otherwise ``rows`` itself."""
    return Input(find_sources([str(Path(rows))])) if isinstance(rows, str | PathLike) else rows


async def _number(rows: Iterable[Any] | AsyncIterable[Any]) -> AsyncIterator[Row]:
    """Rows with their places; those of files have one."""
    number = 0
    async for given in each_of(rows):
        number += 1
        if isinstance(given, Row):
            yield given
        elif isinstance(given, Mapping):
            yield Row("rows", number, dict(given))
        else:
            yield Row("rows", number, {}, f"this is a {type(given).__name__}, not a dict of columns")


async def _take_until_readable(rows: AsyncIterator[Row]) -> AsyncIterator[Row]:
    """The first rows, up to one that can be read."""
    async for row in rows:
        yield row
        if row.error is None:
            return
