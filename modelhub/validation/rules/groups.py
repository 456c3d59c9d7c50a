"""Check that configs which share their limits agree on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from modelhub.diagnostics import Finding
from modelhub.policies.limits import Limits

if TYPE_CHECKING:
    from modelhub.configs import Entry

_PLACE = ("limits", "group")
_LIMITED = ("concurrency", "rpm", "tpm")
_DEFAULTS = {name: getattr(Limits(), name) for name in Limits.__slots__ if name != "group"}


def find_disputes(entries: Sequence[Entry]) -> Iterator[tuple[int, Finding]]:
    """Yield a finding for each config, by its number, whose limits are not those of its group.

    A config may name the group alone. A group is also wrong if none of its configs says a limit.
    """
    groups: dict[str, list[int]] = {}
    for number, entry in enumerate(entries):
        limits = entry.config.get("limits")
        group = limits.get("group") if isinstance(limits, dict) else None
        if isinstance(group, str) and group and "${" not in group:
            groups.setdefault(group, []).append(number)
    for group, members in groups.items():
        saying = [number for number in members if entries[number].config["limits"].keys() - {"group"}]
        if not any(entries[number].config["limits"].get(key) is not None for number in saying for key in _LIMITED):
            message = f"no config of the group {group!r} says what its limits are"
            hint = f"give one of them {', '.join(_LIMITED[:-1])} or {_LIMITED[-1]}"
            yield members[0], Finding("MH310", message, _PLACE, hint=hint)
            continue
        first = entries[saying[0]]
        for number in saying[1:]:
            if differences := _compare(first.config["limits"], entries[number].config["limits"]):
                place = first.problem("MH310", "", *_PLACE).place
                message = f"the group {group!r} has other limits at {place}: {', '.join(differences)}"
                hint = "write the same numbers, or the group alone"
                yield number, Finding("MH310", message, _PLACE, hint=hint)


def _compare(first: Mapping[str, Any], later: Mapping[str, Any]) -> list[str]:
    """Where two limits differ, in words; a reference may stand for any value."""
    found = []
    for key, default in _DEFAULTS.items():
        there, here = first.get(key, default), later.get(key, default)
        if there != here and not any(isinstance(value, str) and "${" in value for value in (there, here)):
            found.append(f"{key} is {_say(there)} there and {_say(here)} here")
    return found


def _say(value: Any) -> str:
    return "unlimited" if value is None else str(value)
