"""What is wrong with a scenario that its schema cannot say."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.wording import either, label
from modelhub.server.mock.faults import PAUSES, PLACED

_ENDS = ("seconds", "requests")


def find_faults(data: Mapping[str, Any], unfit: Collection[Path] = ()) -> Iterator[Finding]:
    """Yield what is wrong with the rules that fit the schema, less those whose paths are ``unfit``; () is the last."""
    open_rule: int | None = None
    for index, rule in enumerate(data.get("rules", ()) if ("rules",) not in unfit else ()):
        path: Path = ("rules", index)
        if path in unfit:
            continue
        if open_rule is not None:
            message = f"{label(path)} is never used: rules[{open_rule}] fits every request"
            yield Finding("MH100", message, path, hint="say a model or a path there, or put it last")
        elif rule.get("model", "*") == rule.get("path", "*") == "*":
            open_rule = index
        yield from _check_rule(rule, path)
    if () not in unfit:
        yield from _check_rule(data, ())


def _check_rule(rule: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    yield from _check_behaviour(rule, path)
    phases: Sequence[Mapping[str, Any]] = rule.get("timeline", ())
    for index, phase in enumerate(phases):
        place: Path = (*path, "timeline", index)
        yield from _check_behaviour(phase, place)
        ends = [key for key in _ENDS if key in phase]
        if len(ends) > 1:
            yield Finding("MH100", f"{label(place)} ends by seconds or by requests, not by both", place)
        elif not ends and (index + 1 < len(phases) or rule.get("loop")):
            why = "only the last phase goes on for ever, and no phase of a loop"
            yield Finding("MH102", f"{label(place)} does not end: {why}", place, hint="add 'seconds' or 'requests'")
    if "loop" in rule and not phases:
        yield Finding("MH102", f"there is no timeline for {label((*path, 'loop'))}", (*path, "loop"), key=True)


def _check_behaviour(behaviour: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    faults: Sequence[Mapping[str, Any]] = behaviour.get("faults", ())
    for index, fault in enumerate(faults):
        yield from _check_fault(fault, (*path, "faults", index))
    total = math.fsum(fault.get("share", 1.0) for fault in faults)
    if total > 1 + 1e-9:
        place = (*path, "faults")
        hint = "a fault without a share befalls every request"
        yield Finding("MH201", f"the shares of {label(place)} are {total:g} together, more than 1", place, hint=hint)
    limits = behaviour.get("limits", {})
    if "burst" in limits and "rpm" not in limits:
        place = (*path, "limits", "burst")
        message = f"{label(place)} is a part of a minute's requests, and there is no rpm"
        yield Finding("MH102", message, place, key=True, hint="add 'rpm'")
    for key in ("latency", "chunk_delay"):
        times = behaviour.get(key)
        spread = times.get("uniform") if isinstance(times, Mapping) else None
        if spread and spread["min"] > spread["max"]:
            place = (*path, key, "uniform", "min")
            yield Finding("MH201", f"{label(place)} must be at most max, which is {spread['max']:g}", place)


def _check_fault(fault: Mapping[str, Any], path: Path) -> Iterator[Finding]:
    name = fault.get("fault", "status")
    if ("status" in fault) == ("fault" in fault):
        wrong = "has both a status and a fault" if "fault" in fault else "says no fault"
        hint = "give it 'status' (400 to 599) or 'fault' (cut, hang, stall, ...)"
        yield Finding("MH102", f"{label(path)} {wrong}", path, hint=hint)
        return
    for key, names in (("after", PLACED), ("seconds", PAUSES)):
        if key in fault and name not in names:
            message = f"'{key}' means nothing in {label(path)}: it goes with {either(sorted(names))}"
            yield Finding("MH103", message, (*path, key), key=True, hint="remove it")
