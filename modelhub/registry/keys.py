"""Whether the keys that a config needs are there, as far as can be told without asking anybody."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from modelhub.secrets import find_path, is_secret_place
from modelhub.secrets.references import parse_pieces
from modelhub.validation.rules.variables import find_own_vendor


def has_keys(config: Mapping[str, Any]) -> bool | None:
    """Whether the secrets of a config, or the variable of its vendor, are set; None if it needs no key.

    Those that a plugin or a keyring has count as set: only a call asks for them.
    """
    secrets = list(_find_secrets(config, ()))
    if secrets:
        return all(map(_is_set, secrets))
    vendor = find_own_vendor(config)
    if vendor is None or not vendor.key_variables:
        return None
    return any(map(os.environ.get, vendor.key_variables)) or (None if vendor.key_optional else False)


def _find_secrets(value: Any, path: tuple[str | int, ...]) -> Iterator[str]:
    if isinstance(value, dict | list):
        for step, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _find_secrets(item, (*path, step))
    elif isinstance(value, str) and value and is_secret_place(path):
        yield value


def _is_set(text: str) -> bool:
    for piece in parse_pieces(text):
        if piece.kind != "reference" or piece.default:
            continue
        if piece.scheme == "file" and not find_path(piece.name).is_file():
            return False
        if piece.scheme in ("", "env") and not os.environ.get(piece.name):
            return False
    return True
