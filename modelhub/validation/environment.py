"""Check the ``${...}`` references of configs: that they can be resolved at all, and that what they name is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from modelhub.errors import ConfigError, Problem
from modelhub.references import resolve
from modelhub.validation.fault import Fault
from modelhub.validation.leaves import find_texts
from modelhub.validation.wording import label

if TYPE_CHECKING:
    from modelhub.configs import Entry

_REFERENCE = re.compile(r"(?<!\$)\$\{[^}]*\}")
_GOOD = re.compile(r"\$\{(?:[A-Za-z_][A-Za-z0-9_]*(?::-.*)?|[a-z][a-z0-9_+.-]*:(?!-).+)\}", re.DOTALL)


def find_bad_references(config: dict[str, Any]) -> Iterator[Fault]:
    """Yield a fault for each text with a reference that names neither a variable nor a file."""
    for path, text in find_texts(config):
        if "${" in text and not all(_GOOD.fullmatch(reference) for reference in _REFERENCE.findall(text)):
            hint = "write ${NAME}, ${NAME:-default} or ${file:/path}, and $${ for a literal ${"
            yield Fault("MH203", f"{label(path)} holds a ${{...}} without the name of a variable", path, hint=hint)


def check_environment(entries: Sequence[Entry]) -> list[Problem]:
    """Return a problem for every reference of the configs that cannot be resolved now."""
    return [
        entry.problem(fault.code, fault.message, *fault.path, hint=fault.hint)
        for entry in entries
        for fault in find_missing(entry.config)
    ]


def find_missing(config: dict[str, Any]) -> Iterator[Fault]:
    """Yield a fault for each variable that is not set and each file that cannot be read."""
    for path, text in find_texts(config):
        for reference in dict.fromkeys(_REFERENCE.findall(text)):
            if not _GOOD.fullmatch(reference):  # which is wrong in any environment
                continue
            try:
                resolve(reference, where=label(path))
            except ConfigError as error:
                (found,) = error.problems
                yield Fault(found.code, found.message, path, hint=found.hint)
