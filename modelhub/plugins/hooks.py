"""The hooks of installed plugins: packages that declare an entry point of the group ``modelhub``."""

from __future__ import annotations

import pkgutil
from typing import Any

import pluggy

from modelhub.overriding import override
from modelhub.plugins.entry_points import HOOKS_GROUP, describe
from modelhub.plugins.group import PluginGroup
from modelhub.plugins.hook_names import may_have
from modelhub.plugins.plugin import Plugin

_SPECS = "modelhub.hooks:Specs"  # a public name: what the hooks take are things of floors above


class InstalledHooks(PluginGroup[Any]):
    """The plugins that implement hooks; any number of them may have one name."""

    def __init__(self) -> None:
        super().__init__(HOOKS_GROUP, "plugin", explain_misfit, shared=True)
        self._manager: pluggy.PluginManager | None = None

    @property
    def manager(self) -> pluggy.PluginManager:
        """What calls the hooks of all plugins that work; of several that could answer, the first by rank is asked."""
        with self._lock:
            if self._manager is None:
                self.load_all()
                self._manager = build_manager()
                for plugin in reversed(self.plugins):  # pluggy asks the last one first
                    if plugin.reason is None and not self._manager.is_registered(plugin.loaded):
                        self._manager.register(plugin.loaded, str(plugin))
            return self._manager

    def find_implementations(self, hook: str) -> list[pluggy.HookImpl]:
        """What plugins have for ``hook``, in the order of asking; those that surely lack it are not imported."""
        with self._lock:
            manager = self._manager
            if manager is None:
                manager = build_manager()
                for plugin in reversed(self.plugins):
                    usable = may_have(plugin.entry_point, hook) and self.try_out(plugin) is None
                    if usable and not manager.is_registered(plugin.loaded):
                        manager.register(plugin.loaded, str(plugin))
            return [*reversed(getattr(manager.hook, hook).get_hookimpls())]

    @property
    def has_registered(self) -> bool:
        """Whether a program has registered hooks of its own."""
        return self._manager is not None and bool(self._manager.get_plugins())

    @override
    def describe(self, plugin: Plugin) -> str:
        """The hooks that a plugin implements, once it is loaded."""
        if plugin.loaded is None:
            return "hooks"
        manager = build_manager()
        manager.register(plugin.loaded)
        return f"hooks: {', '.join(find_hooks(manager, plugin.loaded))}"

    @override
    def forget(self) -> None:
        """Look for plugins again when next asked."""
        with self._lock:
            super().forget()
            self._manager = None


def build_manager() -> pluggy.PluginManager:
    """A manager that knows our hooks and no plugin."""
    manager = pluggy.PluginManager("modelhub")
    manager.add_hookspecs(pkgutil.resolve_name(_SPECS))
    return manager


def find_hooks(manager: pluggy.PluginManager, plugin: Any) -> list[str]:
    """The names of the hooks that a registered plugin implements."""
    return sorted(caller.name for caller in manager.get_hookcallers(plugin) or [])


def explain_misfit(loaded: Any) -> str | None:
    """Why an object is no plugin: it implements no hook, or one that does not exist, or one that takes other things."""
    manager = build_manager()
    try:
        manager.register(loaded)
    except pluggy.PluginValidationError as error:
        return describe(error)
    known = [name for name in vars(pkgutil.resolve_name(_SPECS)) if not name.startswith("_")]
    found = find_hooks(manager, loaded)
    unknown = [name for name in found if name not in known]
    if unknown:
        return f"there is no hook {unknown[0]!r}; the hooks are: {', '.join(known)}"
    if not found:
        return f"it implements no hook: mark a function with modelhub.hooks.hookimpl; the hooks are: {', '.join(known)}"
    return None


HOOKS = InstalledHooks()


def load_hooks() -> pluggy.PluginManager:
    """The hooks of the installed plugins, which are loaded once."""
    return HOOKS.manager
