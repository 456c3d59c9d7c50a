"""All that one process serves: its registry, its callers, and the gateway in front of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module

from modelhub.policies.budget import Budget
from modelhub.policies.limits import Limits
from modelhub.registry import ModelRegistry
from modelhub.server.gateway.admitting import Entrances
from modelhub.server.gateway.app import Gateway
from modelhub.server.gateway.callers import Callers
from modelhub.server.gateway.keys import read_callers
from modelhub.server.gateway.metrics import OBSERVER, are_available, find_metrics
from modelhub.server.gateway.models import Models
from modelhub.server.gateway.settings import Settings

_STORES = {"limits": Limits().store, "budget": Budget().store}  # where they are counted if nothing is said


class Service:
    """Reads the configs and the callers of ``settings``; raises ConfigError with what is wrong with them.

    If it ``tells``, models that cannot be built are told of in the log.
    """

    def __init__(self, settings: Settings, *, tells: bool = True) -> None:
        self._settings = settings
        for module in settings.modules:
            import_module(module)
        callers = self._read_callers()
        self.hub = ModelRegistry(
            settings.source,
            profile=settings.profile,
            allow_python=settings.allow_python,
            watch=settings.watch,
            observers=[OBSERVER] if are_available() else (),
        )
        try:
            self._entrances = Entrances(callers)
        except BaseException:
            self.hub.close()
            raise
        models = Models(self.hub, tells=tells)
        models.build()
        self.gateway = Gateway(models, callers, self._entrances, find_metrics())

    def reload(self) -> None:
        """Read everything again, in any thread; raises ConfigError, and changes nothing, if some of it is wrong."""
        callers = self._read_callers()
        change = self._entrances.prepare(callers)
        self.hub.reload()
        self.gateway.models.build()
        change()
        self.gateway.callers = callers

    async def close(self) -> None:
        """Close the connections, and write what is still to be written."""
        await self.hub.aclose()
        self._entrances.close()

    def _read_callers(self) -> Callers:
        return Callers() if self._settings.keys is None else read_callers(self._settings.keys)


def find_uncounted(hub: ModelRegistry, callers: Callers) -> Iterator[tuple[str, str]]:
    """What each of several workers would count for itself: who has it ("caller x", "config x"), and which key it is."""
    said = {f"caller {caller.name!r}": {"limits": caller.limits, "budget": caller.budget} for caller in callers.all}
    said |= {f"config {name!r}": hub.build_config(name) for name in hub.names()}
    for who, config in said.items():
        for key, usual in _STORES.items():
            value = config.get(key)
            # One that names its group alone has the store of the others.
            if isinstance(value, Mapping) and value.keys() != {"group"} and value.get("store", usual) == "memory":
                yield who, key


def find_absent(hub: ModelRegistry, callers: Callers) -> Iterator[tuple[str, str]]:
    """Callers, by name, and the models they may ask for that no config has."""
    for caller in callers.all:
        for name in caller.models or ():
            if name not in hub and not any(sign in name for sign in "*?["):
                yield caller.name, name
