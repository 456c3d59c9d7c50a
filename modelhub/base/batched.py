"""Embeddings that several calls ask for at about the same time, sent together and handed back to each."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from modelhub.base.splitting import ask
from modelhub.engine.attempts import leave_trail
from modelhub.engine.call import Call
from modelhub.engine.effects import Flow, Wait
from modelhub.engine.patience import find_patience
from modelhub.errors import ModelCallError, RateLimitError, TimeoutError
from modelhub.policies.batching import Batches, Place
from modelhub.policies.cache_key import build_call_key
from modelhub.response import ModelResponse, Usage


def batched(call: Call, batches: Batches, start: Callable[[], Flow[Any]]) -> Flow[Any]:
    """The vectors of ``call``, from one request for all that ask with equal options; by itself where that cannot be.

    A batch that is refused with a 4xx is asked again caller by caller, so that what is wrong with one fails one.
    """
    inputs = call.model.split_input(call.input)
    key = build_call_key("", call.options, _tell_extras(call))
    if inputs is None or key is None or len(inputs) >= batches.max_size or _goes_its_own_way(call):
        return (yield from start())
    clock = call.clock or call.model.clock
    place = batches.join(key, inputs, clock())
    try:
        while not place.done:
            if place.leads:
                if not place.batch.closed and (left := place.batch.until - clock()) > 0:
                    yield Wait(place, min(left, find_patience(call)))
                    continue
                yield from _send(call, batches, place)
            else:
                yield Wait(place, find_patience(call))
    finally:
        batches.leave(place)
    outcome = place.outcome
    if outcome is None:
        return (yield from start())
    if isinstance(outcome, ModelCallError):
        raise outcome
    call.trail = outcome._trail
    call.tell_outer(call.trail)
    leave_trail(call, outcome)
    return outcome


def _send(call: Call, batches: Batches, leader: Place) -> Flow[None]:
    places = batches.close(leader.batch)
    if len(places) == 1:
        batches.deliver(places, [None])
        return
    together = copy(call)
    together.input = [each for place in places for each in place.inputs]
    together.options = dict(call.options)
    together.outer = None  # each tells its own
    try:
        answer: ModelResponse = yield from ask(together)
    except ModelCallError as error:
        if isinstance(error, TimeoutError) and error.bound == "total":  # which is the caller's own: another goes on
            raise
        refused = error.status is not None and 400 <= error.status < 500 and not isinstance(error, RateLimitError)
        batches.deliver(places, [None if refused else _copy_error(error) for _ in places])
    else:
        batches.deliver(places, _divide(answer, places))
    finally:
        call.attempts = together.attempts


def _divide(answer: ModelResponse, places: list[Place]) -> list[ModelResponse]:
    """The answer of a batch as one for each call: its own vectors, and its part of the tokens."""
    vectors, parts, start = answer.embedding or [], [], 0
    for place in places:
        part = copy(answer)
        part.embedding = vectors[start : start + len(place.inputs)]
        start += len(place.inputs)
        if answer.usage is not None:
            part.usage = _share(answer.usage, len(place.inputs) / len(vectors))
        parts.append(part)
    return parts


def _share(usage: Usage, part: float) -> Usage:
    counts = usage.prompt_tokens, usage.completion_tokens, usage.total_tokens
    return Usage(*(round(count * part) for count in counts))


def _copy_error(error: ModelCallError) -> ModelCallError:
    copied = copy(error)
    copied._trail = error._trail
    return copied


def _goes_its_own_way(call: Call) -> bool:
    """Whether it is to be retried, or to wait, in another way than the config says."""
    waits, usual = call.timeouts, call.model.timeouts
    return call.retry_policy is not None or (waits is not None and waits[:3] != usual[:3])


def _tell_extras(call: Call) -> Any:
    extras = call.extras
    return None if extras is None else [str(extras)]
