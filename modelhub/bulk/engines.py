"""The engines of a job, by name."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from modelhub.base import ModelWrapperBase
from modelhub.bulk.carrying import Carrier
from modelhub.bulk.local import CONCURRENCY, LocalCarrier

ENGINES = ("local", "ray", "vendor")


def build_carrier(
    engine: str,
    model: ModelWrapperBase,
    concurrency: int | None,
    folder: Path,
    tell: Callable[[str], None],
    cancels: bool = False,
) -> Carrier:
    """Who carries the questions of a job to ``model``; raises ModelHubError for an engine that cannot.

    ``folder`` is where it may keep what it needs to go on, ``tell`` says something to whoever watches. With
    ``cancels`` what a vendor works on is cancelled.
    """
    if engine == "local":
        return LocalCarrier(model, concurrency or CONCURRENCY)
    home = import_module(f"modelhub.bulk.{engine}")
    if engine == "ray":
        carrier: Carrier = home.RayCarrier(model, concurrency, tell=tell)
    else:
        carrier = home.VendorCarrier(model, folder, tell, cancels=cancels)
    return carrier
