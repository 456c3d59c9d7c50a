"""What all sources declare, each with the file that it stands in, until the layers are merged."""

from __future__ import annotations

from modelhub.configs.layers.declarations import Defaults, Overlay, Profile
from modelhub.configs.layers.entry import Entry, Loaded
from modelhub.configs.layers.find_entries import Found
from modelhub.configs.layers.merge import build_layers
from modelhub.configs.layers.price_lists import ListedPrice
from modelhub.configs.layers.scopes import Scope
from modelhub.configs.layers.vocabulary import Vocabulary
from modelhub.diagnostics.wording import suggest_name
from modelhub.errors import Problem


class Gathered:
    """The configs, overlays, defaults, prices and ``profiles`` of all sources."""

    def __init__(self) -> None:
        self.profiles: dict[str, None] = {}
        self._entries: list[tuple[Entry, Scope]] = []
        self._overlays: list[tuple[Overlay, Scope]] = []
        self._defaults: list[tuple[Defaults, Scope]] = []
        self._prices: list[tuple[ListedPrice, Scope]] = []

    def add(self, item: Found, scope: Scope) -> None:
        """Keep ``item``, which stands in ``scope``, if it declares something itself."""
        if isinstance(item, Entry):
            self._entries.append((item, scope))
        elif isinstance(item, Overlay):
            self._overlays.append((item, scope))
        elif isinstance(item, Defaults):
            scope.defaults.append(item)
            self._defaults.append((item, scope))
        elif isinstance(item, ListedPrice):
            self._prices.append((item, scope))
        elif isinstance(item, Profile):
            self.profiles[item.name] = None

    def merge(self, loaded: Loaded, profile: str | None, vocabulary: Vocabulary) -> None:
        """Add to ``loaded``, which has the problems of reading, the configs that are in effect under ``profile``."""
        unread = any(problem.code in ("MH101", "MH303") for problem in loaded.problems)  # it may be declared there
        if profile and profile not in self.profiles and not unread:
            hint = suggest_name(profile, self.profiles, "profiles")
            loaded.add(Problem("MH303", f"there is no profile '{profile}'", hint))
        loaded.extend(build_layers(self._entries, self._overlays, profile, vocabulary, self._prices))
        if self._overlays or self._defaults or any("abstract" in entry.config for entry, _ in self._entries):
            from modelhub.configs.layers.unused import find_unused  # most configs have one layer

            found = find_unused(self._entries, self._overlays, self._defaults, profile, vocabulary)
            loaded.add(*(problem for problem in found if problem.severity == "error" or not unread))
