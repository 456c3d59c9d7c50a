"""What plugins may add besides wrappers: functions marked with ``hookimpl`` in packages of the group ``modelhub``."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points

import pluggy

GROUP = "modelhub"
hookspec = pluggy.HookspecMarker("modelhub")
hookimpl = pluggy.HookimplMarker("modelhub")


class Specs:
    """The hooks, each with what it is for."""

    @hookspec(firstresult=True)
    def resolve_secret(self, scheme: str, name: str) -> str | None:
        """The value of ``${scheme:name}`` in a config, None for a scheme of somebody else's.

        Called whenever a model is first used. Raise LookupError with the reason when the secret cannot be had.
        """


@cache
def load_hooks() -> tuple[pluggy.PluginManager, list[str]]:
    """The plugins' hooks, loaded once, and a line for each plugin that could not be loaded."""
    manager = pluggy.PluginManager("modelhub")
    manager.add_hookspecs(Specs)
    broken = []
    for entry_point in entry_points(group=GROUP):
        try:
            manager.register(entry_point.load(), entry_point.name)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: a plugin must not end the program that uses it
            dist = entry_point.dist
            origin = f"{dist.name} {dist.version}" if dist is not None else entry_point.value
            broken.append(f"plugin {entry_point.name} ({origin}): {type(error).__name__}: {error}")
    return manager, broken
