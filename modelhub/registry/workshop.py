"""Builds the models of a registry, and has what they share: connections, limits, stores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from modelhub.registry.loading import Loader
from modelhub.registry.types import KnownTypes

if TYPE_CHECKING:
    from modelhub.base.drivers import Drivers
    from modelhub.registry.guarding import Guarding
    from modelhub.telemetry.call_hooks import CallHooks
    from modelhub.telemetry.observers import Observer
    from modelhub.telemetry.stats import Stats
    from modelhub.telemetry.tally import Tally


class Workshop:
    """Makes models out of configs; ``drivers`` are made with the first of them, as is all else that they share."""

    def __init__(self, loader: Loader, types: KnownTypes, observers: Sequence[Observer]) -> None:
        self.drivers: Drivers | None = None
        self.is_closed = False
        self._guarding: Guarding | None = None
        self._hooks: CallHooks | None = None  # of plugins, which are looked for with the first model
        self._loader = loader
        self._types = types
        self._observers = observers
        self._tallies: dict[str, Tally] = {}  # by config_name, for as long as the registry lives

    def build(self, registry: Any, config: dict[str, Any]) -> Any:
        """The model of ``config``, for ``registry``; raises ConfigError or PluginError."""
        from modelhub.registry.build import build_model
        from modelhub.registry.home import RegistryHome
        from modelhub.telemetry.tally import Tally

        if self.drivers is None:
            self.drivers = self.build_drivers()
            self._hooks = _find_hooks()
            if self.is_closed:
                self.drivers.close()
        tally = self._tallies.setdefault(config["config_name"], Tally())
        home = RegistryHome(
            self.drivers, self._observers, self._hooks, tally, registry, self._loader, self._types, config
        )
        return build_model(config, self._types, home, self._find_guarding)

    def build_drivers(self) -> Drivers:
        """The connections that its models share."""
        from modelhub.base.drivers import Drivers

        return Drivers()

    def build_stats(self, names: Sequence[str]) -> Stats:
        """What the calls of the configs with these ``names`` came to."""
        from modelhub.telemetry.stats import build_stats

        return build_stats({name: self._tallies.get(name) for name in names})

    def close(self) -> None:
        """Close the connections and the stores."""
        self.is_closed = True
        if self.drivers is not None:
            self.drivers.close()
        if self._guarding is not None:
            self._guarding.close()

    async def aclose(self) -> None:
        """Close the connections, waiting for those of the running event loop, and the stores."""
        if self.drivers is not None:
            await self.drivers.aclose()
        self.close()

    def _find_guarding(self) -> Guarding:
        """What builds the guards of its models, and has what they share."""
        from modelhub.registry.guarding import Guarding  # only configs with limits and the like need it

        if self._guarding is None:
            self._guarding = Guarding(self._loader.find_group)
        return self._guarding


def _find_hooks() -> CallHooks | None:
    """What plugins have for the hooks of calls; most programs have no such plugin, and load nothing for it."""
    from modelhub.plugins.callers import are_there_hooks

    if not are_there_hooks():
        return None
    from modelhub.telemetry.call_hooks import find_call_hooks

    return find_call_hooks()
