"""The default registry, which ``init`` loads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelhub.errors import ModelHubError
from modelhub.foreign import warn_of_foreign
from modelhub.registry.registry import ModelRegistry
from modelhub.tracebacks import shorten, shortened

if TYPE_CHECKING:
    from modelhub.base.public import ChatWrapper, EmbeddingWrapper, ImageWrapper, ModelWrapperBase
    from modelhub.configs.sources.load import ModelConfigs
    from modelhub.telemetry.observers import Observer
    from modelhub.telemetry.stats import Stats

_default: ModelRegistry | None = None
_followers: list[Callable[[ModelRegistry], object]] = []


def init(
    model_configs: ModelConfigs,
    *,
    profile: str | None = None,
    watch: bool = False,
    observers: Iterable[Observer | str] = (),
    allow_python: bool = False,
) -> ModelRegistry:
    """Load ``model_configs`` (see ModelRegistry) into a new default registry and return it.

    Raises ConfigError with every problem found; then the default registry does not change. With ``watch``, it reloads
    whenever a file or an address that it has read changes, or a new file belongs to it; see ``on_reload``. With
    ``allow_python``, configs may name classes by ``model_type: python:package.module:Class``: whoever can write them
    can then run code.
    """
    global _default
    warn_of_foreign()
    try:
        _default = ModelRegistry(
            model_configs, profile=profile, watch=watch, observers=observers, allow_python=allow_python
        )
    except ModelHubError as error:
        shorten(error)
        raise
    for follower in _followers[-1:]:
        follower(_default)
    return _default


@contextmanager
def followed(follower: Callable[[ModelRegistry], object]) -> Iterator[None]:
    """Let ``follower`` have each registry that ``init`` loads until the block ends; of several, the last one does."""
    _followers.append(follower)
    try:
        yield
    finally:
        _followers.remove(follower)


@contextmanager
def as_default(registry: ModelRegistry) -> Iterator[None]:
    """Let ``registry`` be the default one until the block ends; what ``init`` loads meanwhile stays."""
    global _default
    before, _default = _default, registry
    try:
        yield
    finally:
        if _default is registry:
            _default = before


@shortened
def stats() -> Stats:
    """What the calls of each model in the registry of the last ``init`` came to; see ``ModelRegistry.stats``."""
    return find_default().stats()


def get_model(config_name: str) -> ModelWrapperBase:
    """The model called ``config_name`` in the registry of the last ``init``, the same object each time."""
    try:
        return find_default().get_model(config_name)
    except ModelHubError as error:
        shorten(error)
        raise


@shortened
def chat(config_name: str) -> ChatWrapper:
    """``get_model`` for a chat model; raises ConfigError for a model that does something else."""
    return find_default().chat(config_name)


@shortened
def embedding(config_name: str) -> EmbeddingWrapper:
    """``get_model`` for an embedding model; raises ConfigError for a model that does something else."""
    return find_default().embedding(config_name)


@shortened
def image(config_name: str) -> ImageWrapper:
    """``get_model`` for an image model; raises ConfigError for a model that does something else."""
    return find_default().image(config_name)


def find_default() -> ModelRegistry:
    """The registry of the last ``init``; raises ModelHubError before it."""
    if _default is None:
        raise ModelHubError("no configs are loaded: call modelhub.init(model_configs=...) first")
    return _default
