"""A group of plugins: found without importing them, loaded one at a time by name, put aside when they are broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, Generic, NamedTuple, TypeVar, cast

from modelhub.errors import PluginError
from modelhub.locks import Lock
from modelhub.plugins.declared import EntryPoint
from modelhub.plugins.entry_points import canonize, describe, find_entry_points
from modelhub.plugins.plugin import Plugin
from modelhub.plugins.surroundings import surround

T = TypeVar("T")


class _Found(NamedTuple):
    """What a search came back with: everything in the order of rank, and who has which name."""

    plugins: list[Plugin]
    by_name: dict[str, Plugin]
    by_choice: dict[tuple[str, str], Plugin]
    contests: dict[str, list[Plugin]]


class PluginGroup(Generic[T]):
    """The plugins that packages declare in the entry points of ``group``; the first question makes it look for them.

    ``kind`` is what users call one, ``noun`` what they call its name; ``explain_misfit`` says why an object cannot be
    one, None when it can. ``built_in`` has ours that are no entry points: ``"module:attribute"`` by name. A name is for
    one plugin alone, unless names are ``shared``; ``"distribution:name"`` means the one of that distribution.
    """

    def __init__(
        self,
        group: str,
        kind: str,
        explain_misfit: Callable[[Any], str | None],
        *,
        noun: str = "the name",
        built_in: Mapping[str, str] | None = None,
        shared: bool = False,
    ) -> None:
        self.group = group
        self.kind = kind
        self._explain_misfit = explain_misfit
        self.noun = noun
        self._shared = shared
        self._built_in = {name: Plugin(name, EntryPoint(name, at, group)) for name, at in (built_in or {}).items()}
        self._lock = Lock()
        self._found: _Found | None = None

    @property
    def plugins(self) -> list[Plugin]:
        """All of them in the order of their rank, with those that are put aside."""
        return self._look().plugins

    @property
    def by_name(self) -> dict[str, Plugin]:
        """Those that may be asked for by name, whether or not they can be loaded."""
        return self._look().by_name

    @property
    def quarantined(self) -> list[Plugin]:
        """Those whose name is taken, and those that were found to be broken so far."""
        return [plugin for plugin in self.plugins if plugin.reason is not None]

    def find(self, name: Any) -> Plugin | None:
        """The plugin that a name means; to find one of ours nothing else is looked for."""
        plugin = self._built_in.get(name) or self.by_name.get(name)
        if plugin is None and isinstance(name, str) and ":" in name:
            distribution, _, own = name.partition(":")
            return self._look().by_choice.get((canonize(distribution), own))
        return plugin

    def load(self, name: str) -> T:
        """What the plugin of this name is; raises PluginError when there is none, or when it cannot be loaded."""
        plugin = self.find(name)
        if plugin is None:
            raise PluginError(f"no installed {self.kind} has {self.noun} {name!r}")
        return self._load(plugin)

    def load_all(self) -> None:
        """Try every plugin, so that the broken ones are known."""
        for plugin in self.plugins:
            if plugin.rival is None:
                self.try_out(plugin)

    def try_out(self, plugin: Plugin) -> str | None:
        """Load a plugin; what is wrong with it, None if it works."""
        with suppress(PluginError):
            self._load(plugin)
        return plugin.flaw

    def inspect(self, plugin: Plugin) -> str | None:
        """What is wrong with a plugin, as far as that can be seen without importing it."""
        from modelhub.plugins.flaws import explain_absence, explain_flaw

        if plugin.flaw is not None or plugin.loaded is not None:
            return plugin.flaw
        if plugin.built_in:
            return explain_absence(plugin.entry_point)
        return explain_flaw(plugin.entry_point, self._explain_misfit)

    def find_absence(self, name: str) -> str | None:
        """What of the plugin that a name means is gone from the disk."""
        plugin = self.find(name)
        return None if plugin is None else _explain_absence(plugin)

    def find_rivals(self, name: str) -> list[Plugin]:
        """The plugins that share a name, the one that it means first; empty if there is one alone, or none."""
        return self._look().contests.get(name, [])

    def list_names(self) -> list[str]:
        """Every name that means a plugin; contested ones once more for each of those that claim them."""
        found = self._look()
        return [*found.by_name, *(each.choice for rivals in found.contests.values() for each in rivals)]

    def describe(self, plugin: Plugin) -> str:
        """What a plugin that works is good for, in a few words."""
        return self.kind

    def quarantine(self, plugin: Plugin, flaw: str) -> PluginError:
        """Put a plugin aside; the error says why, which is the first reason there was."""
        with self._lock:
            plugin.flaw = plugin.flaw or flaw
        return PluginError(f"{self.kind} {plugin} cannot be used: {plugin.flaw}")

    def forget(self) -> None:
        """Look for plugins again when next asked: something was installed, or a test wants a fresh start."""
        with self._lock:
            self._found = None
            for plugin in self._built_in.values():
                plugin.loaded = plugin.flaw = None

    def __contains__(self, name: object) -> bool:
        return self.find(name) is not None

    def _look(self) -> _Found:
        with self._lock:
            if self._found is None:
                self._found = self._rank([*self._built_in.values(), *_scan(self.group)])
            return self._found

    def _rank(self, plugins: list[Plugin]) -> _Found:
        found = _Found([], {}, {}, {})
        names = Counter(plugin.name for plugin in plugins if not self._shared)
        gone = {id(plugin) for plugin in plugins if names[plugin.name] > 1 and _explain_absence(plugin)}
        for plugin in sorted(plugins, key=lambda plugin: (id(plugin) in gone, plugin.rank)):
            first = found.by_name.setdefault(plugin.name, plugin)
            if first is not plugin and not self._shared:
                if first.entry_point.value == plugin.entry_point.value:
                    continue  # the same installation, found on two paths
                plugin.rival = first
                if id(plugin) not in gone:
                    found.contests.setdefault(plugin.name, [first]).append(plugin)
            found.by_choice.setdefault((canonize(plugin.distribution), plugin.name), plugin)
            found.plugins.append(plugin)
        return found

    def _load(self, plugin: Plugin) -> T:
        with self._lock:
            if plugin.flaw is None and plugin.loaded is None:
                self._import(plugin)
            if plugin.flaw is not None:
                raise self.quarantine(plugin, plugin.flaw)
            return cast("T", plugin.loaded)

    def _import(self, plugin: Plugin) -> None:
        try:
            with surround():
                loaded = plugin.entry_point.load()
            plugin.flaw = self._explain_misfit(loaded)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: a plugin must not end the program that asks about it
            again = " (after an update of modelhub, install it again: entry points are made then)"
            said = f"importing it raised {describe(error)}{again if plugin.built_in else ''}"
            plugin.flaw = _explain_absence(plugin) or said
        else:
            plugin.loaded = loaded


def _explain_absence(plugin: Plugin) -> str | None:
    from modelhub.plugins.flaws import explain_absence, explain_hiding

    return explain_hiding() if plugin.built_in else explain_absence(plugin.entry_point)


def subclass_of(base: str) -> Callable[[Any], str | None]:
    """An ``explain_misfit`` for classes; ``base`` is a public name, imported when there is a class to look at."""

    def explain_misfit(loaded: Any) -> str | None:
        module, _, name = base.rpartition(".")
        if isinstance(loaded, type) and issubclass(loaded, getattr(import_module(module), name)):
            return None
        return f"it is no subclass of {base}"

    return explain_misfit


def _scan(group: str) -> Iterator[Plugin]:
    for entry_point, (distribution, version) in find_entry_points(group):
        yield Plugin(entry_point.name, entry_point, distribution, version)
