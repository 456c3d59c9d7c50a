"""What a registry gives each of its models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

from modelhub.base.drivers import SHARED, Drivers
from modelhub.errors import ModelHubError, Problem
from modelhub.policies.retry import RetryPolicy
from modelhub.secrets import Types

if TYPE_CHECKING:
    from modelhub.policies.stack import Guards
    from modelhub.prices.price import Price
    from modelhub.telemetry.call_hooks import CallHooks
    from modelhub.telemetry.tally import Tally

DEFAULT_POLICY = RetryPolicy()
NO_BOUNDS: Mapping[str, float] = MappingProxyType({})


class Home:
    """What a model gets from its registry; a model without a registry has the defaults, and its methods know nothing.

    ``observers`` is the list of the registry, which may change it. ``types`` has the JSON types of values that are
    references in the config. ``guards`` stand around its calls; ``hooks`` are those of plugins, None where there are
    none. ``price`` is that of its answers, None where it is not known; ``find_price`` finds it by the address and the
    model's name, once these are known, None where the config says it. ``tally`` counts its calls. For a model that is
    not over HTTP, which works out its own: ``retry_policy``, ``secrets``, and the ``bounds`` of its ``timeout``.
    """

    __slots__ = (
        *("bounds", "drivers", "find_price", "guards", "hooks", "observers", "price"),
        *("retry_policy", "secrets", "tally", "types"),
    )

    in_registry: ClassVar[bool] = False

    def __init__(
        self,
        drivers: Drivers = SHARED,
        observers: Sequence[Callable[[Any], Any]] = (),
        hooks: CallHooks | None = None,
        price: Price | None = None,
        tally: Tally | None = None,
        find_price: Callable[[str, str], Price | None] | None = None,
    ) -> None:
        self.drivers = drivers
        self.observers = observers
        self.hooks = hooks
        self.price = price
        self.tally = tally
        self.find_price = find_price
        self.types: Types | None = None
        self.retry_policy = DEFAULT_POLICY
        self.secrets: Sequence[str] = ()
        self.guards: Guards | None = None
        self.bounds = NO_BOUNDS

    def place(self, problem: Problem) -> Problem:
        """``problem`` with its place in a file."""
        return problem

    def check(self) -> list[Problem]:
        """The references of the config whose values do not fit their places."""
        return []

    def reduce(self) -> tuple[Any, ...] | None:
        """How the model crosses to another process, as ``__reduce__`` says it."""
        return None

    def find_model(self, name: str) -> Any:
        """The model of the registry that is called ``name``."""
        raise ModelHubError(f"there is no registry in which to find {name!r}")

    def find_reach(self) -> object:
        """What tells the answers of the model apart from those of other configs; for one that is not over HTTP."""
        return None

    def find_reached(self) -> Mapping[str, Any] | None:
        """The models that a call of a composite may ask, all of one generation."""
        return None

    def find_capabilities(self) -> dict[str, Any]:
        """What all models that a composite may ask can do."""
        return {}
