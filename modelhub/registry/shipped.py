"""Types that are only data: a package ships a config, whose keys are the defaults of every config of its type."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, NamedTuple

from modelhub import configs, validation
from modelhub.errors import Problem
from modelhub.plugins.modules import read_file

FOLDER = "adapters"
_IDENTITY = ("config_name", "model_type", "description", "tags")
_USUAL = "post_api_chat"
_SECTIONS = 1  # how deep null takes a default away; below that, it is a value that is sent


class Shipped(NamedTuple):
    """What a package ships in place of a class: the type that does the work, and what its configs need not say."""

    base: str
    defaults: dict[str, Any]


def read_shipped(
    package: str, name: str, find_schema: Callable[[str], dict[str, Any] | None], bases: Collection[str]
) -> Shipped:
    """What ``package`` ships for the type ``name``; raises ValueError that says what is wrong with it.

    The entry point of such a type names the package alone; the config is in ``adapters/<model_type>.yaml`` there.
    ``bases`` are the types that may do the work, ``find_schema`` gives their schemas.
    """
    file = f"{FOLDER}/{name}.yaml"
    found = read_file(package, FOLDER, f"{name}.yaml")
    if found is None:
        raise ValueError(f"its entry point names no class, and its package has no {file}")
    path, data = found
    loaded = configs.load_text(data, name=path, format="yaml")
    _refuse(file, loaded.problems)
    if len(loaded.entries) != 1:
        raise ValueError(f"{file} has to hold one config, not {len(loaded.entries)}")
    config = loaded.entries[0].config
    base = config.get("model_type", _USUAL)
    if base not in bases:
        raise ValueError(f"the model_type in {file} has to be a type of modelhub, such as {_USUAL}, not {base!r}")
    config.update(config_name=config.get("config_name", name), model_type=base)
    checked = validation.check(loaded.entries, schema_of=find_schema, model_types=bases)
    _refuse(file, [each for each in checked if each.code != "MH102"])  # what is missing, configs may say
    return Shipped(base, {key: value for key, value in config.items() if key not in _IDENTITY})


def _refuse(file: str, problems: Iterable[Problem]) -> None:
    """Raise ValueError for the first error among ``problems``."""
    for problem in problems:
        if problem.severity == "error":
            raise ValueError(f"its {file} is wrong: {problem}")


def lay_over(defaults: Mapping[str, Any], config: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """``config`` over ``defaults``: objects key by key, all else as a whole.

    null takes a default away, at the top and in the objects there. An ``auth`` of another type replaces the default.
    """
    merged = {key: value for key, value in defaults.items() if key not in config}
    for key, value in config.items():
        default = defaults.get(key)
        if value is None and key in defaults and depth <= _SECTIONS:
            continue
        if isinstance(value, dict) and isinstance(default, dict):
            other = depth == 0 and key == "auth" and value.get("type", default.get("type")) != default.get("type")
            value = value if other else lay_over(default, value, depth + 1)
        merged[key] = value
    return merged


def build_class(name: str, base: type, shipped: Shipped) -> type:
    """The class of a type that is only data: that of its base, with a ``model_type`` of its own."""
    streamed = shipped.defaults.get("stream")
    own = {"model_type": name, "stream_shape": streamed if isinstance(streamed, dict) else None}
    title = "".join(word.capitalize() for word in name.split("_"))
    return type(f"{title}Wrapper", (base,), {**own, "__module__": base.__module__, "__doc__": base.__doc__})
