"""The file of a gateway's callers: what is read from it, what is wrong with it, and a new entry."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from secrets import token_urlsafe
from typing import Any, NamedTuple, cast

from modelhub.configs import Document, Entry
from modelhub.diagnostics import Finding
from modelhub.diagnostics.wording import kind, label
from modelhub.errors import ConfigError, Problem
from modelhub.patterns import expression
from modelhub.secrets import anchor_files, resolve
from modelhub.server.gateway.callers import Caller, Callers, hash_key
from modelhub.validation.own_files import find_misfits, place, read_own_file
from modelhub.validation.rules.groups import SHARED, find_disputes

_START = "sk-mh-"
_SCHEMA = "_callers.json"
_HASH = expression(r"sha256:([0-9a-fA-F]{64})")


def read_callers(path: str | os.PathLike[str]) -> Callers:
    """The callers in a file (YAML or JSON): a list of name, hash, models, budget and limits.

    Raises ConfigError with all its problems.
    """
    name = os.fspath(path)
    found = list(read_own_file(name, "callers"))
    documents = [item for item in found if isinstance(item, Document)]
    problems = [item for item in found if isinstance(item, Problem) and item.severity == "error"]
    for document in documents:
        problems += [place(document, finding) for finding in find_problems(document)]
    if len(documents) > 1:
        problems.append(documents[1].problem("MH106", "a file of callers holds one list, and this is a second one"))
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
    data = documents[0].data
    anchor_files(data, os.path.dirname(os.path.abspath(name)))  # noqa: PTH100, PTH120
    return Callers([_build_caller(entry, documents[0].problem, n) for n, entry in enumerate(data)])


def find_problems(document: Document) -> list[Finding]:
    """Everything wrong with what a file of callers holds."""
    data = document.data
    if not isinstance(data, list):
        return [Finding("MH106", f"the callers are a list of {{name, hash, models, budget, limits}}, not {kind(data)}")]
    if not data:
        return [Finding("MH106", "the list of callers is empty", hint="modelhub serve --new-key NAME prints an entry")]
    findings = find_misfits(_SCHEMA, data)
    if not all(isinstance(entry, dict) for entry in data):
        return findings
    wrong = {finding.path[:2] for finding in findings}
    more = [*_find_unfit(data), *_find_twins(data), *_find_disputes(document)]
    return findings + [finding for finding in more if finding.path[:2] not in wrong]


def _find_unfit(data: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """What configs may say, and callers not: a budget that is a number, and references in names."""
    for n, entry in enumerate(data):
        if isinstance(entry.get("budget"), int | float):
            yield Finding("MH104", "budget must be a mapping", (n, "budget"), hint="write {usd: 5, per: day}")
        for key in ("name", "models"):
            if "${" in str(entry.get(key)):
                yield Finding("MH203", f"{label((key,))} must be written out: it takes no ${{...}}", (n, key))


class _Said(NamedTuple):
    """An entry as the rules of configs look at it."""

    config: Mapping[str, Any]
    number: int
    document: Document

    def problem(self, code: str, message: str, *path: str | int) -> Problem:
        """The problem at a place of the entry."""
        return self.document.problem(code, message, (self.number, *path))


def _find_disputes(document: Document) -> Iterator[Finding]:
    """Groups that do not agree on their limits or their budget."""
    entries = cast("list[Entry]", [_Said(entry, n, document) for n, entry in enumerate(document.data)])
    for shared in SHARED:
        for n, finding in find_disputes(entries, shared):
            yield replace(finding, path=(n, *finding.path))


def _find_twins(data: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """Names and keys that two callers have."""
    for key in ("name", "hash"):
        first: dict[str, int] = {}
        for n, entry in enumerate(data):
            value = entry.get(key)
            if not isinstance(value, str):
                continue
            before = first.setdefault(value.lower() if key == "hash" else value, n)
            if before != n and key == "name":
                yield Finding(
                    "MH108", f"another caller is called {value!r}", (n, key), hint="each has a name of its own"
                )
            elif before != n:
                hint = "each has a key of its own: modelhub serve --new-key NAME"
                yield Finding("MH108", f"caller {before + 1} of the list has the same key", (n, key), hint=hint)


def _build_caller(entry: dict[str, Any], problem: Callable[..., Problem], number: int) -> Caller:
    where, models = f"caller {entry['name']!r}", entry.get("models")
    match = _HASH.fullmatch(resolve(entry["hash"], where=where, path=("hash",)))
    if match is None:
        message = f"{where}: the hash that the reference stands for is not sha256: and 64 hexadecimal digits"
        raise ConfigError([problem("MH203", message, (number, "hash"))])
    models = None if models is None else tuple(models)
    return Caller(entry["name"], match[1].lower(), models, entry.get("budget"), entry.get("limits"))


class NewKey(NamedTuple):
    """A key that nobody has yet, and the ``entry`` of the file that lets its owner in."""

    key: str
    entry: dict[str, str]


def make_key(name: str) -> NewKey:
    """A new key for the caller called ``name``; only its hash is to be kept."""
    key = _START + token_urlsafe(32)
    return NewKey(key, {"name": name, "hash": f"sha256:{hash_key(key)}"})
