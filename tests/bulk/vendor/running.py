"""Runs questions through the engine of batch APIs, with pauses that take no time to speak of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

from modelhub.bulk.answers import Answer
from modelhub.bulk.questions import Question, Questions
from modelhub.bulk.vendor import Pauses, VendorCarrier

PAUSES = Pauses(0.01, 0.05, 0.05)


async def ask_all(carrier: VendorCarrier, texts: Iterable[str], **asked: Any) -> dict[str, Answer]:
    """The answers to texts."""
    questions = Questions(field="text", **asked)
    given = list(texts)

    async def feed() -> AsyncIterator[tuple[int, Question]]:
        for number, text in enumerate(given):
            yield number, questions.build({"text": text})

    return {given[number]: answer async for number, answer in carrier.carry(feed())}


def run(
    model: Any,
    folder: Path,
    texts: Iterable[str],
    tell: Callable[[str], None] = lambda text: None,
    *,
    cancels: bool = False,
    **asked: Any,
) -> dict[str, Answer]:
    """The same, in a loop of its own."""
    carrier = VendorCarrier(model, folder, tell, cancels=cancels, pauses=PAUSES)
    return asyncio.run(ask_all(carrier, texts, **asked))
