"""What composites that ask one model after the other make of its answers: sums of usage, and trails."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from modelhub.engine.call import Call
from modelhub.engine.effects import Flow
from modelhub.engine.passing_on import passed_on
from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse, Usage
from modelhub.response.accumulator import Accumulator
from modelhub.response.streamed import FIELDS
from modelhub.response.usage import add_usage
from modelhub.routing.asked import Asked
from modelhub.trail import Entry, Outcome


def read_call(call: Call) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """What ``call`` is given, and its options by name."""
    asked = Asked(call.input, call.keywords)
    return asked.input, asked.options


def add_up(flow: Flow[Any], before: Usage | None) -> Flow[Any]:
    """``flow``, whose answer, whole or in pieces, has used the tokens of ``before``, too."""
    return flow if before is None else _add_up(flow, before)


def _add_up(flow: Flow[Any], before: Usage) -> Generator[Any, Any, Any]:
    so_far: Accumulator | None = None
    told: Usage | None = None  # a delta that is given again has it already

    def note(effect: Any) -> bool:
        nonlocal so_far, told
        if isinstance(effect, Accumulator):
            so_far = effect
        elif type(effect) is list:
            for delta in effect:
                if delta.usage is not None and delta.usage is not told:
                    delta.usage = told = add_usage(before, delta.usage)
        return False

    try:
        result = yield from passed_on(flow, note)
    except ModelCallError as error:
        if isinstance(error.partial, ModelResponse):
            error.partial = with_usage(error.partial, add_usage(before, error.partial.usage))
        raise
    if so_far is not None:
        so_far.usage = add_usage(before, so_far.usage)
    return with_usage(result, add_usage(before, result.usage)) if isinstance(result, ModelResponse) else result


def with_usage(response: ModelResponse, usage: Usage | None) -> ModelResponse:
    """The same answer with another ``usage``; the wrapper of a user may give the same object again."""
    twin = ModelResponse(response.text, response.embedding, origin=response.origin)
    for name in FIELDS:
        setattr(twin, name, getattr(response, name))
    twin.usage = usage
    twin._trail = getattr(response, "_trail", ())
    return twin


def note_skipped(call: Call, target: Any) -> None:
    """Let the trail of ``call`` tell that ``target`` was passed over."""
    entry = _describe(target, "skipped")
    call.trail = (*call.trail, entry)
    call.tell_outer((entry,))


def note_step(call: Call, target: Any, response: Any, outcome: Outcome = "answered") -> None:
    """Let the trail of ``call`` go on after what ``target`` has answered, which came to ``outcome``."""
    trail: tuple[Entry, ...] = getattr(response, "_trail", ()) if isinstance(response, ModelResponse) else ()
    if not trail:  # of an object of the user's own
        call.trail = (*call.trail, _describe(target, outcome))
        return
    if outcome != "answered":
        *before, last = trail
        (name, kind, attempt, status, waited, seconds, _), error = last
        changed: Entry = (name, kind, attempt, status, waited, seconds, outcome), error
        trail = (*before, changed)
        _tell_outer_again(call, last, changed)
    call.trail = trail


def _describe(target: Any, outcome: Outcome) -> Entry:
    return (target.config_name, target.model_type or type(target).__name__, 1, None, 0.0, 0.0, outcome), None


def _tell_outer_again(call: Call, entry: Entry, changed: Entry) -> None:
    outer = call.outer
    while outer is not None:
        outer.parts = tuple(changed if part is entry else part for part in outer.parts)
        outer = outer.outer if not outer.attempts else None
