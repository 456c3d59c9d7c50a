"""The contract of every call: parse_func, retries, observers, copies, and other processes."""

from __future__ import annotations

import asyncio
import copy
import os
import pickle
import subprocess
import sys
from typing import Any

import pytest

from modelhub import ModelResponse, errors
from modelhub.base import ModelWrapperBase
from modelhub.errors import ResponseParsingError
from modelhub.events import CallEnded, CallStarted, RetryScheduled
from modelhub.testing.conformance.applying import TASKS, needs
from modelhub.testing.conformance.bench import Bench
from modelhub.testing.conformance.calls import ask, try_to_ask
from modelhub.testing.conformance.failures import refuse
from modelhub.testing.conformance.looking import tell
from modelhub.testing.conformance.suite import Suite
from modelhub.testing.recordings import Recording

_FAULTY = (503, 429, 500)
_ELSEWHERE = "import pickle, sys; print(repr(pickle.load(sys.stdin.buffer)))"


class Contract(Suite):
    """What holds for every model, whoever made it."""

    def test_it_is_a_wrapper(self, bench: Bench) -> None:
        """The class is a ModelWrapperBase that names its model_type and one of the tasks."""
        model = bench.build()
        assert isinstance(model, ModelWrapperBase), f"{type(model).__name__} is no subclass of ModelWrapperBase"
        assert model.task in TASKS, f"task is {model.task!r}, not one of {', '.join(TASKS)}"
        assert isinstance(model.model_type, str)

    def test_parse_func(self, bench: Bench, whole: Recording, way: str) -> None:
        """``parse_func`` is given the answer, and what it returns is what the call returns."""
        wanted = tell(ask(way, bench.wire(whole), whole).response)
        seen: list[Any] = []

        def parse(response: Any) -> int:
            seen.append(response)
            return 411

        assert self.parse(way, bench.wire(whole), whole, parse_func=parse) == 411
        assert isinstance(seen[0], ModelResponse) and tell(seen[0]) == wanted

    def test_parse_func_asks_again(self, bench: Bench, whole: Recording, way: str) -> None:
        """A ResponseParsingError of ``parse_func`` asks the model again, ``max_retries`` times at most."""
        tries: list[Any] = []
        model, _ = bench.replay_replies([*whole.replies] * 3)
        assert self.parse(way, model, whole, parse_func=lambda response: refuse_twice(tries, response)) == 3
        model, _ = bench.replay_replies([*whole.replies] * 2)
        with pytest.raises(ResponseParsingError):
            self.parse(way, model, whole, parse_func=lambda response: refuse_twice([], response), max_retries=2)

    def test_fault_handler(self, bench: Bench, whole: Recording, way: str) -> None:
        """When no try could be parsed, the result is that of ``fault_handler``."""
        model, _ = bench.replay_replies([*whole.replies] * 2)
        handle = {"parse_func": always_refuse, "fault_handler": lambda response: "handled", "max_retries": 2}
        assert self.parse(way, model, whole, **handle) == "handled"

    def test_errors_of_parse_func(self, bench: Bench, whole: Recording, way: str) -> None:
        """Any other error of ``parse_func`` is the caller's own, and reaches the caller."""
        with pytest.raises(ZeroDivisionError):
            self.parse(way, bench.wire(whole), whole, parse_func=lambda response: 1 // 0)

    @needs("stream", tasks=("chat",))
    def test_parse_func_of_a_stream(self, bench: Bench, whole: Recording, way: str) -> None:
        """What is to be parsed does not come in pieces: ``stream`` does not count then."""
        result = self.parse(way, bench.wire(whole), whole, parse_func=lambda response: response.text, stream=True)
        assert result == whole.expect.get("text", result)

    @needs("http")
    @pytest.mark.parametrize("status", _FAULTY)
    def test_a_failure_is_tried_again(self, bench: Bench, whole: Recording, way: str, status: int) -> None:
        """A failure that may pass is tried again, as ``retry`` of the config says, and the answer comes."""
        if not bench.takes(retry={"max_attempts": 3}):
            return
        model, drivers = bench.replay_replies([refuse(status), refuse(status), *whole.replies], **self.retry(bench, 3))
        assert ask(way, model, whole).response is not None
        assert len(drivers.requests) == 2 + len(whole.replies), f"{len(drivers.requests)} requests were sent"
        assert sum(drivers.delays) > 0, "it was tried again without a pause"

    @needs("http")
    def test_tries_have_an_end(self, bench: Bench, whole: Recording, way: str) -> None:
        """After ``max_attempts`` tries the last error is raised, with what was tried in its trail."""
        if not bench.takes(retry={"max_attempts": 2}):
            return
        model, drivers = bench.replay_replies([refuse(503)] * 5, **self.retry(bench, 2))
        error = try_to_ask(way, model, whole).error
        assert isinstance(error, errors.ServerError)
        assert len(drivers.requests) == 2, f"{len(drivers.requests)} requests were sent"
        assert len(error.trail) == 2

    @needs("http")
    @pytest.mark.parametrize("status", [400, 401, 404])
    def test_what_would_fail_again_is_not_tried_again(self, bench: Bench, whole: Recording, status: int) -> None:
        """A request that is wrong is sent once: it would fail again, and cost again."""
        model, drivers = bench.replay_replies([refuse(status)] * 3, **self.retry(bench, 3))
        assert try_to_ask("sync", model, whole).error is not None
        again = 1 if status == 401 and bench.has_tokens else 0  # with a new token, once
        assert len({request.url for request in drivers.requests}) >= len(drivers.requests) - again, "it was sent again"

    @needs("http")
    def test_the_server_says_how_long_to_wait(self, bench: Bench, whole: Recording, way: str) -> None:
        """A Retry-After is waited for before the next try."""
        if not bench.takes(retry={"max_attempts": 2}):
            return
        refused = {**refuse(429), "headers": {"Retry-After": "3"}}
        model, drivers = bench.replay_replies([refused, *whole.replies], **self.retry(bench, 2))
        ask(way, model, whole)
        assert drivers.delays[1] >= 3, f"the server asked for 3 s, the pause was {drivers.delays[1]:.2f} s"

    def test_observers_are_told(self, bench: Bench, whole: Recording, way: str) -> None:
        """Observers are told when a call begins and how it ended, with its tokens."""
        seen: list[Any] = []
        bench.player.play(*whole.replies)
        response = ask(way, bench.build(observers=[seen.append]), whole).response
        begun = [each for each in seen if isinstance(each, CallStarted) and each.config_name == bench.name]
        ended = [each for each in seen if isinstance(each, CallEnded) and each.config_name == bench.name]
        assert (len(begun), len(ended)) == (1, 1), f"{len(begun)} calls began and {len(ended)} ended"
        assert ended[0].error is None and begun[0].call_id == ended[0].call_id
        assert response.usage is None or ended[0].usage == response.usage

    @needs("http")
    def test_observers_are_told_of_failures(self, bench: Bench, whole: Recording, way: str) -> None:
        """Observers are told of each failed try, and of the error that a call ends with."""
        seen: list[Any] = []
        model, _ = bench.replay_replies([refuse(503)] * 4, observers=[seen.append], **self.retry(bench, 2))
        try_to_ask(way, model, whole)
        ended = [each for each in seen if isinstance(each, CallEnded) and each.config_name == bench.name]
        assert len(ended) == 1 and ended[0].error, "the call did not end with an error for observers"
        if bench.takes(retry={"max_attempts": 2}):
            assert [each for each in seen if isinstance(each, RetryScheduled)], "no observer was told of the next try"

    def test_an_observer_that_fails(self, bench: Bench, whole: Recording, way: str) -> None:
        """An observer that raises costs the caller nothing."""
        bench.player.play(*whole.replies)
        assert ask(way, bench.build(observers=[lambda event: 1 // 0]), whole).response is not None

    def test_copies(self, bench: Bench, whole: Recording, way: str) -> None:
        """A model can be copied, deeply too, and its copy answers the same."""
        model = bench.wire(whole, again=True)
        wanted = tell(ask(way, model, whole).response)
        for again in (copy.copy(model), copy.deepcopy(model)):
            assert type(again) is type(model) and again.config_name == model.config_name
            assert tell(ask(way, again, whole).response) == wanted

    @needs("crossing")
    def test_pickles(self, bench: Bench) -> None:
        """A model can be pickled and comes back as a model of its config; its connections stay where they are."""
        again = pickle.loads(pickle.dumps(bench.build()))
        assert again.config_name == bench.name

    @needs("crossing")
    def test_other_processes(self, bench: Bench) -> None:
        """A model crosses to another process, which builds it from the same config."""
        crossed = pickle.dumps(bench.build())
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", _ELSEWHERE]
        done = subprocess.run(command, input=crossed, capture_output=True, timeout=60, env=env)
        assert done.returncode == 0, f"it could not be built there: {done.stderr.decode()[-500:]}"
        assert bench.name in done.stdout.decode()

    def retry(self, bench: Bench, tries: int) -> dict[str, Any]:
        """The keys of a config that is tried so often."""
        keys = {"retry": {"max_attempts": tries, "initial": 0.5, "max": 30}}
        return keys if bench.takes(**keys) else {}

    def parse(self, way: str, model: Any, recording: Recording, **parsing: Any) -> Any:
        """The result of a call with a ``parse_func``."""
        if way == "sync":
            return model(recording.input, **recording.options, **parsing)
        return asyncio.run(model.acall(recording.input, **recording.options, **parsing))


def refuse_twice(tries: list[Any], response: Any) -> int:
    """The number of the try; the first two cannot be parsed."""
    tries.append(response)
    if len(tries) < 3:
        raise ResponseParsingError("not what was asked for")
    return len(tries)


def always_refuse(response: Any) -> Any:
    """No answer can be parsed."""
    raise ResponseParsingError("not what was asked for")
