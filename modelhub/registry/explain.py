"""Where every value of a config comes from, and which values it replaced; secrets are masked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from modelhub.configs import Entry
from modelhub.configs.layers.origins import Node, Origin, build_node
from modelhub.secrets import MASK, find_path, redact, reference_names
from modelhub.validation import View, find_secret_places, looks_secret

DEFAULT = "default of the schema"
_DEEPEST = 5


@dataclass(frozen=True, slots=True)
class Beaten:
    """A value that another one replaced; ``layer`` names the part of the configs it is in, such as ``defaults.all``."""

    value: Any
    source: str
    layer: str | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """One value of a config: ``source`` is its place in a file, or says that it is a default of the schema.

    ``layer`` names the part of the configs that the value is in, if it is not in the config itself. ``references`` are
    the environment variables and files that it refers to, and whether they exist. ``removed`` is true if null removed
    the value.
    """

    path: tuple[str, ...]
    value: Any
    source: str
    layer: str | None = None
    removed: bool = False
    references: dict[str, bool] = field(default_factory=dict)
    beaten: tuple[Beaten, ...] = ()

    @property
    def key(self) -> str:
        """The path with dots: ``generate_args.temperature``."""
        return ".".join(self.path)


def explain(entry: Entry, schema: dict[str, Any]) -> list[Explained]:
    """Explain every value of a config, in the order of the config, then the defaults of ``schema`` that apply."""
    view = View.of(schema)
    defaults = dict(_find_defaults(view, entry.config, ()))
    own = str(entry.config.get("config_name"))
    tree = entry.origins or build_node(entry.config, Origin(entry.document, entry.path, own))
    explained = [_explain_leaf(path, node, own, view, defaults.pop(path, None)) for path, node in tree.leaves() if path]
    first = ["config_name", "model_type"]
    explained.sort(key=lambda each: first.index(each.key) if each.key in first else len(first))
    left = {path: value for path, value in defaults.items() if not _has(entry.config, path)}
    return explained + [Explained(path, _mask(path, value, view), DEFAULT) for path, value in left.items()]


def _explain_leaf(path: tuple[str, ...], node: Node, own: str, view: View, default: Any) -> Explained:
    beaten = [Beaten(_mask(path, low.data, view), low.origin.place, low.origin.layer) for low in node.beaten]
    if default is not None:
        beaten.append(Beaten(default, DEFAULT))
    return Explained(
        path,
        None if node.removed else _mask(path, node.data, view),
        node.origin.place,
        None if node.origin.layer == own else node.origin.layer,
        node.removed,
        {name: _is_there(name) for name in reference_names(node.data)},
        tuple(beaten),
    )


def _is_there(reference: str) -> bool:
    if reference.startswith("file:"):
        return find_path(reference.removeprefix("file:")).is_file()
    return reference in os.environ


def _find_defaults(view: View, config: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Find the defaults of the schema that apply to ``config``, also those that it replaces."""
    for key in sorted(view.properties):
        child = view.child(key)
        if child is None or child.deprecated:
            continue
        own = config.get(key) if isinstance(config, dict) else None
        if own is None and child.first("x-absent") == "off":
            continue
        default = child.first("default")
        if default is not None and not isinstance(own, dict):
            yield (*path, key), default
        elif child.properties and len(path) < _DEEPEST:
            yield from _find_defaults(child, own, (*path, key))


def _has(config: Any, path: tuple[str, ...]) -> bool:
    for key in path:
        if not isinstance(config, dict):
            return True  # something else stands where the default's mapping would be
        if key not in config:
            return False
        config = config[key]
    return True


def _mask(path: tuple[str, ...], value: Any, view: View) -> Any:
    """Mask the secrets in the value at ``path``: by their names, by how they look, and by what the schema says."""
    nested = value
    for key in reversed(path):
        nested = {key: nested}
    masked: Any = redact(nested, secret_paths=list(find_secret_places(view.at(path), value, path)))
    for key in path:
        masked = masked[key]
    return _mask_looks(masked, value)


def _mask_looks(masked: Any, value: Any) -> Any:
    """Also mask texts that look like a secret and are not masked yet."""
    if isinstance(value, dict) and isinstance(masked, dict):
        return {key: _mask_looks(masked[key], item) for key, item in value.items()}
    if isinstance(value, list) and isinstance(masked, list):
        return [_mask_looks(*pair) for pair in zip(masked, value, strict=True)]
    if not isinstance(value, str) or masked != value or "://" in value:  # in an address, secrets are masked by place
        return masked
    return MASK if looks_secret(value) else value
