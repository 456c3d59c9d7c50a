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
    """What a model gets from its registry; a model without a registry has the defaults.

    ``observers`` is the list of the registry, which may change it. ``types`` has the JSON types of values that are
    references in the config, ``place`` adds to a problem its place in a file, ``check`` says which references have
    values that do not fit their places. ``retry_policy`` and ``secrets`` are for a model that is plain Python; a model
    over HTTP works out its own. ``reduce`` says how the model crosses to another process, as ``__reduce__`` does.
    """

    __slots__ = ("check", "drivers", "observers", "place", "reduce", "retry_policy", "secrets", "types")

    def __init__(
        self,
        drivers: Drivers = SHARED,
        observers: Sequence[Callable[[Any], Any]] = (),
        types: Types | None = None,
        place: Callable[[Problem], Problem] | None = None,
        retry_policy: RetryPolicy = DEFAULT_POLICY,
        secrets: Sequence[str] = (),
        reduce: Callable[[], tuple[Any, ...]] | None = None,
        check: Callable[[], list[Problem]] | None = None,
    ) -> None:
        self.drivers = drivers
        self.observers = observers
        self.types = types
        self.place = place
        self.retry_policy = retry_policy
        self.secrets = secrets
        self.reduce = reduce
        self.check = check
