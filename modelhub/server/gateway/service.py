"""All that one process serves: its registry, its callers, and the gateway in front of them."""

from __future__ import annotations

from collections.abc import Iterator

from modelhub.policies.limits import Limits
from modelhub.registry import ModelRegistry
from modelhub.server.gateway.admitting import Entrances
from modelhub.server.gateway.app import Gateway
from modelhub.server.gateway.callers import Callers
from modelhub.server.gateway.keys import read_callers
from modelhub.server.gateway.metrics import OBSERVER, are_available, find_metrics
from modelhub.server.gateway.models import Models
from modelhub.server.gateway.settings import Settings


class Service:
    """Reads the configs and the callers of ``settings``; raises ConfigError with what is wrong with them."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
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
        models = Models(self.hub)
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
    for caller in callers.all:
        for key in ("limits", "budget"):
            said = getattr(caller, key)
            if said is not None and said.get("store", "memory" if key == "limits" else None) == "memory":
                yield f"caller {caller.name!r}", key
    for name in hub.names():
        config = hub.build_config(name)
        limits, budget = config.get("limits"), config.get("budget")
        if isinstance(limits, dict) and limits.get("store", Limits().store) == "memory":
            yield f"config {name!r}", "limits"
        if isinstance(budget, dict) and budget.get("store") == "memory":
            yield f"config {name!r}", "budget"


def find_absent(hub: ModelRegistry, callers: Callers) -> Iterator[tuple[str, str]]:
    """Callers, by name, and the models they may ask for that no config has."""
    for caller in callers.all:
        for name in caller.models or ():
            if name not in hub and not any(sign in name for sign in "*?["):
                yield caller.name, name
