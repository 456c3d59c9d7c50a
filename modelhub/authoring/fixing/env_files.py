"""Files that set variables of the environment, a line each: ``NAME=value``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping


def parse_env(text: str) -> dict[str, str]:
    """The variables that a file sets; lines that set none are passed over."""
    found = {}
    for line in text.splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and name.strip().isidentifier():
            try:
                words = shlex.split(value, comments=True)
            except ValueError:  # a quote without its other half
                words = [value.strip()]
            found[name.strip()] = " ".join(words)
    return found


def build_env(variables: Mapping[str, str]) -> str:
    """Lines that set variables, as shells and programs that read such files take them."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
