"""Asks for more than a vendor takes at once in parts, which are sent at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any

from modelhub.engine import http
from modelhub.engine.attempts import leave_trail
from modelhub.engine.call import Call
from modelhub.engine.effects import Flow, Together
from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse
from modelhub.response.usage import add_usage


def ask(call: Call) -> Flow[ModelResponse]:
    """The whole answer of a model over HTTP, from as many requests as its vendor needs."""
    parts = call.model.cut(call.input)
    return http.converse(call) if parts is None else _ask_parts(call, parts)


def _ask_parts(call: Call, parts: Sequence[Sequence[Any]]) -> Flow[ModelResponse]:
    """One answer for all parts; each is tried again by itself, and the first that fails fails the call."""
    calls: list[Call] = []
    flows: list[Flow[ModelResponse]] = []
    count, start = sum(map(len, parts)), 0
    for part in parts:
        one = copy(call)
        one.input, one.options, one.outer = part, dict(call.options), None
        calls.append(one)
        flows.append(_ask_part(one, f"texts {start + 1} to {start + len(part)} of {count}"))
        start += len(part)
    try:
        answers: list[ModelResponse] = yield Together(flows)
    finally:
        call.attempts = sum(one.attempts for one in calls)
    whole = join_parts(answers)
    call.trail = tuple(entry for one in calls for entry in one.trail)
    call.tell_outer(call.trail)
    leave_trail(call, whole)
    return whole


def _ask_part(call: Call, place: str) -> Flow[ModelResponse]:
    try:
        return (yield from http.converse(call))
    except ModelCallError as error:
        error.message = f"{place}: {error.message}"
        raise


def join_parts(parts: list[ModelResponse]) -> ModelResponse:
    """One response for the parts of a long list: all vectors, and the sum of the tokens."""
    last = parts[-1]
    whole = ModelResponse(
        embedding=[vector for part in parts for vector in part.embedding or ()],
        raw=[part.raw for part in parts],
        request_id=last.request_id,
        model=last.model,
    )
    for part in parts:
        whole.usage = add_usage(whole.usage, part.usage)
    return whole
