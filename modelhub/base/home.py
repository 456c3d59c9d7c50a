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
    """Where a model lives; one that was built without a registry has the defaults.

    ``observers`` are those of the registry, a list that it may change. ``types`` says what the references of the
    config stand for, ``place`` where in a file a config has what a problem is about. ``retry_policy`` and ``secrets``
    are those of the config of a model that is plain Python; one over HTTP works out its own.
    """

    drivers: Drivers = SHARED
    observers: Sequence[Observer] = ()
    types: Types | None = None
    place: Callable[[Problem], Problem] | None = None
    retry_policy: RetryPolicy = DEFAULT_POLICY
    secrets: Sequence[str] = ()
