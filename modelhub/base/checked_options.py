"""Which options of a call a model knows, by the schema of its type: their values are checked, near misses are told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from modelhub.base.option_checks import Check, build_check, explain_value
from modelhub.base.options import OURS, REFUSED, explain_refused
from modelhub.diagnostics.suggest import suggest
from modelhub.diagnostics.wording import did_you_mean
from modelhub.errors import BadRequestError
from modelhub.plugins.option_schemas import Part, find_named, find_options, find_place, read_schema
from modelhub.printable import printable, shorten

_MOST = 256  # names that are remembered as unknown, and as no near miss


class KnownOptions:
    """The options that the schema of a type knows, each with its check.

    ``elsewhere`` are those that others check, in the forms that they may have. A name that is unknown passes on to the
    vendor, since vendors add options, unless it is nearly one that is known.
    """

    __slots__ = ("_checks", "_known", "_parts", "_passed")

    def __init__(self, schema: Part | None, elsewhere: Collection[str]) -> None:
        self._parts = {} if schema is None else find_options(schema)
        self._known = [*self._parts, *OURS, *REFUSED, *elsewhere] if self._parts else []
        self._passed = {*OURS, *elsewhere, *self._parts, *(() if schema is None else find_named(schema))}
        self._checks: dict[str, Check] = {}
        for name, part in self._parts.items():
            check = None if name in elsewhere else build_check(part)
            if check is not None:
                self._checks[name] = check

    def check(self, options: Mapping[str, Any]) -> None:
        """Raise BadRequestError for a near miss of a known option, and for a value that its schema refuses."""
        checks = self._checks
        for name, value in options.items():
            check = checks.get(name)
            if check is None:
                if name not in self._passed:
                    self._look_at(name)
            elif value is not None and not check(value):  # None leaves an option out
                self._explain(name, value)

    def _look_at(self, name: str) -> None:
        near = suggest(name, self._known) if self._known else None
        if near is None:
            if len(self._passed) - len(self._parts) < _MOST:
                self._passed.add(name)
            return
        if near in REFUSED:
            raise BadRequestError(explain_refused(name, near))
        shown = shorten(printable(name), 80)
        hint = f"{did_you_mean(near)} An option that modelhub does not know goes into extra_body"
        raise BadRequestError(f"a call has no option {shown!r}: {hint}")

    def _explain(self, name: str, value: Any) -> None:
        why = explain_value(self._parts[name], name, value)
        if why is not None:
            raise BadRequestError(why)


_KNOWN: dict[Any, KnownOptions] = {}


def find_known(cls: Any) -> KnownOptions:
    """The options that models of a class know."""
    known = _KNOWN.get(cls)
    if known is None:
        place = find_place(cls)
        schema = None if place is None else read_schema(*place)
        known = _KNOWN[cls] = KnownOptions(schema, cls.checked_elsewhere)
    return known
