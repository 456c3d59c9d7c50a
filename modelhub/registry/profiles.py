"""What is wrong with configs as they are written and under each of their profiles; what several share comes once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from modelhub import configs
from modelhub.configs import Entry, Loaded
from modelhub.errors import Problem
from modelhub.records import replace
from modelhub.registry import checking
from modelhub.registry.types import KnownTypes

BASE = "base"  # what the configs without a profile are called


class Checked(NamedTuple):
    """What was found: the problems, how many configs there are, and which layers are sound where there are several.

    ``entries`` are the configs in effect without a profile, or under the first one.
    """

    problems: list[Problem]
    configs: int
    sound: dict[str, bool]
    entries: list[Entry]


def select_layers(sources: configs.Sources, profile: str | None) -> list[str | None]:
    """The profiles to check: the one that is asked for, here or by $MODELHUB_PROFILE, else none and then each."""
    selected = configs.select_profile(profile)
    return [selected] if selected is not None or profile is not None else [None, *sources.profiles]


def check_profiles(
    sources: configs.Sources,
    profiles: Sequence[str | None],
    types: KnownTypes = checking.INSTALLED,
    *,
    environment: bool = False,
    strict: bool = False,
) -> Checked:
    """Check the configs of ``sources`` under each of ``profiles``, None being none; ``strict`` takes no warnings."""
    read = {name: checking.read(sources, name, types, environment=environment) for name in profiles}
    first = next(iter(read.values()))
    whole = Loaded(problems=list(_merge(read)), files=first.files)
    whole.arrange()
    names = {str(entry.config.get("config_name", id(entry))) for loaded in read.values() for entry in loaded.entries}
    layers = {
        name or BASE: not any(strict or problem.severity == "error" for problem in loaded.problems)
        for name, loaded in read.items()
    }
    several = len(read) > 1
    same = max(len(loaded.entries) for loaded in read.values())  # two may have one name, which is a problem
    return Checked(whole.problems, max(len(names), same), layers if several else {}, first.entries)


def _merge(read: Mapping[str | None, Loaded]) -> Iterator[Problem]:
    """Each problem once; what holds under some profiles alone says so, unless it stands in one of them."""
    found: dict[Problem, list[str | None]] = {}
    for name, loaded in read.items():
        for problem in loaded.problems:
            found.setdefault(problem, []).append(name)
    wrong: dict[Any, set[str | None]] = {}
    for problem, names in found.items():
        if problem.severity == "error":
            wrong.setdefault(_place(problem), set()).update(names)
    for problem, names in found.items():
        worse = wrong.get(_place(problem))
        if problem.severity == "warning" and problem.line is not None and worse and worse.isdisjoint(names):
            continue  # under another profile, it is worse
        told = None in names or None not in read or problem.path[:1] == ("profiles",)
        within = ", ".join(f"'{name}'" for name in names)
        yield problem if told else replace(problem, message=f"{problem.message} (under the profile {within})")


def _place(problem: Problem) -> tuple[str | None, int | None, int | None]:
    return problem.file, problem.line, problem.column
