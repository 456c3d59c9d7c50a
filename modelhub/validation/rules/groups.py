"""Check that configs which share their limits, or a budget, agree on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from modelhub.diagnostics import Finding
from modelhub.policies.budget import Budget
from modelhub.policies.limits import Limits

if TYPE_CHECKING:
    from modelhub.configs import Entry


def _list_defaults(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in type(value).__slots__ if name != "group"}


class Shared(NamedTuple):
    """A key whose value configs of one ``group`` share: its bounds, and its defaults."""

    key: str
    bounds: tuple[str, ...]
    defaults: Mapping[str, Any]


SHARED = (
    Shared("limits", ("concurrency", "rpm", "tpm"), _list_defaults(Limits())),
    Shared("budget", ("usd", "tokens"), _list_defaults(Budget())),
)


def find_disputes(entries: Sequence[Entry], shared: Shared) -> Iterator[tuple[int, Finding]]:
    """Yield a finding for each config, by its number, that does not say the same as its group.

    A config may name the group alone. A group is also wrong if none of its configs says a bound.
    """
    key, bounds, _ = shared
    place = (key, "group")
    groups: dict[str, list[int]] = {}
    for number, entry in enumerate(entries):
        said = entry.config.get(key)
        group = said.get("group") if isinstance(said, dict) else None
        if isinstance(group, str) and group and "${" not in group:
            groups.setdefault(group, []).append(number)
    for group, members in groups.items():
        saying = [number for number in members if entries[number].config[key].keys() - {"group"}]
        if not any(entries[number].config[key].get(bound) is not None for number in saying for bound in bounds):
            message = f"no config of the group {group!r} says what its {key} {'is' if key == 'budget' else 'are'}"
            hint = f"give one of them {', '.join(bounds[:-1])} or {bounds[-1]}"
            yield members[0], Finding("MH310", message, place, hint=hint)
            continue
        first = entries[saying[0]]
        for number in saying[1:]:
            if differences := _compare(first.config[key], entries[number].config[key], shared.defaults):
                there = first.problem("MH310", "", *place).place
                message = f"the group {group!r} has other {key} at {there}: {', '.join(differences)}"
                hint = "write the same numbers, or the group alone"
                yield number, Finding("MH310", message, place, hint=hint)


def _compare(first: Mapping[str, Any], later: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """Where two limits differ, in words; a reference may stand for any value."""
    found = []
    for key, default in defaults.items():
        there, here = first.get(key, default), later.get(key, default)
        if there != here and not any(isinstance(value, str) and "${" in value for value in (there, here)):
            found.append(f"{key} is {_say(there)} there and {_say(here)} here")
    return found


def _say(value: Any) -> str:
    return "unlimited" if value is None else str(value)
