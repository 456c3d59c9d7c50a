"""Who carries questions to a model: what the engines of a job differ in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Protocol, cast

from modelhub.bulk.answers import Answer
from modelhub.bulk.questions import Question


class Carrier(Protocol):
    """Takes questions with their numbers, a bounded number at a time, and yields their answers as they come.

    Answers come in any order, one for each question; a failure is an answer. What ends the whole job is raised.
    """

    def carry(self, questions: AsyncIterator[tuple[int, Question]]) -> AsyncIterator[tuple[int, Answer]]:
        """The answers to ``questions``, as an async generator."""
        ...


Answers = AsyncGenerator[tuple[int, Answer], None]


def carried(carrier: Carrier, questions: AsyncIterator[tuple[int, Question]]) -> AbstractAsyncContextManager[Answers]:
    """The answers that ``carrier`` brings; at the end of the context, nothing is under way any more."""
    return aclosing(cast(Answers, carrier.carry(questions)))
