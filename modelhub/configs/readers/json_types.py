"""Copies data and keeps only JSON types; says what was left out."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from modelhub.configs.readers.allowance import TOO_MANY, Allowance
from modelhub.diagnostics import Finding

MAX_DEPTH = 200
MAX_BITS = 4096
_DROPPED = object()


class _TooManyValues(Exception):
    """The data is larger than any config can be; most likely, it repeats the same object."""


def copy_plain(value: Any, allowance: Allowance | None = None) -> tuple[Any, list[Finding]]:
    """Copy ``value`` as dicts, lists, str, int, float, bool and None; return the copy and what was left out.

    What is copied is taken off ``allowance``.
    """
    copier = _Copier(allowance or Allowance())
    try:
        copy = copier.copy(value)
    except _TooManyValues:
        return None, [Finding("MH106", TOO_MANY)]
    return (None if copy is _DROPPED else copy), copier.findings


class _Copier:
    def __init__(self, allowance: Allowance) -> None:
        self.allowance = allowance
        self.findings: list[Finding] = []
        self.path: list[str | int] = []
        self.open: set[int] = set()

    def copy(self, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, str):
            return self._copy_text(value)
        if isinstance(value, int):
            return int(value) if value.bit_length() <= MAX_BITS else self._drop("the number is too large")
        if isinstance(value, float):
            return float(value) if isfinite(value) else self._drop(f"{float(value)} is not a JSON number")
        if isinstance(value, Mapping | list | tuple):
            return self._copy_container(value)
        return self._copy_other(value)

    def _copy_text(self, value: str) -> Any:
        try:
            value.encode()
        except UnicodeEncodeError as error:
            return self._drop(f"the text holds half a character (\\u{ord(value[error.start]):04x})")
        return value if type(value) is str else "".join(value)

    def _copy_container(self, value: Mapping[Any, Any] | list[Any] | tuple[Any, ...]) -> Any:
        if id(value) in self.open:
            return self._drop("the value contains itself")
        if len(self.open) >= MAX_DEPTH:
            return self._drop(f"nested deeper than {MAX_DEPTH} levels")
        if not self.allowance.take_values(len(value)):
            raise _TooManyValues
        self.open.add(id(value))
        copy = self._copy_mapping(value) if isinstance(value, Mapping) else self._copy_list(value)
        self.open.remove(id(value))
        return copy

    def _copy_mapping(self, value: Mapping[Any, Any]) -> dict[str, Any]:
        copy: dict[str, Any] = {}
        for key, item in value.items():
            if not isinstance(key, str):
                self._drop(f"the key {key!r:.50} must be a str, not {type(key).__name__}")
                continue
            name = self._copy_text(key)
            if name is _DROPPED:
                continue
            self.path.append(name)
            copied = self.copy(item)
            self.path.pop()
            if copied is not _DROPPED:
                copy[name] = copied
        return copy

    def _copy_list(self, value: list[Any] | tuple[Any, ...]) -> list[Any]:
        copy = []
        for index, item in enumerate(value):
            self.path.append(index)
            copied = self.copy(item)
            self.path.pop()
            copy.append(None if copied is _DROPPED else copied)
        return copy

    def _copy_other(self, value: Any) -> Any:
        from datetime import date, time

        if isinstance(value, date | time):
            return value.isoformat()
        return self._drop(
            f"a value of type {type(value).__name__} is not JSON", "use dict, list, str, int, float, bool or None"
        )

    def _drop(self, message: str, hint: str | None = None) -> Any:
        self.findings.append(Finding("MH106", message, tuple(self.path), hint=hint))
        return _DROPPED
