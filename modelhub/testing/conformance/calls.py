"""Calls of a model on the bench, blocking or awaited, by the same words."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from typing import Any, NamedTuple

from modelhub.errors import ModelCallError
from modelhub.testing.recordings import Recording

WAYS = ("sync", "async")


class Outcome(NamedTuple):
    """What came of a call: the response, whole now, the deltas it came in, or the error."""

    response: Any
    deltas: list[Any]
    error: ModelCallError | None = None

    @property
    def result(self) -> Any:
        """The response, or the error of a call that failed."""
        return self.error or self.response


def ask(way: str, model: Any, recording: Recording, **more: Any) -> Outcome:
    """Make the call of ``recording``, with ``more`` options, and read its answer to the end; errors are raised."""
    options = deepcopy({**recording.options, **more})
    stream = options.pop("stream", recording.stream)
    if stream or "stream" in more:
        options["stream"] = bool(stream)
    question = deepcopy(recording.input)
    if way == "sync":
        response = model(question, **options)
        return Outcome(response, list(response))

    async def call() -> Outcome:
        response = await model.acall(question, **options)
        return Outcome(response, [delta async for delta in response])

    return asyncio.run(call())


def try_to_ask(way: str, model: Any, recording: Recording, **more: Any) -> Outcome:
    """The same, with a ModelCallError as a part of the outcome."""
    try:
        return ask(way, model, recording, **more)
    except ModelCallError as error:
        return Outcome(None, [], error)
