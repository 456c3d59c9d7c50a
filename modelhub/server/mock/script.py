"""What the server shall do next: a queue of faults and a queue of answers, shared between threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Sequence
from threading import Lock

from modelhub.server.formats.answers import Answer, Gift, Prompt
from modelhub.server.formats.format import Function
from modelhub.server.formats.replies import Failure, Reply
from modelhub.server.mock.faults import Fault, parse_fault
from modelhub.server.mock.scripted import Scripted, build_answer, build_scripted


class Script:
    """One fault and one answer for each request, in order; when they are used up, a function or the seed answers."""

    def __init__(self, faults: Sequence[str] = ()) -> None:
        self._lock = Lock()
        self._faults: dict[str | None, deque[Fault]] = {None: deque(map(parse_fault, faults))}
        self._answers: list[tuple[Answer | Reply, str | None]] = []
        self._functions: list[tuple[Function, str | None]] = []

    def set_faults(self, faults: Sequence[str | int], model: str | None = None) -> None:
        """Replace the faults for ``model``, or for any, that are not used yet; ModelHubError for one there is not."""
        parsed = [parse_fault(str(fault)) for fault in faults]
        with self._lock:
            self._faults[model] = deque(parsed)

    def add_answers(self, answers: Sequence[Scripted | Callable[[Prompt], Scripted]], model: str | None = None) -> None:
        """Add answers to the queue, for one ``model`` or for any; a function is for what the queue does not answer.

        Raises ValueError for what is no answer.
        """
        functions = [_build_function(answer) for answer in answers if callable(answer)]
        parsed = [build_scripted(answer) for answer in answers if not callable(answer)]
        with self._lock:
            self._answers += [(answer, model) for answer in parsed]
            self._functions += [(function, model) for function in functions]

    def clear(self) -> None:
        """Forget all faults and answers."""
        with self._lock:
            self._faults.clear()
            self._answers.clear()
            self._functions.clear()

    def take_fault(self, models: Sequence[str]) -> Fault | None:
        """The fault for a request to a model of these names; None if the script says nothing."""
        with self._lock:
            queues = [self._faults[name] for name in (*models, None) if self._faults.get(name)]
            return queues[0].popleft() if queues else None

    def give_back(self, answer: Answer | Function | Reply, model: str) -> None:
        """Put an answer to ``model`` that was not sent before all others."""
        if not callable(answer):
            with self._lock:
                self._answers.insert(0, (answer, model))

    def take_answer(self, gives: Gift, models: Collection[str]) -> Answer | Function | Reply | None:
        """The first answer for a request to a model of these names that ``gives`` such.

        A raw reply is for any, when it is its turn. Where there is no answer, it is the last function for the model.
        """
        with self._lock:
            meant = [entry for entry in self._answers if entry[1] is None or entry[1] in models]
            for entry in meant:
                answer = entry[0]
                if answer.gives == gives if isinstance(answer, Answer) else entry is meant[0]:
                    self._answers.remove(entry)
                    return answer
            fit = [function for function, model in self._functions if model is None or model in models]
        return fit[-1] if fit and gives == "text" else None


def _build_function(function: Callable[[Prompt], Scripted]) -> Function:
    def answer(prompt: Prompt) -> Answer:
        try:
            return build_answer(function(prompt))
        except Exception as error:
            message = f"the function that replies has failed: {type(error).__name__}: {error}"
            raise Failure(400, "bad_request", message) from error

    return answer
