"""Several models, of which the next is asked when the answer of one will not do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from modelhub.base import Accumulator, Call, CompositeWrapper, Flow, ModelResponse, ModelWrapperBase, ask, override
from modelhub.base.in_turn import ON_ERROR, find_errors
from modelhub.base.steps import add_up, note_step, read_call, with_usage
from modelhub.engine.stream import deliver
from modelhub.errors import ConfigError, ModelCallError
from modelhub.policies.kept import build_deltas
from modelhub.response import Usage
from modelhub.response.usage import add_usage
from modelhub.routing.accepting import Accept

FAILURES = find_errors(ON_ERROR)


class CascadeWrapper(CompositeWrapper):
    """Asks the models of its ``steps``, the cheapest first, until an answer is accepted; that of the last always is.

    All steps but the last are answered whole. A step that fails, with an error after which a fallback goes on, counts
    as not accepted. ``usage`` is the sum of all steps.
    """

    model_type = "cascade"

    def __init__(self, config_name: str | None = None, steps: Sequence[Mapping[str, Any]] = (), **kwargs: Any) -> None:
        super().__init__(config_name, **kwargs)
        if not steps:
            raise ConfigError(f"{self.config_name!r} is a cascade without steps: give at least one")
        self.models = [step["model"] for step in steps]
        self.accepts = [Accept(step.get("accept"), f"{self.config_name!r}, steps[{n}]") for n, step in enumerate(steps)]

    @override
    def list_targets(self) -> Sequence[str]:
        return list(dict.fromkeys(self.models))

    @override
    def answer(self, call: Call) -> Flow[Any]:
        targets = [self.find(name, call) for name in self.models]
        input, options = read_call(call)
        spent: Usage | None = None
        for target, following, accept in zip(targets[:-1], targets[1:], self.accepts, strict=False):
            try:
                response = yield from ask(call, target, input, options, whole=True)
            except ModelCallError as error:
                call.join(error, target)
                if not isinstance(error, FAILURES):
                    raise
                call.remember(error)
                tell_on(call, target, following, error)
                continue
            if isinstance(response, ModelResponse):  # of others there is nothing to look at
                if (yield from accept.holds(response)):
                    return (yield from hand_on(call, response, spent, stream=bool(options.get("stream"))))
                spent = add_usage(spent, response.usage)
            note_step(call, target, response, "unaccepted")
            tell_on(call, target, following, None)
        try:
            return (yield from add_up(ask(call, targets[-1], input, options), spent))
        except ModelCallError as error:
            call.join(error, targets[-1])
            raise


def tell_on(call: Call, target: ModelWrapperBase, following: ModelWrapperBase, error: ModelCallError | None) -> None:
    """Tell who listens that ``following`` is asked, since ``target`` has failed or its answer is not accepted."""
    if call.listener is not None:
        call.listener.fell_back(call, target.config_name, following.config_name, error)


def hand_on(call: Call, response: ModelResponse, spent: Usage | None, *, stream: bool) -> Flow[Any]:
    """An answer that is whole, as a stream if one was asked for; ``spent`` is what others have used before it."""
    if spent is not None:
        response = with_usage(response, add_usage(spent, response.usage))
    if not stream or response.embedding is not None:
        return response
    so_far = Accumulator()
    deltas = build_deltas(response, so_far)
    so_far.trail = response._trail
    yield deliver(call, so_far)
    yield deltas
    if call.listener is not None:
        call.listener.stream_ended(call)
    return response
