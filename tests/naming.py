"""The names of cases, which are the same in every process."""

from __future__ import annotations

import re
from typing import Any


def name_case(value: Any) -> str:
    """``value`` as text, without the address of an object or the order of a set, and not too long."""
    if isinstance(value, set | frozenset):
        value = sorted(map(str, value))
    return re.sub(r" at 0x[0-9a-f]+", "", str(value))[:50]
