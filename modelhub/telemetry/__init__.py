"""Those who are told what happens in calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HOOKS: list[Callable[[Any], None]] = []
"""AgentScope's way: who is told of every call of the program that succeeded; without any, a call costs nothing more."""
