"""How a model is copied, and how one without a registry crosses to another process."""

from __future__ import annotations

import copy
import inspect
from typing import Any, TypeVar

from modelhub.base.binding import Binding
from modelhub.secrets import redact

Model = TypeVar("Model")
SHARED = ("home", "monitor")  # what belongs to the registry or to the process


def reduce(model: Any, built_with: tuple[tuple[Any, ...], dict[str, Any]]) -> tuple[Any, ...]:
    """What ``__reduce__`` returns for a model that was built without a registry: its class, and what it was given.

    Raises TypeError if it was given a key in plain text.
    """
    args, kwargs = built_with
    given = inspect.signature(type(model)).bind_partial(*args).arguments
    for name, value in {**given, **kwargs}.items():
        if redact({name: value}) != {name: value}:
            raise TypeError(
                f"{model!r} cannot be sent to another process: its {name} holds a secret in plain text; write it as"
                " ${NAME}, or send the config_name and fetch the model there with get_model"
            )
    return build, (type(model), args, kwargs)


def build(cls: type[Model], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Model:
    """The model as it was built."""
    return cls(*args, **kwargs)


def copy_model(model: Model, memo: dict[int, Any] | None) -> Model:
    """A copy of ``model``, a deep one with a ``memo``; what cannot be copied, such as a lock, is shared."""
    twin = object.__new__(type(model))
    if memo is not None:
        memo[id(model)] = twin
    for name, value in list(vars(model).items()):
        if isinstance(value, Binding):
            vars(twin)[name] = value.twin(twin)  # type: ignore[arg-type]
        elif memo is None or name in SHARED:
            vars(twin)[name] = value
        else:
            vars(twin)[name] = _copy(value, memo)
    return twin


def _copy(value: Any, memo: dict[int, Any]) -> Any:
    try:
        return copy.deepcopy(value, memo)
    except Exception:  # classes may raise anything here
        return value
