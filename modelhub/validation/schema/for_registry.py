"""The keys of configs that the registry and the engine obey for every model, whatever its class takes."""

from __future__ import annotations

# Names, notes for people, and what the engine obeys for every model: an ``__init__`` need not take these.
GUARDS = frozenset({"limits", "circuit_breaker", "budget", "cache", "batch"})  # what stands around the calls of a model
# What an ``__init__`` is given only if it has a parameter of that name.
UNLESS_NAMED = frozenset({"capabilities", "price"})
FOR_THE_REGISTRY = frozenset(
    {"config_name", "model_type", "description", "tags", "retry", "timeout", *GUARDS, *UNLESS_NAMED}
)
