"""How a call of a described model begins: its arguments become options that are checked, and it is on its way."""

from __future__ import annotations

from functools import partial
from typing import Any

from modelhub.base.calling import inherit, refuse, watched
from modelhub.base.checked_options import find_known
from modelhub.base.conversing import converse
from modelhub.base.conversing import stream as streamed
from modelhub.base.options import leave_untold, refuse_foreign
from modelhub.base.own import OWN, Own, Repeat, apply_own, read_stream, take_own
from modelhub.engine.call import Call, explained
from modelhub.engine.effects import Flow
from modelhub.engine.parse_func import PARSING, parsed, take_parsing
from modelhub.errors import BadRequestError, ModelCallError
from modelhub.telemetry import HOOKS


def build_flow(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[Any]:
    """The flow of a call of ``model``, with AgentScope's ``parse_func`` around it if it has one."""
    if PARSING.isdisjoint(kwargs):
        return explained(model, _ask, model, args, kwargs)
    parsing = take_parsing(kwargs)
    whole = parsing.get("parse_func") is not None  # what is to be parsed does not come in pieces
    repeat = Repeat(kwargs)
    return explained(model, lambda: parsed(lambda: _ask(model, args, dict(kwargs), not whole, repeat.own()), **parsing))


def _ask(
    model: Any, args: tuple[Any, ...], kwargs: dict[str, Any], may_stream: bool = True, own: Own | None = None
) -> Flow[Any]:
    bound = model.bound  # before the options of the config are looked at
    kwargs = inherit(model, kwargs)
    try:
        if not OWN.isdisjoint(kwargs):
            own = take_own(kwargs)
        input, options = model.bind(*args, **kwargs)
        told = options.pop("stream", None)
        stream = may_stream and (bool(model.stream) if told is None else read_stream(told))
        given, options = options, model.merge(options)
        if given:
            refuse_foreign(given)
        model.check_options(options)
        if given:
            find_known(type(model)).check(given)
    except ModelCallError as error:
        return watched(Call(model, args, leave_untold(kwargs)), False, partial(refuse, error))
    if stream and not model.can_stream():
        refusal = BadRequestError(f"{model.model_type} cannot stream: leave 'stream' out")
        return watched(Call(model, input, options), stream, partial(refuse, refusal))
    call = Call(model, input, options)
    call.guards = model.home.guards
    if own is not None or bound.timeouts.total is not None:
        apply_own(call, own, bound.timeouts.total, bound.timeouts, bound.retry_policy)
    if not HOOKS:
        return watched(call, stream, streamed if stream else converse)
    from modelhub.telemetry.invocations import recorded  # only programs with AgentScope's hooks need it

    arguments = model.describe_call(call, stream)  # before anything is taken out of the options
    return recorded(call, arguments, watched(call, stream, streamed if stream else converse))
