"""Configs as text, YAML or JSON by the suffix of a path, with no library but the standard one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# What YAML reads as the string that it looks like; everything else is quoted as JSON quotes, which YAML reads alike.
_PLAIN = re.compile(r"[A-Za-z_/$][\w./:@+${}-]*(?<!:)", re.ASCII)
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}


def build_text(configs: list[dict[str, Any]], path: Path | None = None) -> str:
    """The text of a file with ``configs``: JSON for a ``path`` that ends in .json, else YAML."""
    if path is not None and path.suffix == ".json":
        return json.dumps(configs, indent=2, ensure_ascii=False) + "\n"
    lines = []
    for config in configs:
        first, *others = build_lines(config)
        lines += [f"- {first}", *(f"  {line}" for line in others)]
    return "\n".join(lines) + "\n"


def build_lines(mapping: dict[str, Any]) -> Iterator[str]:
    """The lines of a mapping in YAML, which hold mappings and scalars."""
    for key, value in mapping.items():
        if isinstance(value, dict) and value:
            yield f"{key}:"
            yield from (f"  {line}" for line in build_lines(value))
        else:
            yield f"{key}: {build_scalar(value)}"


def build_scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return json.dumps(value, ensure_ascii=False)
