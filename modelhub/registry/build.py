"""Builds a model from a config and a class."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from modelhub import validation
from modelhub.base.agentscope import complete
from modelhub.base.drivers import Drivers
from modelhub.base.home import Home
from modelhub.base.http import HTTPModelWrapperBase
from modelhub.errors import ConfigError, ModelHubError, PluginError, Problem
from modelhub.policies.retry import RetryPolicy
from modelhub.registry.types import KnownTypes
from modelhub.secrets import find_secrets, reference_names, resolve
from modelhub.validation.schema.derive import FOR_THE_REGISTRY

if TYPE_CHECKING:
    from modelhub.telemetry.observers import Observer


def build_model(
    config: dict[str, Any],
    types: KnownTypes,
    drivers: Drivers,
    observers: Sequence[Observer],
    place: Callable[[Problem], Problem],
    reduce: Callable[[], tuple[Any, ...]],
) -> Any:
    """The model that ``config`` describes; ``place`` adds to a problem its place in a file, ``reduce`` says how the
    model crosses to another process.

    Raises PluginError if its class cannot be loaded or built, ConfigError if a reference of a plain Python model cannot
    be resolved. A model over HTTP resolves its references when it is first called.
    """
    name, model_type = config["config_name"], config["model_type"]
    cls = types.find_class(model_type)
    arguments = {key: value for key, value in config.items() if key != "model_type"}
    schema = types.find_schema(model_type) or {}
    typed = validation.typed_references(config, schema)
    check = partial(validation.check_resolved, config, schema) if reference_names(config) else None
    if not issubclass(cls, HTTPModelWrapperBase):
        try:
            arguments = resolve(arguments, where=f"config {name!r}", types=typed)
            if check is not None and (problems := check()):
                raise ConfigError(problems)
        except ConfigError as error:
            raise ConfigError([place(problem) for problem in error.problems]) from None
    for note in (FOR_THE_REGISTRY - {"config_name"}) & arguments.keys():
        if not _takes(cls, note):
            del arguments[note]
    try:
        model = cls(**arguments)
    except ModelHubError:
        raise
    except Exception as error:
        raise PluginError(f"config {name!r}: {cls.__name__} cannot be built: {error}") from error
    complete(model, arguments)
    places = validation.find_secret_places(validation.View([(schema, schema)]), arguments)
    secrets = find_secrets(arguments, secret_paths=places)
    retry_policy = RetryPolicy.from_config(config.get("retry"))
    model.home = Home(drivers, observers, typed, place, retry_policy, secrets, reduce, check)
    return model


def _takes(cls: type, key: str) -> bool:
    """Whether the ``__init__`` of a class takes ``key``."""
    parameters = inspect.signature(cls).parameters
    return key in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
