"""Builds the models of a registry, and has what they share: connections, limits, stores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from modelhub.errors import ModelHubError
from modelhub.registry import crossing
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
        from modelhub.base.drivers import Drivers
        from modelhub.base.home import Home
        from modelhub.registry.build import build_model
        from modelhub.telemetry.tally import Tally

        if self.drivers is None:
            self.drivers = Drivers()
            self._hooks = _find_hooks()
            if self.is_closed:
                self.drivers.close()
        name = config["config_name"]
        home = Home(
            self.drivers,
            self._observers,
            place=partial(self._loader.place, config),
            reduce=partial(crossing.reduce_model, registry, name),
            find_model=registry.get_model,
            find_reach=partial(self._find_reach, registry, name),
            find_reached=partial(self._find_reached, registry, name),
            find_capabilities=partial(registry.capabilities, name),
            hooks=self._hooks,
            tally=self._tallies.setdefault(name, Tally()),
        )
        return build_model(config, self._types, home, self._find_guarding)

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

    def _find_reach(self, registry: Any, config_name: str) -> str:
        """A digest of all that the answers of a config depend on: its own config, and those that it may ask."""
        reaches = self._loader.now.reaches
        if config_name not in reaches:
            from modelhub.policies.cache_key import build_digest

            reaches[config_name] = build_digest([registry.build_config(name) for name in registry.reach(config_name)])
        return reaches[config_name]

    def _find_reached(self, registry: Any, config_name: str) -> dict[str, Any]:
        """The models that a call of a composite may ask, all of one generation; those that cannot be built are not."""
        reached = self._loader.now.reached.get(config_name)
        if reached is None:
            with self._loader.lock:
                reached = {}
                for name in registry.reach(config_name):
                    try:
                        reached[name] = registry.get_model(name)
                    except ModelHubError:  # which is told of when it is asked
                        continue
                self._loader.now.reached[config_name] = reached
        return reached


def _find_hooks() -> CallHooks | None:
    """What plugins have for the hooks of calls; most programs have no such plugin, and load nothing for it."""
    from modelhub.plugins.callers import are_there_hooks

    if not are_there_hooks():
        return None
    from modelhub.telemetry.call_hooks import find_call_hooks

    return find_call_hooks()
