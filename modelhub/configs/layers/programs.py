"""Recognises the files of other programs by the keys that only they have, which ``_programs.json`` lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

from modelhub.configs.layers.shapes import hint_list
from modelhub.configs.readers.document import Document
from modelhub.configs.readers.positions import Path
from modelhub.diagnostics.suggest import suggest
from modelhub.errors import Problem
from modelhub.patterns import expression
from modelhub.records import Record

_MOST = 100  # how many configs of a file are looked at
_IDENTITY = ("config_name", "model_type")
_VARIABLE = expression(r"(export\s+)?[A-Z_][A-Z0-9_]*=", re.ASCII)
_ENVIRONMENT = "this is a file of environment variables, which is not for modelhub"
_ENVIRONMENT_HINT = "set them before the program starts; configs refer to them as ${NAME}"


class OtherProgram(Record):
    """The one thing to say about a source that holds no model configs: which program's it is, and what to do."""

    name: str
    problem: Problem
    importer: str = ""  # what `modelhub import` calls it, if it converts it


class _Row(NamedTuple):
    name: str
    advice: str
    importer: str
    signs: tuple[tuple[tuple[str, ...], ...], ...]  # one of these, of which all paths are there
    in_lists: tuple[tuple[tuple[str, ...], ...], ...]  # the same, for the items of a list only


def find_program(document: Document, value: Any, path: Path = ()) -> OtherProgram | None:
    """Find the program that ``value``, a source without model configs, is the config of."""
    places = [(value, path)] if isinstance(value, dict) else []
    if isinstance(value, list):
        places = [(item, (*path, index)) for index, item in enumerate(value) if isinstance(item, dict)]
    places = places[:_MOST]
    names = {str(key) for place, _ in places for key in _find_keys(place)}
    keys = names.intersection(_IDENTITY) or {meant for name in names if (meant := suggest(name, _IDENTITY))}
    if "config_name" in keys:
        return None
    is_item = bool(places) and places[0][1] != ()
    for row in _load_rows() if places else ():
        for paths in (*row.signs, *(row.in_lists if is_item else ())):
            if "model_type" in keys and ("model_type",) not in paths:
                continue
            for item, place in places:
                if all(_has(item, steps) for steps in paths):
                    return _build(document, row, (*place, _find_key(item, paths[0][0])))
    if isinstance(value, dict) and value and all(_is_variable(*item) for item in value.items()):
        return OtherProgram(_ENVIRONMENT, document.problem("MH106", _ENVIRONMENT, path, hint=_ENVIRONMENT_HINT))
    below = _list_models(value)
    if keys or len(below) < 2 or not all(isinstance(each, dict) and each for each in below):
        return None
    message = f"none of these {len(below)} models has a config_name or a model_type"
    return OtherProgram("", document.problem("MH106", message, path, hint=hint_list(document.format)))


def _list_models(value: Any) -> list[Any]:
    """What stands where a list of configs, or a mapping of them, would be."""
    if isinstance(value, dict):
        value = value.get("models")
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []


def _is_variable(key: Any, value: Any) -> bool:
    return isinstance(value, str) and _VARIABLE.fullmatch(f"{key}=") is not None


def find_variables(text: str, name: str) -> OtherProgram | None:
    """Recognise a text that sets variables of the environment, as ``.env`` files do."""
    lines = [line.strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not (lines and all(map(_VARIABLE.match, lines))):
        return None
    importer = "aider" if any(line.removeprefix("export ").startswith("AIDER_") for line in lines) else ""
    message = "this is aider's file of environment variables, which is not for modelhub" if importer else _ENVIRONMENT
    hint = f"`modelhub import aider {_quote(name)}` converts it" if importer else _ENVIRONMENT_HINT
    return OtherProgram(message, Problem("MH106", message, hint, name, 1, 1, 1, 1), importer)


def _find_keys(value: dict[str, Any]) -> Iterator[str]:
    """The keys of a mapping, and of those in it that may be configs."""
    yield from value
    for below in value.values():
        inner = list(below.values()) if isinstance(below, dict) else below if isinstance(below, list) else []
        for each in (below, *inner[:_MOST]):
            if isinstance(each, dict):
                yield from each


def _build(document: Document, row: _Row, path: Path) -> OtherProgram:
    hint = row.advice.replace("{import}", row.importer).replace("{file}", _quote(document.name)) or hint_list(
        document.format
    )
    message = f"this is {row.name}, which is not for modelhub"
    return OtherProgram(row.name, document.problem("MH106", message, path, key=True, hint=hint), row.importer)


def _quote(name: str | None) -> str:
    """The name of a file as a shell takes it."""
    import shlex

    return {None: "FILE", "<stdin>": "-"}.get(name) or shlex.quote(str(name))


def _has(value: Any, steps: Sequence[str]) -> bool:
    """Whether there is something at the end of the path ``steps``."""
    if not steps:
        return True
    step, rest = steps[0], steps[1:]
    if step == "*":
        below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return any(_has(item, rest) for item in below)
    key, _, part = step.partition("=")
    return (
        isinstance(value, dict) and key in value and part in str(value[key] if part else "") and _has(value[key], rest)
    )


def _find_key(value: dict[str, Any], first: str) -> str:
    """The key of ``value`` that the path beginning with ``first`` goes through."""
    return next(iter(value)) if first == "*" else first.partition("=")[0]


@cache
def _load_rows() -> list[_Row]:
    import json
    import pkgutil

    rows = json.loads(pkgutil.get_data("modelhub.schemas", "_programs.json") or b'{"programs": []}')["programs"]
    return [
        _Row(
            row["is"],
            row.get("do") or ("`modelhub import {import} {file}` converts it" if "import" in row else ""),
            row.get("import", ""),
            tuple(_parse_sign(sign) for sign in row["keys"] if not sign.startswith("- ")),
            tuple(_parse_sign(sign[2:]) for sign in row["keys"] if sign.startswith("- ")),
        )
        for row in rows
    ]


def _parse_sign(sign: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(path.split("/")) for path in sign.split(" + "))
