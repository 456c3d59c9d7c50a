"""The models that a gateway offers: found by name, and listed, as far as a caller may ask for them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from modelhub.errors import ModelHubError
from modelhub.printable import printable, shorten
from modelhub.registry import ModelRegistry
from modelhub.server.formats.replies import Failure
from modelhub.server.gateway.callers import Caller

_LONGEST = 100  # characters of a name that is repeated


class Models:
    """The models of a registry, as it is now; if it ``tells``, those that cannot be built are told of in the log."""

    def __init__(self, hub: ModelRegistry, *, tells: bool = True) -> None:
        self.hub = hub
        self._tells = tells
        self._tasks: tuple[int, dict[str, str]] = 0, {}

    def find(self, name: str, caller: Caller) -> Any:
        """The model of this name; raises Failure if there is none for the caller, and what building it raises."""
        if name not in self.hub or not caller.may_ask(name):
            shown = shorten(printable(name), _LONGEST)
            raise Failure(404, "not_found", f"the model {shown!r} does not exist, or you may not use it")
        return self.hub.get_model(name)

    def list_tasks(self, caller: Caller) -> Mapping[str, str]:
        """What each of the models does that a caller may ask for, by their names."""
        generation, tasks = self._tasks
        if generation != self.hub.generation:
            tasks = self.build()
        return tasks if caller.models is None else {name: tasks[name] for name in tasks if caller.may_ask(name)}

    def build(self) -> dict[str, str]:
        """Build all models, so that no request waits for it; what each of them does, by their names.

        One that cannot be built counts as a chat.
        """
        generation, tasks = self.hub.generation, dict[str, str]()
        for name in self.hub.names():
            try:
                tasks[name] = self.hub.get_model(name).task
            except ModelHubError as error:
                if self._tells:
                    logging.getLogger("modelhub.gateway").warning("%s cannot be used: %s", name, error)
                tasks[name] = "chat"
        self._tasks = generation, tasks
        return tasks
