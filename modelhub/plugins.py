"""Which wrappers are installed: entry points, found without importing them and loaded one at a time by name."""

from __future__ import annotations

import ast
import importlib.util
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from modelhub.entry_points import describe, find_entry_points, identify
from modelhub.errors import PluginError
from modelhub.foreign import DISTRIBUTION

if TYPE_CHECKING:
    from modelhub.base import ModelWrapperBase

GROUP = "modelhub.wrappers"
BUILT_IN = "modelhub.wrappers."


@dataclass(slots=True, eq=False)
class Plugin:
    """One installed wrapper: ``wrapper`` once it is loaded, ``reason`` when it is quarantined."""

    model_type: str
    entry_point: EntryPoint
    distribution: str
    version: str
    reason: str | None = None
    wrapper: type[ModelWrapperBase] | None = None

    @property
    def built_in(self) -> bool:
        return self.entry_point.value.startswith(BUILT_IN)

    @property
    def rank(self) -> tuple[Any, ...]:
        """Who keeps a contested model_type: ours, then the first by name; never the order of installation."""
        return (not self.built_in, self.distribution != DISTRIBUTION, self.distribution.lower(), self.entry_point.value)

    def __str__(self) -> str:
        return f"{self.model_type} ({self.distribution} {self.version}, {self.entry_point.value})"


class Plugins:
    """The installed wrappers by model_type, and those that had to be put aside."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._manager = pluggy.PluginManager("modelhub")
        self.by_type: dict[str, Plugin] = {}
        self.quarantined: list[Plugin] = []
        for plugin in sorted(_scan(), key=lambda plugin: plugin.rank):
            first = self.by_type.setdefault(plugin.model_type, plugin)
            if first.entry_point.value != plugin.entry_point.value:
                taken = f"model_type {plugin.model_type!r} is taken by {first.distribution} {first.version}"
                self._quarantine(plugin, taken)

    def load(self, model_type: str) -> type[ModelWrapperBase]:
        """The wrapper class of ``model_type``; raises PluginError when there is none or it cannot be loaded."""
        plugin = self.by_type.get(model_type)
        if plugin is None:
            raise PluginError(f"no installed wrapper has model_type {model_type!r}; `modelhub types` lists them")
        with self._lock:
            if plugin.wrapper is None and plugin.reason is None:
                self._import(plugin)
            if plugin.wrapper is None or plugin.reason is not None:
                raise _refusal(plugin)
            return plugin.wrapper

    def load_all(self) -> None:
        """Try every plugin and its schema, so that the broken ones are known."""
        for model_type in list(self.by_type):
            try:
                self.load(model_type)
                self.schema(model_type)
            except PluginError:
                continue

    def schema(self, model_type: str) -> dict[str, Any] | None:
        """The schema of an installed type, found without importing it; derived when it ships none.

        Raises PluginError when it cannot be read.
        """
        from modelhub import validation

        plugin = self.by_type.get(model_type)
        if plugin is None:
            return None
        try:
            if plugin.built_in and (schema := validation.load_schema(model_type)):
                return schema
            return _load_schema(plugin) or _derive(plugin.entry_point.module, plugin.entry_point.attr)
        except Exception as error:  # whatever else a plugin may have put where its schema should be
            self._quarantine(plugin, f"its schema cannot be read: {error}")
            raise _refusal(plugin) from error

    def _import(self, plugin: Plugin) -> None:
        from modelhub.base import ModelWrapperBase

        try:
            loaded = plugin.entry_point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: a plugin must not end the program that asks about it
            again = " (after an update of modelhub, install it again: entry points are made then)"
            self._quarantine(plugin, f"importing it raised {describe(error)}{again if plugin.built_in else ''}")
        else:
            if isinstance(loaded, type) and issubclass(loaded, ModelWrapperBase):
                plugin.wrapper = loaded
                self._manager.register(plugin, plugin.model_type)
            else:
                self._quarantine(plugin, f"{plugin.entry_point.value} is no subclass of modelhub.ModelWrapperBase")

    def _quarantine(self, plugin: Plugin, reason: str) -> None:
        with self._lock:
            if plugin.reason is None:
                plugin.reason = reason
                self.quarantined.append(plugin)


@cache
def installed() -> Plugins:
    """The plugins of this environment, scanned once."""
    return Plugins()


def _scan() -> Iterator[Plugin]:
    known: dict[int, tuple[str, str]] = {}  # reading the metadata is slow, and most distributions have several types
    for entry_point, dist in find_entry_points(GROUP):
        if id(dist) not in known:
            known[id(dist)] = identify(dist)
        yield Plugin(entry_point.name, entry_point, *known[id(dist)])


def _refusal(plugin: Plugin) -> PluginError:
    return PluginError(f"plugin {plugin} cannot be used: {plugin.reason}")


def _load_schema(plugin: Plugin) -> dict[str, Any] | None:
    """The schema file that a plugin ships; None when it ships none."""
    spec = importlib.util.find_spec(plugin.entry_point.module.partition(".")[0])
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder, "schemas", f"{plugin.model_type}.json")
        if path.is_file():
            try:
                schema = json.loads(path.read_bytes())
            except ValueError as error:
                raise ValueError(f"{path} is not JSON: {error}") from None
            if not isinstance(schema, dict):
                raise ValueError(f"{path} holds no JSON object")
            return schema
    return None


def _derive(module: str, name: str, hops: int = 3) -> dict[str, Any] | None:
    """The schema that the ``__init__`` of a class implies, read from the source it is in or imported from."""
    from modelhub import validation

    path = _find_source(module)
    if path is None:
        return None
    source = path.read_text("utf-8", "replace")
    schema = validation.derive_from_source(source, name)
    if schema is not None or not hops:
        return schema
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    origin = _find_import(source, name, package)
    return _derive(*origin, hops - 1) if origin is not None else None


def _find_import(source: str, name: str, package: str) -> tuple[str, str] | None:
    """The module, and the name there, that a module of ``package`` imports ``name`` from."""
    try:
        imports = [node for node in ast.parse(source).body if isinstance(node, ast.ImportFrom)]
        for node in imports:
            for alias in node.names:
                if (alias.asname or alias.name) == name:
                    relative = "." * node.level + (node.module or "")
                    return importlib.util.resolve_name(relative, package), alias.name
    except (SyntaxError, ValueError, ImportError):
        pass  # importing it will say so
    return None


def _find_source(module: str) -> Path | None:
    """The file of a module; only the top-level package is looked for, since finding it does not import it."""
    top, *steps = module.split(".")
    spec = importlib.util.find_spec(top)
    if spec is None:
        return None
    if not steps:
        return Path(spec.origin) if spec.origin and spec.origin.endswith(".py") else None
    stems = [Path(folder, *steps) for folder in spec.submodule_search_locations or ()]
    found = (path for stem in stems for path in (stem.with_name(f"{stem.name}.py"), stem / "__init__.py"))
    return next((path for path in found if path.is_file()), None)
