"""A job that a server works on for long: what the engine has to know to ask after it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse
from modelhub.wire import Reply, Request


class Begun(NamedTuple):
    """A job that was handed in: ``ask`` asks how far it is, ``cancel`` ends it, None where it cannot be ended."""

    ask: Request
    cancel: Request | None = None


class Job(ABC):
    """What a model's ``exchange`` returns where its first reply only says that the work has begun.

    The request of ``build_request`` hands the job in. The server is asked after it each ``every`` seconds, and for
    ``max`` seconds at most. All methods are pure functions of data.
    """

    every: float = 1.0
    max: float = 600.0

    @abstractmethod
    def begin(self, reply: Reply) -> Begun:
        """How the job is asked after that was handed in with this reply; raises the error that it tells of."""

    @abstractmethod
    def look(self, reply: Reply) -> ModelResponse | ModelCallError | None:
        """What a reply to a question tells: the answer, why the job has failed, or None as long as it goes on.

        A failure that is ``retryable`` lets the job be handed in again. Raises an error where the question itself has
        failed: then only the question is repeated. Of a reply without success it says only whether the job has failed.
        """
