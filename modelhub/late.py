"""Modules that are imported when they are first used: a program that only loads configs needs none of what calls do.

Type checkers are told of them by an ordinary import, beside ``TYPE_CHECKING``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from modelhub.overriding import override


class _Late:
    """Stands for a module, whose names it gets one by one as they are used: then they cost no more."""

    def __init__(self, name: str) -> None:
        self.__name__ = name

    def __getattr__(self, name: str) -> Any:
        value = getattr(import_module(self.__name__), name)
        vars(self)[name] = value
        return value

    @override
    def __repr__(self) -> str:
        return f"<module {self.__name__!r}, imported when it is first used>"


def late(name: str) -> Any:
    """The module called ``name``."""
    return _Late(name)
