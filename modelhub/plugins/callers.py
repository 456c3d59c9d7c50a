"""The functions that plugins have for a hook, so that each can be called by itself: one that fails stops no other."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

from modelhub.plugins.entry_points import HOOKS_GROUP, find_entry_points


class Caller:
    """The function of a ``plugin`` for a ``hook``; it takes what it asks for by name."""

    __slots__ = ("_function", "_takes", "hook", "plugin")

    def __init__(self, plugin: str, hook: str, function: Callable[..., Any], takes: tuple[str, ...]) -> None:
        self.plugin = plugin
        self.hook = hook
        self._function = function
        self._takes = takes

    def __call__(self, **given: Any) -> Any:
        """Call it."""
        return self._function(*[given[name] for name in self._takes])


def are_there_hooks() -> bool:
    """Whether a package declares hooks, or the program may have registered some of its own."""
    return "modelhub.plugins.hooks" in sys.modules or _are_declared(tuple(map(str, sys.path)))


@lru_cache(maxsize=1)
def _are_declared(path: tuple[str, ...]) -> bool:
    """Whether a package on ``path`` declares hooks: looked for once, as the plugins of every group are."""
    return bool(find_entry_points(HOOKS_GROUP))


def find_callers(hook: str) -> list[Caller]:
    """The functions of plugins for ``hook``, in the order of asking; without any such plugin, nothing is loaded."""
    if not are_there_hooks():
        return []
    from modelhub.plugins.hooks import HOOKS

    found = HOOKS.find_implementations(hook)
    return [Caller(each.plugin_name, hook, each.function, each.argnames) for each in found]


def tell(hook: str, **given: Any) -> None:
    """Call what plugins have for ``hook``; one that fails is logged."""
    for caller in find_callers(hook):
        attempt(caller, partial(caller, **given))


def attempt(caller: Caller, action: Callable[[], Any], log: bool = True) -> tuple[Any, bool]:
    """What ``action`` gives, and whether it was done: a failure is the plugin's own affair, and is logged."""
    try:
        return action(), True
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        if log:
            import logging  # only programs with a plugin that fails need it

            what = "the hook %s of the plugin %s failed: %s: %s"
            told = (caller.hook, caller.plugin, type(error).__name__, error)
            logging.getLogger("modelhub").warning(what, *told, exc_info=error)
        return None, False
