"""What crosses to another process by pickle, and what stays behind."""

from __future__ import annotations

from typing import Any

_PLAIN = (str, int, float, bool, type(None))


def crosses(value: Any) -> bool:
    """Whether pickle can carry ``value`` away and bring it back."""
    if type(value) in _PLAIN:
        return True
    import pickle  # most programs stay in one process

    try:
        pickle.loads(pickle.dumps(value))
    except Exception:  # classes may raise anything here
        return False
    return True


def is_plain(value: Any) -> bool:
    """Whether ``value`` looks like decoded JSON, or like a list of it; the depth is not looked at."""
    return type(value) in _PLAIN or type(value) is dict or (type(value) is list and all(map(is_plain, value)))
