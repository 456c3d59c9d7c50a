"""How a registry and its models cross to another process: as the sources they come from, never with a key."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from modelhub.configs.readers.json_types import copy_plain
from modelhub.configs.sources.addresses import is_address
from modelhub.diagnostics.wording import label
from modelhub.errors import Problem
from modelhub.locks import Lock
from modelhub.records import Record, replace
from modelhub.secrets import anchor_paths, is_secret_place, redact
from modelhub.secrets.references import parse_pieces

KEPT = 8  # registries that have come with models


class Packed(Record):
    """What a registry is built from again by ``kind``, its class; ``key`` is the same for all models of one loading."""

    kind: Callable[..., Any]
    key: str
    source: Any
    profile: str
    wrappers: tuple[type, ...]
    observers: tuple[Any, ...]
    allow_python: bool = False

    def travelling(self) -> Packed:
        """The same without the observers that stay: all but names, and functions that another process can import."""
        return replace(self, observers=tuple(filter(_is_importable, self.observers)))


def find_folder() -> str:
    """Where relative paths are seen from; empty when that folder was removed."""
    try:
        return os.getcwd()  # noqa: PTH109  it costs a tenth of Path.cwd
    except OSError:
        return ""


def settle(source: Any, folder: str) -> Any:
    """``source`` with absolute paths, as seen from ``folder``, and its objects as plain data, references unresolved.

    An address stays as it is.
    """
    if isinstance(source, str) and is_address(source):
        return source
    if isinstance(source, str | os.PathLike):
        return os.path.join(folder, os.fspath(source))  # noqa: PTH118  it keeps the spelling
    if isinstance(source, Mapping):
        return _settle_object(copy_plain(source)[0], folder)
    return [settle(item, folder) for item in source] if isinstance(source, list | tuple) else source


def _settle_object(config: dict[str, Any], folder: str) -> dict[str, Any]:
    named = config.get("include")
    if isinstance(named, str | list):
        names = [named] if isinstance(named, str) else named
        config["include"] = [settle(name, folder) if isinstance(name, str) else name for name in names]
    settled: dict[str, Any] = _settle_references(config, folder)
    return settled


def _settle_references(value: Any, folder: str) -> Any:
    """``value`` with absolute paths in its ``${file:...}`` and ``tls``."""
    if isinstance(value, dict):
        settled = {key: _settle_references(item, folder) for key, item in value.items()}
        if isinstance(settled.get("tls"), dict):
            settled["tls"].update(anchor_paths(settled["tls"], folder))
        return settled
    if isinstance(value, list):
        return [_settle_references(item, folder) for item in value]
    if not isinstance(value, str) or "${file:" not in value:
        return value
    pieces = parse_pieces(value)
    return "".join(
        f"${{file:{settle(piece.name, folder)}}}" if piece.scheme == "file" else piece.text for piece in pieces
    )


def refuse_keys(source: Any, exposed: list[Problem]) -> None:
    """Raise TypeError if configs that are Python objects have a key in plain text: it would be in the pickle.

    ``exposed`` is what validation has found; here, keys of servers on this machine count, too.
    """
    from modelhub.validation.rules.plaintext import is_harmless
    from modelhub.validation.walk import find_texts

    for problem in exposed:
        raise _refusal(f"config {problem.config_name!r}", problem.message)
    for path, text in find_texts(source):
        is_secret = is_secret_place(path) and not is_harmless(text)
        if is_secret or ("://" in text and redact({"": text}) != {"": text}):
            raise _refusal(_find_name(source, path), f"{label(path)} is a secret in plain text")


def _find_name(source: Any, path: tuple[str | int, ...]) -> str:
    """The innermost config that ``path`` leads through."""
    found = "this registry"
    for step in path:
        if isinstance(source, dict) and source.get("config_name"):
            found = f"config {source['config_name']!r}"
        source = source[step]
    return found


def _refusal(who: str, why: str) -> TypeError:
    return TypeError(
        f"{who} cannot be sent to another process: {why}. Write it as ${{NAME}}, or have the config in a file, or send"
        " the config_name and fetch the model there with get_model"
    )


def _is_importable(observer: Any) -> bool:
    if isinstance(observer, str):
        return True
    module = sys.modules.get(getattr(observer, "__module__", None) or "")
    return isinstance(observer, FunctionType) and getattr(module, observer.__qualname__, None) is observer


def build(packed: Packed) -> Any:
    """A new registry from what was packed."""
    allowed = {"allow_python": True} if packed.allow_python else {}
    return packed.kind(
        packed.source, wrappers=packed.wrappers, profile=packed.profile, observers=packed.observers, **allowed
    )


def reduce_model(registry: Any, config_name: str) -> tuple[Any, ...]:
    """What ``__reduce__`` of a model returns."""
    return fetch_model, (registry.pack().travelling(), config_name)


_arrived: dict[str, Any] = {}  # by their keys, the last ones that came
_arriving = Lock()


def fetch_model(packed: Packed, config_name: str) -> Any:
    """The model that has crossed; those of one registry come to one registry, which keeps its connections."""
    with _arriving:
        registry = _arrived.pop(packed.key, None)
        if registry is None or registry.is_closed:
            registry = build(packed)
        _arrived[packed.key] = registry
        for key in list(_arrived)[:-KEPT]:
            del _arrived[key]
        return registry.get_model(config_name)
