"""What plugins may add besides wrappers: functions marked with ``hookimpl`` in packages of the group ``modelhub``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import EntryPoint

import pluggy

from modelhub.entry_points import describe, find_entry_points, identify

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


@dataclass(frozen=True, slots=True)
class HookPlugin:
    """One installed plugin: the ``hooks`` it implements, or the ``reason`` why it is quarantined."""

    name: str
    distribution: str
    version: str
    entry_point: EntryPoint
    hooks: tuple[str, ...] = ()
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version}, {self.entry_point.value})"


@cache
def load_hooks() -> tuple[pluggy.PluginManager, list[HookPlugin]]:
    """The plugins' hooks, loaded once, and what is known of each plugin, the first by name first.

    Of several plugins that could answer the first one is asked, whatever was installed first.
    """
    manager = pluggy.PluginManager("modelhub")
    manager.add_hookspecs(Specs)
    found = [(*identify(dist), entry_point) for entry_point, dist in find_entry_points(GROUP)]
    found.sort(key=lambda each: (each[0].lower(), each[2].name))
    plugins = [_load(manager, *each) for each in reversed(found)]  # pluggy asks the last one first
    return manager, plugins[::-1]


def _load(manager: pluggy.PluginManager, distribution: str, version: str, entry_point: EntryPoint) -> HookPlugin:
    plugin = HookPlugin(entry_point.name, distribution, version, entry_point)
    loaded = None
    try:
        loaded = entry_point.load()
        manager.register(loaded, f"{distribution}:{entry_point.name}")
        callers = manager.get_hookcallers(loaded) or []
        unknown = [caller.name for caller in callers if not caller.has_spec()]
        if unknown or not callers:
            raise LookupError(_explain(unknown))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # SystemExit too: a plugin must not end the program that uses it
        if loaded is not None and manager.is_registered(loaded):
            manager.unregister(loaded)
        reason = str(error) if isinstance(error, LookupError) and loaded is not None else describe(error)
        return replace(plugin, reason=reason)
    return replace(plugin, hooks=tuple(sorted(caller.name for caller in callers)))


def _explain(unknown: list[str]) -> str:
    known = ", ".join(name for name in vars(Specs) if not name.startswith("_"))
    if unknown:
        return f"there is no hook {unknown[0]!r}; the hooks are: {known}"
    return f"it implements no hook: mark a function with modelhub.hooks.hookimpl; the hooks are: {known}"
