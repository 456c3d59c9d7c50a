"""What a registry gives each of its models."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from modelhub.base.drivers import SHARED, Drivers
from modelhub.errors import Problem
from modelhub.policies.retry import RetryPolicy
from modelhub.secrets import Types

DEFAULT_POLICY = RetryPolicy()


class Home:
    """Where a model lives; one that was built without a registry has the defaults.

    ``observers`` are those of the registry, a list that it may change. ``types`` says what the references of the
    config stand for, ``place`` where in a file a config has what a problem is about. ``retry_policy`` and ``secrets``
    are those of the config of a model that is plain Python; one over HTTP works out its own.
    """

    __slots__ = ("drivers", "observers", "place", "retry_policy", "secrets", "types")

    def __init__(
        self,
        drivers: Drivers = SHARED,
        observers: Sequence[Callable[[Any], Any]] = (),
        types: Types | None = None,
        place: Callable[[Problem], Problem] | None = None,
        retry_policy: RetryPolicy = DEFAULT_POLICY,
        secrets: Sequence[str] = (),
    ) -> None:
        self.drivers = drivers
        self.observers = observers
        self.types = types
        self.place = place
        self.retry_policy = retry_policy
        self.secrets = secrets
