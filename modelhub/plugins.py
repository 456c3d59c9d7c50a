"""Which wrappers are installed: entry points, found without importing them and loaded one at a time by name."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from modelhub.errors import PluginError

if TYPE_CHECKING:
    from modelhub.base import ModelWrapperBase

GROUP = "modelhub.wrappers"
BUILT_IN = "modelhub.wrappers."


@dataclass(slots=True)
class Plugin:
    """One installed wrapper; ``reason`` says why it is quarantined."""

    model_type: str
    entry_point: EntryPoint
    distribution: str
    version: str
    reason: str | None = None

    @property
    def built_in(self) -> bool:
        return self.entry_point.value.startswith(BUILT_IN)

    def __str__(self) -> str:
        return f"{self.model_type} ({self.distribution} {self.version}, {self.entry_point.value})"


class Plugins:
    """The installed wrappers by model_type, and those that had to be put aside."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager("modelhub")
        self.by_type: dict[str, Plugin] = {}
        self.quarantined: list[Plugin] = []
        # Ours first, then by name: who keeps a contested model_type must not depend on the order of installation.
        for plugin in sorted(_scan(), key=lambda p: (not p.built_in, p.distribution.lower(), p.entry_point.value)):
            first = self.by_type.setdefault(plugin.model_type, plugin)
            if first is not plugin and first.entry_point.value != plugin.entry_point.value:
                plugin.reason = f"model_type {plugin.model_type!r} is taken by {first.distribution} {first.version}"
                self.quarantined.append(plugin)

    def load(self, model_type: str) -> type[ModelWrapperBase]:
        """The wrapper class of ``model_type``; raises PluginError when there is none or it cannot be loaded."""
        plugin = self.by_type.get(model_type)
        if plugin is None:
            raise PluginError(f"no installed wrapper has model_type {model_type!r}; `modelhub types` lists them")
        loaded = self._manager.get_plugin(model_type)
        if loaded is None and plugin.reason is None:
            loaded = self._import(plugin)
        if plugin.reason is not None:
            raise PluginError(f"plugin {plugin} cannot be used: {plugin.reason}")
        return loaded  # type: ignore[no-any-return]

    def load_all(self) -> None:
        """Try every plugin, so that the broken ones are known."""
        for model_type in list(self.by_type):
            try:
                self.load(model_type)
            except PluginError:
                continue

    def _import(self, plugin: Plugin) -> Any:
        from modelhub.base import ModelWrapperBase

        try:
            loaded = plugin.entry_point.load()
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # SystemExit too: a plugin must not end the program that asks about it
            plugin.reason = f"importing it raised {type(error).__name__}: {error}"
            if plugin.built_in:
                plugin.reason += " (after an update of modelhub, install it again: entry points are made then)"
        else:
            if not (isinstance(loaded, type) and issubclass(loaded, ModelWrapperBase)):
                plugin.reason = f"{plugin.entry_point.value} is no subclass of modelhub.ModelWrapperBase"
            else:
                self._manager.register(loaded, plugin.model_type)
                return loaded
        self.quarantined.append(plugin)
        return None

    def schema(self, model_type: str) -> dict[str, Any] | None:
        """The schema of an installed type, found without importing it; derived when it ships none."""
        from modelhub import validation

        plugin = self.by_type.get(model_type)
        if plugin is None:
            return None
        if plugin.built_in:
            return validation.load_schema(model_type)
        for folder in _package_folders(plugin.entry_point.module.partition(".")[0]):
            path = folder / "schemas" / f"{model_type}.json"
            if path.is_file():
                return _read_schema(plugin, path)
        return _derive(plugin)


@cache
def installed() -> Plugins:
    """The plugins of this environment, scanned once."""
    return Plugins()


def _scan() -> Iterator[Plugin]:
    for entry_point in entry_points(group=GROUP):
        dist = entry_point.dist
        name, version = (dist.name, dist.version) if dist is not None else ("unknown", "?")
        yield Plugin(entry_point.name, entry_point, name, version)


def _read_schema(plugin: Plugin, path: Path) -> dict[str, Any]:
    try:
        schema = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PluginError(f"the schema of plugin {plugin} cannot be read: {path}: {error}") from None
    if not isinstance(schema, dict):
        raise PluginError(f"the schema of plugin {plugin} is no JSON object: {path}")
    return schema


def _derive(plugin: Plugin) -> dict[str, Any] | None:
    from modelhub import validation

    top, _, rest = plugin.entry_point.module.partition(".")
    steps = rest.split(".") if rest else []
    for folder in _package_folders(top):
        stem = folder.joinpath(*steps)
        for path in (stem.with_suffix(".py") if steps else stem / "__init__.py", stem / "__init__.py"):
            if path.is_file():
                source = path.read_text("utf-8", "replace")
                return validation.derive_from_source(source, plugin.entry_point.attr)
    spec = importlib.util.find_spec(top)
    if not steps and spec is not None and spec.origin is not None and spec.origin.endswith(".py"):
        return validation.derive_from_source(Path(spec.origin).read_text("utf-8", "replace"), plugin.entry_point.attr)
    return None


def _package_folders(top: str) -> list[Path]:
    """Where the top-level package ``top`` lies; finding it does not import it."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return []
    return [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec is not None else []
