"""The face of a room: names that are imported from its modules when they are first asked for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def build_face(room: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """The ``__getattr__`` of a package called ``room``; ``homes`` has for each name the module that it is in.

    A module without a dot in its name is one of the package's own.
    """

    def __getattr__(name: str) -> Any:
        home = homes.get(name)
        if home is None:
            raise AttributeError(f"module {room!r} has no attribute {name!r}")
        value = getattr(import_module(home if "." in home else f"{room}.{home}"), name)
        setattr(sys.modules[room], name, value)
        return value

    return __getattr__
