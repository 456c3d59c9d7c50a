"""How a call is put together: its arguments, its observers, its errors, and AgentScope's ``parse_func``."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from modelhub.engine.call import CURRENT, Call, explained
from modelhub.engine.effects import Flow
from modelhub.engine.in_process import PythonCall, answer
from modelhub.engine.parse_func import PARSING, parsed, take_parsing
from modelhub.telemetry.observers import observed

Own = Callable[..., Any]
Ask = Callable[[tuple[Any, ...], dict[str, Any]], Flow[Any]]


def adopt(cls: type, base: type) -> None:
    """Make the ``__call__`` and ``acall`` that ``cls`` itself defines go through the engine, as all calls do."""
    for name, adopted in (("__call__", _adopt_call), ("acall", _adopt_acall)):
        own = getattr(cls, name)
        if own is not getattr(base, name) and not hasattr(own, "own"):
            setattr(cls, name, adopted(own))
            if name == "__call__" and "acall" not in cls.__dict__:
                cls.acall = base.acall  # type: ignore[attr-defined]  # an inherited one would ask for something else


def find_own(cls: type) -> Own | None:
    """The ``__call__`` that a class itself defines, as it was written; None if it defines none."""
    own: Own | None = getattr(cls.__call__, "own", None)
    return own


def _adopt_call(own: Own) -> Own:
    @functools.wraps(own)
    def __call__(self: Any, *args: Any, **kwargs: Any) -> Any:
        return self.home.drivers.sync().run(flow_of_python(self, own, None, args, kwargs))

    __call__.own = own  # type: ignore[attr-defined]
    return __call__


def _adopt_acall(own: Own) -> Own:
    @functools.wraps(own)
    async def acall(self: Any, *args: Any, **kwargs: Any) -> Any:
        return await self.home.drivers.aio().run(flow_of_python(self, None, own, args, kwargs))

    acall.own = own  # type: ignore[attr-defined]
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
        arguments = {f"args[{n}]": value for n, value in enumerate(args)} | kwargs
        return watched(Call(model, arguments, {}), arguments, False, lambda call: answer(call, python))

    return explained(model, lambda: parsed(ask, **parsing))


async def _await(outcome: Any) -> Any:
    return await outcome if hasattr(outcome, "__await__") else outcome  # an async generator is not awaited


@functools.cache
def _not_taken_by(call: Any) -> frozenset[str]:
    """The arguments of ``parsed`` that are not parameters of a wrapper's own call."""
    code = getattr(call, "__code__", None)
    own = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code is not None else ()
    return PARSING.difference(own)


def flow_of_description(
    model: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    ask: Callable[[tuple[Any, ...], dict[str, Any]], Flow[Any]],
) -> Flow[Any]:
    """The flow of a call of a model that describes its requests; ``ask`` makes the flow of one answer."""
    if PARSING.isdisjoint(kwargs):
        return explained(model, lambda: ask(args, kwargs))
    parsing = take_parsing(kwargs)
    return explained(model, lambda: parsed(lambda: ask(args, dict(kwargs)), **parsing))


def watched(call: Call, arguments: dict[str, Any], stream: bool, start: Callable[[Call], Flow[Any]]) -> Flow[Any]:
    """The flow of ``call`` that ``start`` makes; observers are told about it. Without observers, this costs nothing.

    If a model calls itself, as a ``__call__`` that uses ``super().__call__`` does, observers are told only once.
    """
    outer = CURRENT.get()
    if outer is not None:
        if outer.model is call.model:
            call.tell, call.id, call.parent_id = outer.tell, outer.id, outer.parent_id
            return start(call)
        call.parent_id = outer.id or None
    observers = call.model.home.observers
    return observed(call, arguments, stream, observers, start) if observers else start(call)
