"""One plugin: an entry point of an installed package, and what became of it."""

from __future__ import annotations

from typing import Any

from modelhub.foreign import DISTRIBUTION
from modelhub.overriding import override
from modelhub.plugins.declared import EntryPoint


class Plugin:
    """One entry point: what it names once that is ``loaded``, or the ``flaw`` because of which it cannot be.

    ``rival`` is the plugin that its name alone means, if that is another one; ``choice`` names it all the same.
    """

    __slots__ = ("distribution", "entry_point", "flaw", "loaded", "name", "rival", "version")

    def __init__(self, name: str, entry_point: EntryPoint, distribution: str = DISTRIBUTION, version: str = "") -> None:
        self.name = name
        self.entry_point = entry_point
        self.distribution = distribution
        self.version = version
        self.loaded: Any = None
        self.flaw: str | None = None
        self.rival: Plugin | None = None

    @property
    def built_in(self) -> bool:
        """Whether it belongs to modelhub itself."""
        return self.distribution == DISTRIBUTION and self.entry_point.value.startswith("modelhub.")

    @property
    def origin(self) -> str:
        """The distribution that brings it, with its version."""
        return f"{self.distribution} {self.version}".rstrip()

    @property
    def reason(self) -> str | None:
        """Why it is put aside: it is broken, or another plugin has its name."""
        if self.flaw is not None or self.rival is None:
            return self.flaw
        return f"its name is taken by {self.rival.origin}"

    @property
    def choice(self) -> str:
        """What to write to mean this one, whoever else has its name."""
        return f"{self.distribution}:{self.name}"

    @property
    def rank(self) -> tuple[Any, ...]:
        """Who keeps a contested name: ours, then the first by name; never the order of installation."""
        value = self.entry_point.value
        return (not self.built_in, self.distribution.lower(), self.name, value)

    @override
    def __str__(self) -> str:
        return f"{self.name} ({self.origin}, {self.entry_point.value})"
