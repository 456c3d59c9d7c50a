"""Gives the keys that stood in files variables of the environment: the same key the same one, another another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping


class Variables:
    """The variables so far, by their keys; ``taken`` names those that mean something already.

    ``known`` has the values that variables have already, by their names.
    """

    def __init__(self, taken: Iterable[str] = (), known: Mapping[str, str] | None = None) -> None:
        self.names: dict[str, str] = {}
        self._known = known or {}
        self._taken = {*taken}

    def choose(self, secret: str, wanted: str, config_name: str | None) -> str:
        """The variable for a key: the one that is wanted, else one that begins with the name of the config."""
        if secret not in self.names:
            name = self._choose(secret, wanted, config_name)
            self.names[secret] = name
            self._taken.add(name)
        return self.names[secret]

    def keep(self, secret: str, name: str, config_name: str | None) -> str:
        """The variable for a key that was the default of a reference to ``name``: that, unless it has another."""
        if secret not in self.names and name not in self.names.values():
            self.names[secret] = name
        return self.choose(secret, name, config_name)

    def _choose(self, secret: str, wanted: str, config_name: str | None) -> str:
        owner = re.sub(r"[^A-Za-z0-9]+", "_", config_name or "").strip("_").upper()
        longer = f"{owner}_{wanted}" if owner[:1].isalpha() else f"MY_{wanted}"
        number = 1
        name = wanted
        while name in self._taken or self._known.get(name, secret) != secret:
            name = longer if number == 1 else f"{longer}_{number}"
            number += 1
        return name
