"""Check that the formatter of a config exists, in modelhub or in an installed package; nothing is imported for it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.diagnostics import Finding
from modelhub.diagnostics.suggest import suggest
from modelhub.diagnostics.wording import did_you_mean
from modelhub.validation.rules.contests import SEE_PLUGINS, explain_contest
from modelhub.validation.schema.view import View


def find_unknown_formatter(config: dict[str, Any], view: View) -> Iterator[Finding]:
    """Yield a finding for a formatter that does not exist; the schema marks the key by ``"x-refers": "formatter"``."""
    name = config.get("formatter")
    place = view.child("formatter")
    if not isinstance(name, str) or not name or "${" in name or not place or place.first("x-refers") != "formatter":
        return
    from modelhub.formatters.installed import FORMATTERS, list_formatters

    if name not in FORMATTERS:
        known = list_formatters()
        near = suggest(name, known)
        message = f"there is no formatter called {name!r}; there are {', '.join(known)}"
        yield Finding("MH202", message, ("formatter",), hint=did_you_mean(near) if near else None)
        return
    if absence := FORMATTERS.find_absence(name):
        message = f"formatter {FORMATTERS.find(name)} cannot be used: {absence}"
        yield Finding("MH501", message, ("formatter",), hint=SEE_PLUGINS)
    if rivals := FORMATTERS.find_rivals(name):
        yield explain_contest(name, rivals, "formatter")
