"""Keeping a model's own secrets out of the errors it raises."""

from __future__ import annotations

import re
from collections.abc import Iterable

SECRET_NAME = re.compile(r"(^|[-_])(api[-_]?key|key|token|secret|password|authorization)$", re.IGNORECASE)


def scrub(text: str, secrets: Iterable[str]) -> str:
    """``text`` with every one of ``secrets`` masked; servers like to repeat the key they refuse."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, "***")
    return text
