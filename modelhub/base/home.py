"""What a registry gives each of its models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from modelhub.base.drivers import SHARED, Drivers
from modelhub.errors import Problem
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
    """What a model gets from its registry; a model without a registry has the defaults.

    ``observers`` is the list of the registry, which may change it. ``types`` has the JSON types of values that are
    references in the config, ``place`` adds to a problem its place in a file, ``check`` says which references have
    values that do not fit their places. ``reduce`` says how the model crosses to another process, as ``__reduce__``
    does. ``find_model`` gives the models of the registry by their names. ``guards`` stand around its calls;
    ``hooks`` are those of plugins, None where there are none. ``price`` is that of its answers, None where it is not
    known; ``find_price`` finds it by the address and the model's name, once these are known, None where the config
    says it. ``tally`` counts its calls.

    For a model that is not over HTTP, which works out its own: ``retry_policy``, ``secrets``, the ``bounds`` of its
    ``timeout``, and ``find_reach``, which gives what tells its answers apart from those of other configs. For a
    composite, ``find_reached`` gives the models that a call may ask, all of one generation, and ``find_capabilities``
    what all of them can do.
    """

    __slots__ = (
        *("bounds", "check", "drivers", "find_capabilities", "find_model", "find_price"),
        *("find_reach", "find_reached", "guards"),
        *("hooks", "observers", "place", "price", "reduce", "retry_policy", "secrets", "tally", "types"),
    )

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
        find_model: Callable[[str], Any] | None = None,
        guards: Guards | None = None,
        bounds: Mapping[str, float] = NO_BOUNDS,
        find_reach: Callable[[], object] | None = None,
        find_reached: Callable[[], Mapping[str, Any]] | None = None,
        find_capabilities: Callable[[], dict[str, Any]] | None = None,
        hooks: CallHooks | None = None,
        price: Price | None = None,
        tally: Tally | None = None,
        find_price: Callable[[str, str], Price | None] | None = None,
    ) -> None:
        self.drivers = drivers
        self.observers = observers
        self.types = types
        self.place = place
        self.retry_policy = retry_policy
        self.secrets = secrets
        self.reduce = reduce
        self.check = check
        self.find_model = find_model
        self.guards = guards
        self.bounds = bounds
        self.find_reach = find_reach
        self.find_reached = find_reached
        self.find_capabilities = find_capabilities
        self.hooks = hooks
        self.price = price
        self.tally = tally
        self.find_price = find_price
