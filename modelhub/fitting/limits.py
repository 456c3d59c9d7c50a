"""What a vendor takes only so much of: texts that stop an answer, and tools of one name."""

from __future__ import annotations

from typing import Any

from modelhub.errors import BadRequestError
from modelhub.fitting.rules import VendorRules
from modelhub.fitting.tools import name_of


def normalize_stop(stop: Any, rules: VendorRules) -> Any:
    """What stops an answer, without texts of no length; None if nothing is left.

    Raises BadRequestError for what is no text, and for what the vendor refuses.
    """
    if stop is not None and not isinstance(stop, str | list | tuple):
        raise BadRequestError(f"stop must be a text or a list of texts, not {type(stop).__name__}")
    texts = [text for text in ([stop] if isinstance(stop, str) else stop or ()) if text != ""]
    if not texts:
        return None
    if rules.stops is not None and len(texts) > rules.stops:
        raise BadRequestError(f"stop has {len(texts)} texts: {rules.vendor} takes {rules.stops} at most")
    for n, text in enumerate(texts):
        if not isinstance(text, str):
            raise BadRequestError(f"stop[{n}] must be a text, not {type(text).__name__}")
        if not rules.blank_stops and not text.strip():
            raise BadRequestError(f"stop[{n}] is {text!r}: {rules.vendor} wants something beside white space in it")
    return stop if isinstance(stop, str) else texts


def check_unique(tools: list[dict[str, Any]], rules: VendorRules) -> list[dict[str, Any]]:
    """``tools``, each once; raises BadRequestError for different ones of the same name."""
    known: dict[str, dict[str, Any]] = {}
    kept: list[dict[str, Any]] = []
    for tool in tools:
        name = name_of(tool)
        if name is not None and known.setdefault(name, tool) is not tool:
            if known[name] != tool:
                raise BadRequestError(f"tools has two tools {name!r}: {rules.vendor} wants each name once")
            continue
        kept.append(tool)
    return kept
