"""Who carries questions to a model: what the engines of a job differ in."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from modelhub.bulk.answers import Answer
from modelhub.bulk.questions import Question


class Carrier(Protocol):
    """Takes questions with their numbers, a bounded number at a time, and yields their answers as they come.

    Answers come in any order, one for each question; a failure is an answer. What ends the whole job is raised.
    """

    def carry(self, questions: AsyncIterator[tuple[int, Question]]) -> AsyncIterator[tuple[int, Answer]]:
        """The answers to ``questions``, as an async generator."""
        ...
