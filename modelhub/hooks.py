"""What plugins may add besides wrappers: functions marked with ``hookimpl`` in packages of the group ``modelhub``."""

from __future__ import annotations

import pluggy

hookspec = pluggy.HookspecMarker("modelhub")
hookimpl = pluggy.HookimplMarker("modelhub")


class Specs:
    """The hooks, each with what it is for."""

    @hookspec(firstresult=True)
    def resolve_secret(self, scheme: str, name: str) -> str | None:
        """The value of ``${scheme:name}`` in a config, None for a scheme of somebody else's.

        Called whenever a model is first used. Raise LookupError with the reason when the secret cannot be had.
        """
