"""Several models, of which each is asked what the one before has answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelhub.base import Call, CompositeWrapper, Flow, ask, override
from modelhub.base.steps import add_up, note_step
from modelhub.errors import ConfigError, ModelCallError
from modelhub.response import ModelResponse, Usage
from modelhub.response.usage import add_usage
from modelhub.routing.asked import Asked
from modelhub.routing.prompts import fill_in

FOR_THE_LAST = frozenset({"stream", "tools", "tool_choice", "parallel_tool_calls", "response_format"})
"""The options that only the last step gets: they say what the answer of the whole is like."""


class ChainWrapper(CompositeWrapper):
    """Asks the models of its ``steps`` one after the other; the last one answers.

    A step is asked its ``prompt``, filled in, or else what the step before has answered; the first one, what the caller
    asks. ``usage`` is the sum of all steps, and a stream is the last one's.
    """

    model_type = "chain"

    def __init__(self, config_name: str | None = None, steps: Sequence[Mapping[str, Any]] = (), **kwargs: Any) -> None:
        super().__init__(config_name, **kwargs)
        if not steps:
            raise ConfigError(f"{self.config_name!r} is a chain without steps: give at least one")
        self.steps = [dict(step) for step in steps]

    @override
    def list_targets(self) -> Sequence[str]:
        return list(dict.fromkeys(step["model"] for step in self.steps))

    @override
    def is_refusing(self, now: float | None = None) -> bool:
        """Whether one of its targets lets nothing through, just now or at ``now``: all are needed."""
        now = self.clock() if now is None else now
        return any(self.find(name).is_refusing(now) for name in self.list_targets())

    @override
    def answer(self, call: Call) -> Flow[Any]:
        targets = [self.find(step["model"], call) for step in self.steps]
        asked = Asked(call.input, call.keywords, self.task)
        options = asked.options
        between = {name: value for name, value in options.items() if name not in FOR_THE_LAST}
        answers: list[str] = []
        spent: Usage | None = None
        for number, (step, target) in enumerate(zip(self.steps, targets, strict=True), 1):
            given = (build_input(step, asked, answers, target.task),)
            try:
                if number == len(targets):
                    return (yield from add_up(ask(call, target, given, options), spent))
                response = yield from ask(call, target, given, between, whole=True)
            except ModelCallError as error:
                call.join(error, target)
                raise
            note_step(call, target, response)
            if isinstance(response, ModelResponse):
                answers.append(response.text or "")
                spent = add_usage(spent, response.usage)
            else:
                answers.append(str(response))
        raise AssertionError("unreachable")


def build_input(step: Mapping[str, Any], asked: Asked, answers: Sequence[str], task: str) -> Any:
    """What a step is asked: a text or, where there is more to say, messages."""
    prompt, system = step.get("prompt"), step.get("system")
    if prompt is not None:
        given: Any = fill_in(prompt, asked.last_text, answers)
    else:
        given = answers[-1] if answers else asked.given
    if not system:
        return given
    system = fill_in(system, asked.last_text, answers)
    if task != "chat":
        return f"{system}\n\n{given}" if isinstance(given, str) else given
    own = {"role": "system", "content": system}
    return [own, *given] if isinstance(given, list | tuple) else [own, given]
