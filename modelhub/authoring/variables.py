"""Gives the keys that stand in files variables of the environment: the same key the same one, another another."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

LONGEST = 24  # letters of an owner's name that still make a name to read


class Variables:
    """The variables so far, by their keys; ``taken`` names those that mean something already.

    ``known`` has the values that variables have already, by their names.
    """

    def __init__(self, taken: Iterable[str] = (), known: Mapping[str, str] | None = None) -> None:
        self.names: dict[str, str] = {}
        self._known = known or {}
        self._taken = {*taken}

    def take(self, names: Iterable[str]) -> None:
        """Leave variables to what they mean already."""
        self._taken.update(names)

    def choose(self, secret: str, wanted: str, owner: str | None) -> str:
        """The variable for a key: the one that is wanted, else one that begins with the name of the config."""
        if secret not in self.names:
            name = self._choose(secret, wanted, owner or "")
            self.names[secret] = name
            self._taken.add(name)
        return self.names[secret]

    def keep(self, secret: str, name: str, owner: str | None) -> str:
        """The variable for a key that was the default of a reference to ``name``: that, unless it has another."""
        if secret not in self.names and name not in self.names.values():
            self.names[secret] = name
        return self.choose(secret, name, owner)

    def _choose(self, secret: str, wanted: str, owner: str) -> str:
        begin = spell(owner)
        is_short = len(begin) <= LONGEST and not wanted.startswith(f"{begin}_")
        longer = f"{begin}_{wanted}" if is_short else wanted
        name, number = wanted, 1
        while name in self._taken or self._known.get(name, secret) != secret:
            name = longer if number == 1 and longer != wanted else f"{longer}_{max(number, 2)}"
            number += 1
        return name


def spell(name: str) -> str:
    """A name as the variables of the environment are written: ``B_EU`` for ``b-eu``."""
    spelt = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_").upper()
    return spelt if spelt[:1].isalpha() else f"MY_{spelt}".rstrip("_")
