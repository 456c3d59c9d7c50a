"""Understudies: other models that play the parts of a registry's models for a while, in the same objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import isfunction
from typing import TYPE_CHECKING, Any

from modelhub.base.binding import Binding
from modelhub.overriding import override
from modelhub.registry.workshop import Workshop

if TYPE_CHECKING:
    from modelhub.base.drivers import Drivers
    from modelhub.registry.registry import ModelRegistry
    from modelhub.registry.types import KnownTypes

Recast = Callable[[dict[str, Any], "KnownTypes"], tuple[dict[str, Any], type | None]]
"""From the config of a model to the config of its understudy, and to a class that the understudy is to be, too."""


@contextmanager
def understudied(registry: ModelRegistry, recast: Recast, drivers: Drivers) -> Iterator[None]:
    """Let every model of ``registry`` be played by its understudy, which ``recast`` tells of and ``drivers`` serve.

    Models that were fetched before stay the same objects, and so do those that are fetched meanwhile: at the end each
    is what its own config says, built when it is next used if it never was. Raises what building an understudy raises;
    nothing has changed then.
    """
    own, loader = registry._workshop, registry._loader
    workshop = _Understudies(registry, recast, drivers)
    with registry._lock:
        before = dict(loader.now.models)
        parts = {name: workshop.build(registry, registry.build_config(name)) for name in before}
        workshop.fetched.clear()
        selves = [(model, type(model), vars(model).copy()) for model in before.values()]
        for name, model in before.items():
            _become(model, type(parts[name]), {**vars(model), **_hand_over(parts[name], model)})
        registry._workshop = workshop
        loader.now.reached.clear()
    try:
        yield
    finally:
        with registry._lock:
            registry._workshop = own
            for model, cls, state in selves:
                _become(model, cls, state)
            for model, config in workshop.fetched:
                _fall_asleep(model, lambda config=config: own.build(registry, config))  # type: ignore[misc]
            loader.now.reached.clear()
        if workshop.is_closed:
            own.close()
        workshop.close()


class _Understudies(Workshop):
    """Builds understudies; ``fetched`` has those that were built, each with the config of the model that it plays."""

    def __init__(self, registry: ModelRegistry, recast: Recast, drivers: Drivers) -> None:
        super().__init__(registry._loader, registry._types, registry._observing.told)
        self.fetched: list[tuple[Any, dict[str, Any]]] = []
        self._recast = recast
        self._given = drivers

    @override
    def build_drivers(self) -> Drivers:
        return self._given

    @override
    def build(self, registry: Any, config: dict[str, Any]) -> Any:
        recast, cls = self._recast(config, self._types)
        model = super().build(registry, recast)
        if cls is not None and cls is not type(model):
            _set_class(model, _play(type(model), cls))
        self.fetched.append((model, config))
        return model


def _become(model: Any, cls: type, state: dict[str, Any]) -> None:
    """Make ``model`` an object of ``cls`` with these attributes."""
    _set_class(model, cls)
    vars(model).clear()
    vars(model).update(state)


def _set_class(model: Any, cls: type) -> None:
    object.__dict__["__class__"].__set__(model, cls)  # also where the class says that it is another


def _hand_over(other: Any, model: Any) -> dict[str, Any]:
    """The attributes of ``other`` as those of ``model``."""
    return {name: value.twin(model) if isinstance(value, Binding) else value for name, value in vars(other).items()}


def _play(playing: type, played: type) -> type:
    """A class whose objects do what those of ``playing`` do, and are ``played`` to whoever looks at them."""

    def get(self: Any, name: str) -> Any:
        value = getattr(played, name)
        return value.__get__(self, playing) if isfunction(value) else value

    names = {"__class__": property(lambda self: played), "__getattr__": get, "__module__": __name__, "played": played}
    return type(f"Played{played.__name__}", (playing,), names)


def _fall_asleep(model: Any, build: Callable[[], Any]) -> None:
    """Let ``model`` become what ``build`` builds when it is next used."""
    played = getattr(type(model), "played", type(model))

    def wake() -> None:
        real = build()
        _become(model, type(real), _hand_over(real, model))

    def get_home(self: Any) -> Any:
        wake()
        return self.home

    def get(self: Any, name: str) -> Any:
        if name.startswith("__"):  # what Python asks of any object wakes nobody
            raise AttributeError(name)
        wake()
        return getattr(self, name)

    names = {name: vars(model)[name] for name in ("config_name", "model_name")}
    asleep = {"__getattr__": get, "home": property(get_home), "__module__": __name__}
    _become(model, type(f"Asleep{played.__name__}", (played,), asleep), names)
