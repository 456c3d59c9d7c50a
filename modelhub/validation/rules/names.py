"""Findings about names that hold characters which cannot be seen, or which look like others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from modelhub.diagnostics import Finding
from modelhub.diagnostics.lookalikes import describe_characters, find_odd, simplify
from modelhub.diagnostics.wording import label
from modelhub.printable import shorten
from modelhub.validation.rules.urls import URLS
from modelhub.validation.walk import Text

_NAMES = frozenset({"config_name", "model_name", "model", "models", "vendor", "api_version", "extends", *URLS})


def find_odd_names(texts: Iterable[Text]) -> Iterator[Finding]:
    """Yield a warning for each name or address with a character that was probably pasted along with it."""
    for path, key, text in texts:
        if key in _NAMES and "${" not in text and (odd := find_odd(text)):
            meant = simplify(text)
            hint = f"write '{shorten(meant, 80)}'" if meant and not find_odd(meant) else "write it anew"
            verb = "holds" if find_odd(text.strip()) else "begins or ends with"
            message = f"{label(path)} {verb} {describe_characters(odd)}"
            yield Finding("MH112", message, path, hint=hint, severity="warning")
