"""Builds a model from a config and a class."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from modelhub import validation
from modelhub.base.agentscope import complete
from modelhub.base.home import NO_BOUNDS, Home
from modelhub.base.http import HTTPModelWrapperBase
from modelhub.errors import ConfigError, ModelHubError, PluginError, Problem
from modelhub.late import late
from modelhub.policies.retry import RetryPolicy
from modelhub.prices.known import find_known_price
from modelhub.prices.price import Price
from modelhub.registry.types import KnownTypes
from modelhub.secrets import Types, find_referred, find_secrets, resolve
from modelhub.validation.rules.ways import WAYS
from modelhub.validation.schema.for_registry import FOR_THE_REGISTRY, GUARDS, UNLESS_NAMED

_OBEYED = GUARDS | {"timeout", "retry"}  # by the engine, for every model; one that is plain Python need not know

if TYPE_CHECKING:
    import inspect

    from modelhub.base.wrapper import ModelWrapperBase
    from modelhub.registry.guarding import Guarding
else:
    inspect = late("inspect")


def build_model(config: dict[str, Any], types: KnownTypes, home: Home, find_guarding: Callable[[], Guarding]) -> Any:
    """The model that ``config`` describes, which gets the rest of its ``home`` here.

    Raises PluginError if its class cannot be loaded or built, ConfigError if a reference of a plain Python model cannot
    be resolved. A model over HTTP resolves its references when it is first called.
    """
    name, model_type = config["config_name"], config["model_type"]
    cls = cast("type[ModelWrapperBase]", types.find_class(model_type))
    arguments = {key: value for key, value in config.items() if key != "model_type"}
    schema = types.find_schema(model_type) or {}
    typed = validation.typed_references(config, schema)
    is_http = issubclass(cls, HTTPModelWrapperBase)
    if not is_http:
        arguments = _resolve(cls, arguments, home, typed)
    referred = find_referred(config, arguments)
    if not is_http and not _names(cls, "timeout"):
        from modelhub.base.own import read_bounds  # most models are over HTTP

        home.bounds = read_bounds(arguments.pop("timeout", None)) or NO_BOUNDS
    _leave_out_notes(cls, arguments, is_http)
    try:
        model = cls(**arguments)
    except ModelHubError:
        raise
    except Exception as error:
        raise PluginError(f"config {name!r}: {cls.__name__} cannot be built: {error}") from error
    complete(model, arguments)
    vars(model).pop("_built_with", None)  # what it is built from again is its config
    places = validation.find_secret_places(validation.View.of(schema), arguments)
    secrets = [*find_secrets(arguments, secret_paths=places), *referred]
    if not GUARDS.isdisjoint(config):
        home.guards = find_guarding().build(config, typed, home.place)
    if not cls.is_composite and ("price" not in config or not _names(cls, "price")):
        _set_price(home, config, typed)
    home.types, home.secrets = typed or None, tuple(secrets)
    home.retry_policy = RetryPolicy.from_config(config.get("retry"))
    model.home = home
    return model


def _resolve(cls: type[ModelWrapperBase], arguments: dict[str, Any], home: Home, types: Types) -> dict[str, Any]:
    """The arguments of a model that is plain Python, their references resolved; raises ConfigError, with its place."""
    try:
        _refuse_ways(cls, arguments)
        resolved: dict[str, Any] = resolve(arguments, where=f"config {arguments['config_name']!r}", types=types)
        if problems := home.check():
            raise ConfigError(problems)
    except ConfigError as error:
        raise ConfigError([home.place(problem) for problem in error.problems]) from None
    return resolved


def _leave_out_notes(cls: type[ModelWrapperBase], arguments: dict[str, Any], is_http: bool) -> None:
    """Take out the keys that are for the registry, but those that a class wants to know."""
    for note in (FOR_THE_REGISTRY - {"config_name"}) & arguments.keys():
        unnamed = note not in UNLESS_NAMED and (is_http or note not in _OBEYED)
        if not (_names(cls, note) or (unnamed and _takes(cls, note))):
            del arguments[note]


def _set_price(home: Home, config: dict[str, Any], types: Types) -> None:
    """What the model costs: by its config, or else by the table of known models when its address is known."""
    if "price" not in config:
        home.find_price = find_known_price
    elif config["price"] is not None:
        given = {"price": config["price"]}
        home.price = Price.from_config(resolve(given, where=f"config {config['config_name']!r}", types=types)["price"])


def _refuse_ways(cls: type[ModelWrapperBase], arguments: dict[str, Any]) -> None:
    """Raise ConfigError if a model that is plain Python is given keys that only models over HTTP obey."""
    for key, hint in WAYS.items():
        if key in arguments and not _names(cls, key):
            message = f"config {arguments['config_name']!r}: unknown key {key!r} in {cls.__name__}"
            raise ConfigError([Problem("MH103", message, hint, path=(key,))])
    timeout = arguments.get("timeout")
    if isinstance(timeout, dict) and not _names(cls, "timeout") and not cls.is_composite:
        for key in timeout.keys() - {"total"}:
            message = f"config {arguments['config_name']!r}: unknown key {key!r} in timeout of {cls.__name__}"
            hint = "this model connects by itself: total bounds the whole call"
            raise ConfigError([Problem("MH103", message, hint, path=("timeout", key))])


def _names(cls: type, key: str) -> bool:
    """Whether the ``__init__`` of a class names ``key`` itself."""
    return key in inspect.signature(cls).parameters


def _takes(cls: type, key: str) -> bool:
    """Whether the ``__init__`` of a class takes ``key``."""
    parameters = inspect.signature(cls).parameters
    return key in parameters or any(p.kind is p.VAR_KEYWORD for p in parameters.values())
