"""How a call is put together: its arguments, its observers, its errors, and AgentScope's ``parse_func``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from modelhub.base.checked_options import find_known
from modelhub.base.options import refuse_foreign
from modelhub.base.own import HANDED, OWN, Repeat, apply_own
from modelhub.engine.call import CURRENT, Call, explained
from modelhub.engine.effects import Flow
from modelhub.engine.parse_func import PARSING, parsed, take_parsing
from modelhub.errors import ModelCallError
from modelhub.late import late
from modelhub.telemetry.tally import tallied

if TYPE_CHECKING:
    from modelhub.engine import in_process
    from modelhub.telemetry.tally import Tally
else:
    in_process = late("modelhub.engine.in_process")

Own = Callable[..., Any]


def find_flow(model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[Any]:
    """The flow of a call of any model, for a driver of either kind."""
    call, acall = (getattr(getattr(type(model), name), "__wrapped__", None) for name in ("__call__", "acall"))
    if call is None and acall is None:
        flow: Flow[Any] = model.flow(args, kwargs)
        return flow
    return flow_of_python(model, call, acall, args, kwargs)


def flow_of_python(
    model: Any, call: Own | None, acall: Own | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Flow[Any]:
    """The flow of a call of a model whose ``call`` or ``acall`` is plain Python."""
    kwargs = inherit(model, kwargs)
    parsing_names, own_names, taken = _find_options(call, acall)
    parsing = take_parsing(kwargs, parsing_names) if kwargs else {}
    python = in_process.PythonCall(
        (lambda: call(model, *args, **kwargs)) if call is not None else None,
        (lambda: _await(acall(model, *args, **kwargs))) if acall is not None else None,
    )

    home = model.home
    if kwargs and (error := _find_refusal(model, kwargs, taken)) is not None:
        return explained(model, watched, Call(model, (), {}), False, functools.partial(refuse, error))
    if not parsing and home.guards is None and not home.bounds and own_names.isdisjoint(kwargs):
        return explained(model, _ask_plainly, model, python, args, kwargs)
    repeat = Repeat(kwargs, own_names)

    def ask() -> Flow[Any]:
        own = repeat.own()
        one = Call(model, args, {})
        one.keywords = kwargs if "headers" not in own.handed else {**kwargs, "headers": own.handed["headers"]}
        one.guards = home.guards
        apply_own(one, own, home.bounds.get("total"), None, home.retry_policy)
        return watched(one, False, lambda call: shared(call, lambda: in_process.answer(call, python)))

    return explained(model, lambda: parsed(ask, **parsing))


def _ask_plainly(model: Any, python: in_process.PythonCall, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Flow[Any]:
    """The flow of a call that nothing bounds or steers, as most are."""
    call = Call(model, args, {})
    call.keywords = kwargs
    return watched(call, False, lambda call: in_process.answer(call, python))


def refuse(error: ModelCallError, call: Call) -> Flow[Any]:
    """The flow of a call that cannot be made."""
    yield from ()
    raise error


def inherit(model: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call, with those that the model's own ``__call__`` was not given, if it makes this call."""
    outer = CURRENT.get()
    if outer is None or outer.model is not model or not outer.handed:
        return kwargs
    return {**outer.handed, **kwargs}


def shared(call: Call, start: Callable[[], Flow[Any]], stream: bool = False) -> Flow[Any]:
    """The flow that ``start`` makes for a call that is no HTTP request, within what stands around whole calls."""
    guards = call.model.home.guards
    if guards is None:
        return start()
    from modelhub.base.keys import build_python_key  # only configs with limits and the like need it

    flow: Flow[Any] = guards.called(call, lambda: build_python_key(call), start, stream)
    return flow


async def _await(outcome: Any) -> Any:
    return await outcome if hasattr(outcome, "__await__") else outcome  # an async generator is not awaited


@functools.cache
def _find_options(*own: Any) -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """The options of ``parsed`` and our own, less the parameters of a wrapper's own calls; and these parameters."""
    from inspect import signature

    taken = frozenset(name for call in own if call is not None for name in signature(call).parameters)
    return PARSING - taken, (OWN | HANDED) - taken, taken


def _find_refusal(model: Any, kwargs: dict[str, Any], taken: frozenset[str]) -> ModelCallError | None:
    """Why a call of a plain Python model cannot be made; its own parameters are ``taken`` as they are."""
    given = {name: value for name, value in kwargs.items() if name not in taken}
    try:
        refuse_foreign(given)
        find_known(type(model)).check(given)
    except ModelCallError as error:
        return error
    return None


def watched(call: Call, stream: bool, start: Callable[[Call], Flow[Any]]) -> Flow[Any]:
    """The flow of ``call`` that ``start`` makes, which is counted; who watches is told about it.

    If a model calls itself, as a ``__call__`` that uses ``super().__call__`` does, observers are told only once.
    """
    outer = CURRENT.get()
    if outer is not None:
        call.outer = outer
        call.clock = outer.clock or outer.model.clock
        if outer.deadline is not None and (call.deadline is None or outer.deadline.left() < call.deadline.left()):
            call.deadline = outer.deadline
        if outer.model is call.model:
            call.listener, call.id, call.parent_id, call.whole = outer.listener, outer.id, outer.parent_id, outer
            call.tally = outer.tally
            return start(call) if call.listener is None else call.listener.follow(call, start)
    home = call.model.home
    observers, hooks, tally = home.observers, home.hooks, home.tally
    call.tally = tally
    if hooks is None and not observers:
        return start(call) if tally is None else tallied(call, tally, start(call))
    while outer is not None and not outer.id:  # nobody watches that one
        outer = outer.outer
    if outer is not None:
        call.parent_id = outer.id
    if tally is not None:
        start = functools.partial(_count, tally, start)
    if hooks is not None:
        from modelhub.telemetry.hooked import hooked  # only programs with hooks need it

        return hooked(call, call.model.describe_call(call, stream), stream, observers, hooks, start)
    from modelhub.telemetry.observers import observed  # only programs that have observers need it

    return observed(call, call.model.describe_call(call, stream), stream, observers, start)


def _count(tally: Tally, start: Callable[[Call], Flow[Any]], call: Call) -> Flow[Any]:
    return tallied(call, tally, start(call))
