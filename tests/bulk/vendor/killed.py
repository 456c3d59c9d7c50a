"""Begins a run and kills itself at a point of it, once for each point: ``killed.py ORIGIN VENDOR FOLDER POINT...``.

A point says how often the ledger has noted something of a job, and whether the kill comes before or after that.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import modelhub
from modelhub.bulk.vendor.ledger import Ledger

sys.path.insert(0, str(Path(__file__).parent))

from models import build_config  # type: ignore[import-not-found]
from running import run  # type: ignore[import-not-found]

TEXTS = ("a", "b", "c")


def die_at(point: str) -> None:
    """Let the process end at ``point``, as if it were killed from outside."""
    when, wanted = point.split("-")
    note, count = Ledger.note, 0

    def noting(ledger: Ledger, job: Any, **changes: Any) -> Any:
        nonlocal count
        count += 1
        if when == "before" and count == int(wanted):
            os.kill(os.getpid(), signal.SIGKILL)
        noted = note(ledger, job, **changes)
        if when == "after" and count == int(wanted):
            os.kill(os.getpid(), signal.SIGKILL)
        return noted

    Ledger.note = noting  # type: ignore[method-assign]


if __name__ == "__main__":
    origin, vendor, folder, *points = sys.argv[1:]
    for point in points:
        if (child := os.fork()) == 0:
            die_at(point)
            place = Path(folder, point)
            place.mkdir()
            run(modelhub.ModelRegistry([build_config(vendor, origin)]).get_model(vendor), place, TEXTS)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        print(point, os.WTERMSIG(status))
