"""Check the prices that files list and that no config has; those of configs are checked with them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from modelhub.errors import Problem
from modelhub.records import replace
from modelhub.validation.check import Checker
from modelhub.validation.placing import build_problem
from modelhub.validation.schema.store import BASE, Schema
from modelhub.validation.schema.view import View

if TYPE_CHECKING:
    from modelhub.configs import Entry

_LISTED: Schema = {"$id": f"{BASE}any.json", "properties": {"price": {"$ref": "_common.json#/$defs/price"}}}


def check_prices(listed: Sequence[Entry]) -> list[Problem]:
    """Return every problem of prices, each of which is a config with nothing but that."""
    if not listed:
        return []
    checker, view = Checker(lambda _: None, ()), View([(_LISTED, _LISTED)])
    problems = []
    for entry in listed:
        for finding in checker.check_values(entry.config, _LISTED, view):
            where = f"{finding.message} in price" if finding.code == "MH103" and finding.key else finding.message
            problems.append(build_problem(entry, replace(finding, message=where), {}))
    return problems
