"""Packs of questions, and of their answers: what crosses to an actor and back in one piece."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Sequence
from typing import Any

from modelhub.bulk.answers import Answer
from modelhub.bulk.asking import ask
from modelhub.bulk.questions import Question

Numbered = tuple[int, Question]


def build_pack(questions: Sequence[Numbered]) -> bytes:
    """The questions as they cross."""
    return pickle.dumps(questions)


def parse_answers(pack: bytes) -> tuple[list[tuple[int, Answer]], BaseException | None]:
    """What came of a pack: the answers, and what ends the whole job, if anything does."""
    parsed: tuple[list[tuple[int, Answer]], BaseException | None] = pickle.loads(pack)
    return parsed


class AskPacks:
    """Asks a model the questions of packs, in an actor of Ray Data, with so many calls at a time.

    ``model`` is a pickled one: it has crossed as the sources of its registry, which is built here, and its name.
    """

    def __init__(self, model: bytes, concurrency: int) -> None:
        self._model = pickle.loads(model)
        self._calls = asyncio.Semaphore(concurrency)

    async def __call__(self, batch: Any) -> dict[str, list[Any]]:
        """The answers to each pack; to an empty one, which was answered before, nothing."""
        packs = batch["pack"].to_pylist()
        answers = await asyncio.gather(*[self._answer(pack) for pack in packs])
        return {"number": batch["number"].to_pylist(), "answers": answers}

    async def _answer(self, pack: bytes) -> bytes:
        if not pack:
            return b""
        questions: list[Numbered] = pickle.loads(pack)
        came = await asyncio.gather(*[self._ask(question) for _, question in questions], return_exceptions=True)
        numbers = [number for number, _ in questions]
        answers = [(number, each) for number, each in zip(numbers, came, strict=True) if isinstance(each, Answer)]
        errors = [each for each in came if isinstance(each, BaseException)]
        return pickle.dumps((answers, errors[0] if errors else None))

    async def _ask(self, question: Question) -> Answer:
        async with self._calls:
            return await ask(self._model, question)
