"""How a call is put together: its arguments, its observers, its errors, and AgentScope's ``parse_func``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from modelhub.engine.call import CURRENT, Call, explained
from modelhub.engine.effects import Flow
from modelhub.engine.in_process import PythonCall, answer
from modelhub.engine.parse_func import PARSING, parsed, take_parsing

Own = Callable[..., Any]


def adopt(cls: type, base: type) -> None:
    """Make the ``__call__`` and ``acall`` that ``cls`` itself defines go through the engine, as all calls do."""
    for name, adopted in (("__call__", _adopt_call), ("acall", _adopt_acall)):
        own = getattr(cls, name)
        if own is not getattr(base, name) and not getattr(own, "adopted", False):
            setattr(cls, name, adopted(own))
            if name == "acall" or "acall" in cls.__dict__:
                cls.call_in_thread = None  # type: ignore[attr-defined]
            else:  # an inherited ``acall`` would ask something else
                cls.call_in_thread = staticmethod(own)  # type: ignore[attr-defined]
                cls.acall = base.acall  # type: ignore[attr-defined]


def _adopt_call(own: Own) -> Own:
    @functools.wraps(own)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.home.drivers.sync().run(flow_of_python(self, own, None, args, kwargs))

    __call__.adopted = True  # type: ignore[attr-defined]
    return __call__


def _adopt_acall(own: Own) -> Own:
    @functools.wraps(own)
    async def acall(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await self.home.drivers.aio().run(flow_of_python(self, None, own, args, kwargs))

    acall.adopted = True  # type: ignore[attr-defined]
    return acall


def flow_of_python(
    model: Any, call: Own | None, acall: Own | None, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Flow[Any]:
    """The flow of a call of a model whose ``call`` or ``acall`` is plain Python."""
    parsing = take_parsing(kwargs, _not_taken_by(call or acall))
    python = PythonCall(
        (lambda: call(model, *args, **kwargs)) if call is not None else None,
        (lambda: _await(acall(model, *args, **kwargs))) if acall is not None else None,
    )

    def ask() -> Flow[Any]:
        one = Call(model, args, {})
        one.keywords = kwargs
        return watched(one, False, lambda call: answer(call, python))

    return explained(model, lambda: parsed(ask, **parsing))


async def _await(outcome: Any) -> Any:
    return await outcome if hasattr(outcome, "__await__") else outcome  # an async generator is not awaited


@functools.cache
def _not_taken_by(call: Any) -> frozenset[str]:
    """The arguments of ``parsed`` that are not parameters of a wrapper's own call."""
    code = getattr(call, "__code__", None)
    own = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code is not None else ()
    return PARSING.difference(own)


def watched(call: Call, stream: bool, start: Callable[[Call], Flow[Any]]) -> Flow[Any]:
    """The flow of ``call`` that ``start`` makes; observers are told about it. Without observers, this costs nothing.

    If a model calls itself, as a ``__call__`` that uses ``super().__call__`` does, observers are told only once.
    """
    outer = CURRENT.get()
    if outer is not None:
        if outer.model is call.model:
            call.listener, call.id, call.parent_id, call.whole = outer.listener, outer.id, outer.parent_id, outer
            return start(call)
        call.parent_id = outer.id or None
    observers = call.model.home.observers
    if not observers:
        return start(call)
    from modelhub.telemetry.observers import observed  # only programs that have observers need it

    return observed(call, call.model.describe_call(call, stream), stream, observers, start)
