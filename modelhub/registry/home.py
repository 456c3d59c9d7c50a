"""The home of a model in a registry: what it is given there, worked out when it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from modelhub import validation
from modelhub.base.drivers import Drivers
from modelhub.base.home import Home
from modelhub.errors import ModelHubError, Problem
from modelhub.overriding import override
from modelhub.registry import crossing
from modelhub.registry.loading import Loader
from modelhub.registry.types import KnownTypes
from modelhub.secrets import reference_names

if TYPE_CHECKING:
    from modelhub.telemetry.call_hooks import CallHooks
    from modelhub.telemetry.tally import Tally


class RegistryHome(Home):
    """The home of the model that ``config`` describes."""

    __slots__ = ("_config", "_loader", "_registry", "_types")

    in_registry: ClassVar[bool] = True

    def __init__(
        self,
        drivers: Drivers,
        observers: Sequence[Callable[[Any], Any]],
        hooks: CallHooks | None,
        tally: Tally,
        registry: Any,
        loader: Loader,
        types: KnownTypes,
        config: dict[str, Any],
    ) -> None:
        super().__init__(drivers, observers, hooks, tally=tally)
        self._registry = registry
        self._loader = loader
        self._types = types
        self._config = config

    @property
    def _name(self) -> str:
        name: str = self._config["config_name"]
        return name

    @override
    def place(self, problem: Problem) -> Problem:
        return self._loader.place(self._config, problem)

    @override
    def check(self) -> list[Problem]:
        config = self._config
        if not reference_names(config):
            return []
        return validation.check_resolved(config, self._types.find_schema(config["model_type"]) or {})

    @override
    def reduce(self) -> tuple[Any, ...]:
        return crossing.reduce_model(self._registry, self._name)

    @override
    def find_model(self, name: str) -> Any:
        return self._registry.get_model(name)

    @override
    def find_reach(self) -> str:
        """A digest of all that the answers depend on: the model's own config, and those of the models it may ask."""
        registry, name, reaches = self._registry, self._name, self._loader.now.reaches
        if name not in reaches:
            from modelhub.policies.cache_key import build_digest

            reaches[name] = build_digest([registry.build_config(each) for each in registry.reach(name)])
        return reaches[name]

    @override
    def find_reached(self) -> Mapping[str, Any]:
        """The models that a call may ask, all of one generation; those that cannot be built are not among them."""
        registry, name = self._registry, self._name
        reached = self._loader.now.reached.get(name)
        if reached is None:
            with self._loader.lock:
                reached = {}
                for each in registry.reach(name):
                    try:
                        reached[each] = registry.get_model(each)
                    except ModelHubError:  # which is told of when it is asked
                        continue
                self._loader.now.reached[name] = reached
        return reached

    @override
    def find_capabilities(self) -> dict[str, Any]:
        found: dict[str, Any] = self._registry.capabilities(self._name)
        return found
