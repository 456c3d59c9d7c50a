"""One loading of the sources of a registry."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from modelhub.configs import Entry
from modelhub.errors import Problem


class Generation:
    """One loaded set of configs and the models built from it.

    ``folder`` is where relative paths were seen from, ``exposed`` the secrets in plain text in configs that are Python
    objects, and ``key`` the name of this loading in other processes.
    """

    def __init__(
        self, entries: Iterable[tuple[str, Entry]] = (), folder: str = "", problems: Iterable[Problem] = ()
    ) -> None:
        self.entries = dict(entries)
        self.models: dict[str, Any] = {}
        self.folder = folder
        self.exposed = [problem for problem in problems if problem.code == "MH401" and problem.file is None]
        self.key = os.urandom(16).hex()
