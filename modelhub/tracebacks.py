"""Leaves modelhub's own frames out of the tracebacks of its errors: they end at the line of the program that called."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from types import TracebackType
from typing import ParamSpec, TypeVar

from modelhub.errors import ModelHubError

P = ParamSpec("P")
T = TypeVar("T")


def shorten(error: ModelHubError) -> None:
    """Leave modelhub's frames out of the traceback of ``error``, unless Python runs in its development mode.

    It is for the function that the program has called, with a bare ``raise`` after it, which adds no frame.
    """
    if sys.flags.dev_mode:
        return
    kept, at = [], error.__traceback__
    while at is not None:
        if at.tb_frame.f_globals.get("__name__", "").partition(".")[0] != "modelhub":
            kept.append(at)
        at = at.tb_next
    for frame in reversed(kept):
        at = TracebackType(at, frame.tb_frame, frame.tb_lasti, frame.tb_lineno)
    error.__traceback__ = at


def shortened(function: Callable[P, T]) -> Callable[P, T]:
    """``function``, with errors whose tracebacks are short."""

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except ModelHubError as error:
            shorten(error)
            raise

    return call
