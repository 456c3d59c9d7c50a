"""The calls that a caller makes, and what has come of those of all callers."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import NamedTuple

from modelhub.errors import ModelCallError

CHATS = ("openai", "anthropic", "gemini", "ollama", "guarded", "either")
EMBEDDINGS = "vectors"
MANNERS = ("whole", "streamed", "closed early", "dropped early")


class Step(NamedTuple):
    """A call to be made: of which model, in which manner, with what text."""

    name: str
    manner: str
    text: str

    @property
    def streams(self) -> bool:
        """Whether it is streamed."""
        return self.manner != "whole"

    def leaves_at(self, place: int) -> bool:
        """Whether its stream is left at the delta of this place."""
        return self.manner.endswith("early") and place == 1


class Log:
    """How many calls have ended how; ``wrong`` says what was no error of a call."""

    def __init__(self) -> None:
        self.ended: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.stopped = threading.Event()
        self._lock = threading.Lock()

    def steps(self, caller: int) -> Iterator[Step]:
        """What a caller does, until all have been stopped."""
        for number in count(caller):
            if self.stopped.is_set():
                return
            text = f"number {number % 1000} of {caller}"
            if number % 7:
                yield Step(CHATS[number % len(CHATS)], MANNERS[number // len(CHATS) % len(MANNERS)], text)
            else:
                yield Step(EMBEDDINGS, "whole", text)

    @contextmanager
    def noting(self, step: Step) -> Iterator[None]:
        """Note how the call ends that is made meanwhile."""
        try:
            yield
        except ModelCallError as error:
            self._note(type(error).__name__)
        except TimeoutError:
            self._note("given up")
        except Exception as error:
            self._note("wrong")
            self.wrong.append(f"{step.name}, {step.manner}: {error!r}")
        else:
            self._note(step.manner)

    def _note(self, end: str) -> None:
        with self._lock:
            self.ended[end] += 1
