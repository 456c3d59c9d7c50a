"""What a file says about configs besides listing them: ``defaults``, ``profiles`` and ``include``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.configs.layers.origins import Node, Origin, build_node
from modelhub.configs.readers.document import Document
from modelhub.configs.readers.positions import Path
from modelhub.diagnostics import Severity
from modelhub.diagnostics.wording import describe
from modelhub.errors import Problem
from modelhub.records import Record

ALL = "all"
LAYER_KEYS = ("extends", "abstract")
_IDENTITY = ("config_name", *LAYER_KEYS)
_PROFILE_KEYS = ("models", "defaults")


class Defaults(Record):
    """The values that configs of one model_type (or ``all``) start from; with ``profile``, only under that profile."""

    model_type: str
    node: Node
    profile: str | None = None

    def problem(self, code: str, message: str, hint: str | None = None, *, severity: Severity = "error") -> Problem:
        """Build the problem about the model_type."""
        origin = self.node.origin
        return origin.document.problem(code, message, origin.path, key=True, hint=hint, severity=severity)


class Overlay(Record):
    """A partial config that a profile merges into the config called ``config_name``."""

    config_name: str
    config: dict[str, Any]
    origin: Origin
    profile: str
    keyed: bool = False  # the name is the key that the config stands under

    def problem(self, code: str, message: str, hint: str | None = None, *, severity: Severity = "error") -> Problem:
        """Build the problem about the name."""
        path = self.origin.path if self.keyed else (*self.origin.path, "config_name")
        return self.origin.document.problem(
            code, message, path, key=self.keyed, hint=hint, severity=severity, config_name=self.config_name
        )


class Profile(Record):
    """The name of a profile; there may be no overlay for it."""

    name: str


class Include(Record):
    """A path or a glob that names further files, as it was written."""

    value: str
    document: Document
    path: Path

    def problem(self, code: str, message: str, hint: str | None = None) -> Problem:
        """Build the problem that stands at the path."""
        return self.document.problem(code, message, self.path, hint=hint)


Declaration = Defaults | Overlay | Profile | Include


def parse_declaration(document: Document, key: str, value: Any, path: Path) -> Iterator[Declaration | Problem]:
    """Parse the value of ``defaults``, ``profiles`` or ``include``, which stands at ``path``."""
    if value is None:
        return
    if key == "defaults":
        yield from _parse_defaults(document, value, path, None)
    elif key == "profiles":
        yield from _parse_profiles(document, value, path)
    else:
        yield from _parse_include(document, value, path)


def _parse_defaults(document: Document, value: Any, path: Path, profile: str | None) -> Iterator[Declaration | Problem]:
    if not isinstance(value, dict):
        message = f"'defaults' must be a mapping, not {describe(value)}"
        yield document.problem("MH106", message, path, hint="write a model_type or 'all', and the keys below it")
        return
    for model_type, config in value.items():
        place = (*path, model_type)
        if isinstance(config, dict):
            banned = _IDENTITY if model_type == ALL else (*_IDENTITY, "model_type")
            for key in [key for key in banned if key in config]:
                message = f"'{key}' cannot be a default"
                yield document.problem("MH103", message, (*place, key), key=True, hint="write it in the configs")
            kept = {key: item for key, item in config.items() if key not in banned}
            layer = f"profiles.{profile}.defaults.{model_type}" if profile else f"defaults.{model_type}"
            yield Defaults(model_type, build_node(kept, Origin(document, place, layer)), profile)
        elif config is not None:
            message = f"the defaults of '{model_type}' must be a mapping, not {describe(config)}"
            hint = f"write '{model_type}' below 'all' to give it to all configs"
            yield document.problem("MH106", message, place, hint=hint)


def _parse_profiles(document: Document, value: Any, path: Path) -> Iterator[Declaration | Problem]:
    if not isinstance(value, dict):
        message = f"'profiles' must be a mapping, not {describe(value)}"
        yield document.problem("MH106", message, path, hint="write the name of a profile, and its configs below it")
        return
    for profile, content in value.items():
        yield Profile(profile)
        place = (*path, profile)
        if isinstance(content, dict) and any(key in content for key in _PROFILE_KEYS):
            yield from _parse_structured(document, content, place, profile)
        elif content is not None:
            yield from _parse_overlays(document, content, place, profile)


def _parse_structured(
    document: Document, content: dict[str, Any], path: Path, profile: str
) -> Iterator[Declaration | Problem]:
    """Parse a profile that is written like a file, with ``models`` and ``defaults``."""
    for key, value in content.items():
        if key not in _PROFILE_KEYS:
            hint = "a profile has models and defaults, or only configs"
            yield document.problem("MH103", f"unknown key '{key}'", (*path, key), key=True, hint=hint)
        elif value is not None and key == "models":
            yield from _parse_overlays(document, value, (*path, key), profile)
        elif value is not None:
            yield from _parse_defaults(document, value, (*path, key), profile)


def _parse_overlays(document: Document, value: Any, path: Path, profile: str) -> Iterator[Declaration | Problem]:
    keyed = isinstance(value, dict)
    if not isinstance(value, dict | list):
        message = f"a profile is a list of configs, or a mapping of them by config_name, not {describe(value)}"
        yield document.problem("MH106", message, path)
        return
    for step, config in value.items() if isinstance(value, dict) else enumerate(value):
        place = (*path, step)
        if not isinstance(config, dict):
            if config is not None or not keyed:
                message = f"a config in a profile is a mapping, not {describe(config)}"
                yield document.problem("MH106", message, place)
            continue
        name = config.get("config_name", step if keyed else None)
        if keyed and (problem := check_key(document, config, place)):
            yield problem
            continue
        if not isinstance(name, str):
            at = (*place, "config_name") if "config_name" in config else place
            yield document.problem("MH102", "config_name is missing", at, hint="say which config this changes")
            continue
        origin = Origin(document, place, f"profiles.{profile}")
        yield Overlay(name, config, origin, profile, keyed and "config_name" not in config)


def check_key(document: Document, config: dict[str, Any], path: Path) -> Problem | None:
    """Say so if a config has another config_name than the key that it stands under, which is the end of ``path``."""
    if config.get("config_name", path[-1]) == path[-1]:
        return None
    message = "config_name says something else than the key above it"
    return document.problem("MH106", message, (*path, "config_name"), hint="leave it out")


def _parse_include(document: Document, value: Any, path: Path) -> Iterator[Declaration | Problem]:
    items = [(path, value)] if isinstance(value, str) else None
    if isinstance(value, list):
        items = [((*path, index), item) for index, item in enumerate(value)]
    if items is None:
        message = f"'include' must be a path or a list of paths, not {describe(value)}"
        yield document.problem("MH106", message, path)
        return
    for place, item in items:
        if isinstance(item, str) and item:
            yield Include(item, document, place)
        else:
            message = f"a path to include is text, not {describe(item) if item != '' else 'an empty one'}"
            yield document.problem("MH106", message, place)
