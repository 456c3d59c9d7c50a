"""A group of plugins: found without importing them, loaded one at a time by name, put aside when they are broken."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import Any, Generic, NamedTuple, TypeVar, cast

from modelhub.errors import PluginError
from modelhub.foreign import DISTRIBUTION
from modelhub.locks import Lock
from modelhub.overriding import override
from modelhub.plugins.entry_points import describe, find_entry_points, identify

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Plugin:
    """One entry point: what it names once that is ``loaded``, or the ``reason`` why it is put aside."""

    name: str
    entry_point: EntryPoint
    distribution: str = DISTRIBUTION
    version: str = ""
    loaded: Any = None
    reason: str | None = None

    @property
    def built_in(self) -> bool:
        """Whether it belongs to modelhub itself."""
        return self.entry_point.value.startswith("modelhub.")

    @property
    def origin(self) -> str:
        """The distribution that brings it, with its version."""
        return f"{self.distribution} {self.version}".rstrip()

    @property
    def rank(self) -> tuple[Any, ...]:
        """Who keeps a contested name: ours, then the first by name; never the order of installation."""
        value = self.entry_point.value
        return (not self.built_in, self.distribution != DISTRIBUTION, self.distribution.lower(), self.name, value)

    @override
    def __str__(self) -> str:
        return f"{self.name} ({self.origin}, {self.entry_point.value})"


class _Found(NamedTuple):
    """What a search came back with: everything in the order of rank, and who has which name."""

    plugins: list[Plugin]
    by_name: dict[str, Plugin]


class PluginGroup(Generic[T]):
    """The plugins that packages declare in the entry points of ``group``; the first question makes it look for them.

    ``kind`` is what users call one, ``noun`` what they call its name; ``explain_misfit`` says why an object cannot be
    one, None when it can. ``built_in`` has ours that are no entry points: ``"module:attribute"`` by name. A name is for
    one plugin alone, unless names are ``shared``.
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
        self._noun = noun
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

    def load(self, name: str) -> T:
        """What the plugin of this name is; raises PluginError when there is none, or when it cannot be loaded."""
        plugin = self._find(name)
        if plugin is None:
            raise PluginError(f"no installed {self.kind} has {self._noun} {name!r}")
        return self._load(plugin)

    def load_all(self) -> None:
        """Try every plugin, so that the broken ones are known."""
        for plugin in self.plugins:
            with suppress(PluginError):
                self._load(plugin)

    def describe(self, plugin: Plugin) -> str:
        """What a plugin that works is good for, in a few words."""
        return self.kind

    def quarantine(self, plugin: Plugin, reason: str) -> PluginError:
        """Put a plugin aside; the error says why, which is the first reason there was."""
        with self._lock:
            plugin.reason = plugin.reason or reason
        return PluginError(f"{self.kind} {plugin} cannot be used: {plugin.reason}")

    def forget(self) -> None:
        """Look for plugins again when next asked: something was installed, or a test wants a fresh start."""
        with self._lock:
            self._found = None
            for plugin in self._built_in.values():
                plugin.loaded = plugin.reason = None

    def __contains__(self, name: object) -> bool:
        return self._find(name) is not None

    def _find(self, name: Any) -> Plugin | None:
        """The plugin of this name; to find one of ours nothing else is looked for."""
        return self._built_in.get(name) or self.by_name.get(name)

    def _look(self) -> _Found:
        with self._lock:
            if self._found is None:
                self._found = self._rank([*self._built_in.values(), *_scan(self.group)])
            return self._found

    def _rank(self, plugins: list[Plugin]) -> _Found:
        found = _Found([], {})
        for plugin in sorted(plugins, key=lambda plugin: plugin.rank):
            first = found.by_name.setdefault(plugin.name, plugin)
            if first is not plugin and not self._shared:
                if first.entry_point.value == plugin.entry_point.value:
                    continue  # the same installation, found on two paths
                plugin.reason = f"{self._noun} {plugin.name!r} is taken by {first.origin}"
            found.plugins.append(plugin)
        return found

    def _load(self, plugin: Plugin) -> T:
        with self._lock:
            if plugin.reason is None and plugin.loaded is None:
                self._import(plugin)
            if plugin.reason is not None:
                raise self.quarantine(plugin, plugin.reason)
            return cast("T", plugin.loaded)

    def _import(self, plugin: Plugin) -> None:
        try:
            loaded = plugin.entry_point.load()
            plugin.reason = self._explain_misfit(loaded)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: a plugin must not end the program that asks about it
            again = " (after an update of modelhub, install it again: entry points are made then)"
            plugin.reason = f"importing it raised {describe(error)}{again if plugin.built_in else ''}"
        else:
            plugin.loaded = loaded


def subclass_of(base: str) -> Callable[[Any], str | None]:
    """An ``explain_misfit`` for classes; ``base`` is a public name, imported when there is a class to look at."""

    def explain_misfit(loaded: Any) -> str | None:
        module, _, name = base.rpartition(".")
        if isinstance(loaded, type) and issubclass(loaded, getattr(import_module(module), name)):
            return None
        return f"it is no subclass of {base}"

    return explain_misfit


def _scan(group: str) -> Iterator[Plugin]:
    known: dict[int, tuple[str, str]] = {}  # reading the metadata is slow, and most distributions have several plugins
    for entry_point, dist in find_entry_points(group):
        if id(dist) not in known:
            known[id(dist)] = identify(dist)
        yield Plugin(entry_point.name, entry_point, *known[id(dist)])
