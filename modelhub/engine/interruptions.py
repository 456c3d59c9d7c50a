"""Tells the failures of a connection from exceptions that only happened to be raised while one was waited for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any

# Where the exceptions come from that mean a failed connection, or bytes that cannot be unpacked, by the first part
# of their module's name.
_NETWORK = frozenset(
    {"aiohttp", "asyncio", "builtins", "http", "modelhub", "requests", "socket", "ssl", "urllib3"}
    | {"python_socks", "socks"}
    | {"brotli", "brotlicffi", "compression", "zlib", "zstandard"}
)
_OWN_TROUBLE = (MemoryError, RecursionError)  # of this process: no server has any part in it


def find_interruption(error: BaseException) -> BaseException | None:
    """What was raised while a connection was waited for and has nothing to do with it; libraries may wrap it.

    A signal handler may raise TimeoutError, or an error class of its own, to end a call that takes too long.
    """
    handlers = set(_list_handlers())
    found: BaseException | None = None
    inner: BaseException | None = error
    for _ in range(10):
        if inner is None:
            break
        if not _is_of_network(type(inner).__module__) or _was_raised_in(handlers, inner):
            found = inner  # the innermost counts: libraries hand the traceback on to what they wrap it in
        inner = _within(inner)
    return found


def find_among(causes: Iterable[BaseException]) -> BaseException | None:
    """The last of an exception's causes that came from a signal handler, or says that this process is in trouble."""
    handlers = set(_list_handlers())
    found: BaseException | None = None
    for cause in causes:
        if isinstance(cause, _OWN_TROUBLE) or _was_raised_in(handlers, cause):
            found = cause
    return found


def _is_of_network(module: str) -> bool:
    return module.partition(".")[0] in _NETWORK


def _within(error: BaseException) -> BaseException | None:
    """The exception that ``error`` was made of."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return reason
    inner = next((arg for arg in reversed(error.args) if isinstance(arg, BaseException)), error.__cause__)
    context = error.__context__
    if inner is None and context is not None and context.__traceback__ is not None:
        # Of a context only what the library itself caught belongs here: the caller may be handling something, too.
        caught_in = context.__traceback__.tb_frame.f_globals.get("__name__", "")
        return context if caught_in != "builtins" and _is_of_network(caught_in) else None
    return inner


def _was_raised_in(functions: set[CodeType], error: BaseException) -> bool:
    at = error.__traceback__
    while at is not None:
        if at.tb_frame.f_code in functions:
            return True
        at = at.tb_next
    return False


def _list_handlers() -> Iterator[CodeType]:
    """The functions that handle signals in this program."""
    import signal  # only programs that use it have handlers

    for number in signal.valid_signals():
        handler: Any = signal.getsignal(number)
        if not callable(handler) or handler is signal.default_int_handler:
            continue
        handler = getattr(handler, "func", handler)  # of a functools.partial
        code = getattr(handler, "__code__", None) or getattr(type(handler).__call__, "__code__", None)
        if code is not None:
            yield code
