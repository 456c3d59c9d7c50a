"""Compares configs by what is in effect: their order, their comments and how they are written mean nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from modelhub.authoring.comparing.read import Configs
from modelhub.records import Record, replace
from modelhub.registry.profiles import BASE

_ABSENT: Any = object()


class Change(Record):
    """One key of a config that has another value; ``kind`` is added, removed or changed. Secrets are masked."""

    key: str
    kind: str
    old: Any = None
    new: Any = None


class Changed(Record):
    """What has become of one config; ``kind`` is added, removed or changed, ``breaks`` why callers notice, if so."""

    config_name: str
    kind: str
    keys: tuple[Change, ...] = ()
    breaks: str | None = None


class Comparison(Record):
    """What has changed in each layer: "base", and the profiles, of these what does not hold for the base already."""

    layers: dict[str, list[Changed]]
    added: list[str]
    removed: list[str]

    @property
    def is_same(self) -> bool:
        """Whether nothing has changed."""
        return not (self.added or self.removed or any(self.layers.values()))

    @property
    def breaks_callers(self) -> bool:
        """Whether a config_name is gone, or does another task."""
        return any(each.breaks for changed in self.layers.values() for each in changed)


def compare(old: Configs, new: Configs) -> Comparison:
    """What has changed from ``old`` to ``new``; a profile that only one of them has is compared to the other's base."""
    names = list(dict.fromkeys([*old.layers, *new.layers]))
    layers: dict[str, list[Changed]] = {}
    for name in names:
        before, after = (name if name in each.layers else BASE for each in (old, new))
        found = _compare_layers(old, before, new, after)
        base = {each.config_name: each for each in layers.get(BASE, [])}
        layers[name] = [rest for each in found if (rest := _leave_out(each, base.get(each.config_name)))]
    return Comparison(
        layers,
        [name for name in new.layers if name not in old.layers],
        [name for name in old.layers if name not in new.layers],
    )


def _leave_out(changed: Changed, told: Changed | None) -> Changed | None:
    """What has become of a config besides what was ``told`` of it; None if that is all."""
    if told is None or told.kind != changed.kind:
        return changed
    keys = tuple(key for key in changed.keys if key not in told.keys)
    breaks = None if changed.breaks == told.breaks else changed.breaks
    return replace(changed, keys=keys, breaks=breaks) if keys or breaks else None


def _compare_layers(old: Configs, before: str, new: Configs, after: str) -> Iterator[Changed]:
    mine, theirs = old.layers[before], new.layers[after]
    for name in dict.fromkeys([*mine, *theirs]):
        if name not in theirs:
            yield Changed(name, "removed", breaks="it is gone")
        elif name not in mine:
            yield Changed(name, "added")
        elif mine[name] != theirs[name]:
            tasks = old.find_task(before, name), new.find_task(after, name)
            keys = tuple(_compare_values(mine[name], theirs[name], old.mask(mine[name]), new.mask(theirs[name]), ()))
            yield Changed(name, "changed", keys, _explain(*tasks))
        elif (tasks := (old.find_task(before, name), new.find_task(after, name))) and (why := _explain(*tasks)):
            yield Changed(name, "changed", breaks=why)  # what it asks does another task


def _explain(before: str | None, after: str | None) -> str | None:
    return f"it does {after} in place of {before}" if before and after and before != after else None


def _compare_values(old: Any, new: Any, shown_old: Any, shown_new: Any, path: Sequence[str]) -> Iterator[Change]:
    """The keys that differ; values are compared as they are, and shown as they may be."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            pair, shown = ([each.get(key, _ABSENT) for each in both] for both in ((old, new), (shown_old, shown_new)))
            yield from _compare_values(pair[0], pair[1], shown[0], shown[1], [*path, str(key)])
    elif old is _ABSENT:
        yield Change(".".join(path), "added", new=shown_new)
    elif new is _ABSENT:
        yield Change(".".join(path), "removed", old=shown_old)
    elif old != new or type(old) is not type(new):
        yield Change(".".join(path), "changed", shown_old, shown_new)
