"""What a registry gives each of its models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modelhub.base.drivers import SHARED, Drivers
from modelhub.errors import Problem
from modelhub.policies.retry import RetryPolicy
from modelhub.secrets import Types
from modelhub.telemetry.observers import Observer

DEFAULT_POLICY = RetryPolicy()


@dataclass(slots=True)
class Home:
    """What a model gets from its registry; a model without a registry has the defaults.

    ``observers`` is the list of the registry, which may change it. ``types`` has the JSON types of values that are
    references in the config, ``place`` adds to a problem its place in a file. ``retry_policy`` and ``secrets`` are for
    a model that is plain Python; a model over HTTP works out its own.
    """

    drivers: Drivers = SHARED
    observers: Sequence[Observer] = ()
    types: Types | None = None
    place: Callable[[Problem], Problem] | None = None
    retry_policy: RetryPolicy = DEFAULT_POLICY
    secrets: Sequence[str] = ()
