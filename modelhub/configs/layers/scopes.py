"""How far defaults reach: to the configs of their own file, and to the configs of the files that it includes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path as FilePath

from modelhub.configs.layers.declarations import ALL, Defaults, Include
from modelhub.configs.layers.origins import Node

MAX_DEPTH = 50


class Scope:
    """One file, or one Python object, with the defaults that it declares and the files that include it."""

    def __init__(self, file: str | None = None) -> None:
        self.file = file
        self.defaults: list[Defaults] = []
        self.includers: list[tuple[Scope, Include]] = []

    @property
    def folder(self) -> str:
        """The folder that relative paths in it start from."""
        return str(FilePath(self.file).parent) if self.file else ""

    def chain(self) -> list[Scope]:
        """Every scope whose defaults reach this one, the outermost first and this one last."""
        found: dict[Scope, None] = {}
        self._collect(found)
        return list(found)

    def _collect(self, found: dict[Scope, None]) -> None:
        for includer, _ in self.includers:
            includer._collect(found)
        found.setdefault(self)

    def find_route(self, outer: Scope) -> list[Include] | None:
        """The includes that lead from ``outer`` to this scope; None if there is no way."""
        if outer is self:
            return []
        for includer, include in self.includers:
            route = includer.find_route(outer)
            if route is not None:
                return [*route, include]
        return None

    @property
    def depth(self) -> int:
        """The number of includes between the files that were named and this one."""
        return 1 + includers[0][0].depth if (includers := self.includers) else 0

    def find_defaults(
        self, model_type: str | None, profile: str | None, modern_type: Callable[[str], str]
    ) -> Iterator[Node]:
        """The defaults for a config of ``model_type`` here, lowest first."""
        chain = self.chain()
        for key in (ALL, model_type):
            for wanted in (None, profile) if profile else (None,):
                for scope in chain:
                    declared = (d for d in scope.defaults if d.profile == wanted)
                    yield from (d.node for d in declared if modern_type(d.model_type) == key)
