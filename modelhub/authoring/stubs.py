"""Write a stub of modelhub in which the names of models are those of a program's configs, for checkers and editors.

It stands in for ``modelhub/__init__.py`` alone: it hands out all names of that, from where they are, and has its own
only where models are asked for by name. What is below ``modelhub`` is found where it is installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import modelhub

_CLASSES = {
    "chat": "ChatWrapper",
    "embedding": "EmbeddingWrapper",
    "image": "ImageWrapper",
    None: "ModelWrapperBase",
}
_OWN = ("ModelRegistry", "chat", "embedding", "get_model", "image", "init", *_CLASSES.values())
_HEAD = """\
# Written by `modelhub stubs`; write it anew when the names of models have changed.
from collections.abc import Iterable
from typing import Literal, Never, overload

import modelhub.errors as errors
import modelhub.events as events
{imports}
from modelhub.configs.sources.load import ModelConfigs as _ModelConfigs
from modelhub.registry import ModelRegistry as _ModelRegistry
from modelhub.telemetry.observers import Observer as _Observer

__all__ = {everything}
__version__: str

class ModelRegistry(_ModelRegistry):
{methods}

{functions}

def init(
    model_configs: _ModelConfigs,
    *,
    profile: str | None = None,
    watch: bool = False,
    observers: Iterable[_Observer | str] = (),
    allow_python: bool = False,
) -> ModelRegistry: ...
"""
_NARROWER = "  # type: ignore[override, unused-ignore]  # pyright: ignore[reportIncompatibleMethodOverride]"


def build_stub(tasks: Mapping[str, str | None]) -> str:
    """The text of the stub, for models by name with their tasks: chat, embedding, image, or None if it is not known."""
    homes = {name: home for name, home in modelhub._HOMES.items() if name not in _OWN}
    homes |= dict.fromkeys(_CLASSES.values(), "modelhub.base.public")
    imports = [
        f"from {home} import {name} as {name}" for name, home in sorted(homes.items(), key=lambda item: item[::-1])
    ]
    methods = [f"    {line}" for line in _declare_all(tasks, "self, ", _NARROWER)]
    return _HEAD.format(
        everything=sorted(["errors", "events", *modelhub.__all__]),
        imports="\n".join(imports),
        methods="\n".join(methods),
        functions="\n".join(_declare_all(tasks, "", "")),
    )


def _declare_all(tasks: Mapping[str, str | None], first: str, note: str) -> Iterator[str]:
    """The lines that declare the functions, or the methods, by which models are asked for."""
    kinds: dict[str | None, list[str]] = {}
    for name, task in tasks.items():
        kinds.setdefault(task, []).append(name)
    yield from _declare("get_model", [(names, _CLASSES[kind]) for kind, names in kinds.items()], first, note)
    for task in ("chat", "embedding", "image"):
        names = [name for name, its in tasks.items() if its in (task, None)]
        yield from _declare(task, [(names, _CLASSES[task])], first, note)


def _declare(name: str, ways: Sequence[tuple[Sequence[str], str]], first: str, note: str) -> Iterator[str]:
    """The declaration of one function: an overload for each of the ``ways``, names and what they give."""
    for names, given in ways or [((), "ModelWrapperBase")]:
        taken = f"Literal[{', '.join(map(repr, names))}]" if names else "Never"
        if len(ways) > 1:
            yield f"@overload{note}"
        yield f"def {name}({first}config_name: {taken}) -> {given}: ...{note}"
