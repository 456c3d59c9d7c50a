"""What AgentScope promises of every call: parse functions that may have the model asked again, and plain texts."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from modelhub import engine
from modelhub.engine.effects import Invoke
from modelhub.response.cumulative import as_response

PARSING = frozenset({"parse_func", "fault_handler", "max_retries"})


def keep_contract(call: Callable[..., Any]) -> Callable[..., Any]:
    """``call``, a wrapper's ``__call__``, with the parsing arguments it does not take itself."""
    taken = _not_taken_by(call)

    @functools.wraps(call)
    def kept(self: Any, *args: Any, **kwargs: Any) -> Any:
        parsing = {name: kwargs.pop(name) for name in taken if name in kwargs}
        if parsing.get("parse_func") is None:
            return as_response(call(self, *args, **kwargs))
        ask = Invoke(lambda: as_response(call(self, *args, **kwargs)))
        return self.transports.sync().run(engine.parsed(lambda: engine.invoke(ask), **_complete(parsing)))

    kept.keeps_contract = True  # type: ignore[attr-defined]
    return kept


def keep_async_contract(call: Callable[..., Any]) -> Callable[..., Any]:
    """The same for an ``acall`` that a wrapper defines itself."""
    taken = _not_taken_by(call)

    @functools.wraps(call)
    async def kept(self: Any, *args: Any, **kwargs: Any) -> Any:
        parsing = {name: kwargs.pop(name) for name in taken if name in kwargs}
        if parsing.get("parse_func") is None:
            return as_response(await call(self, *args, **kwargs))

        async def acall() -> Any:
            return as_response(await call(self, *args, **kwargs))

        ask = Invoke(acall=acall)
        return await self.transports.aio().run(engine.parsed(lambda: engine.invoke(ask), **_complete(parsing)))

    kept.keeps_contract = True  # type: ignore[attr-defined]
    return kept


def _not_taken_by(call: Callable[..., Any]) -> list[str]:
    code = getattr(call, "__code__", None)
    own = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] if code is not None else ()
    return [name for name in PARSING if name not in own]


def _complete(parsing: dict[str, Any]) -> dict[str, Any]:
    return {name: parsing.get(name) for name in PARSING}
