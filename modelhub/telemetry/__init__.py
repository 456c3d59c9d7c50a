"""Tells observers and hooks what happens in calls, and sums what calls use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

HOOKS: list[Callable[[Any], None]] = []
"""AgentScope's way: who is told of every call of the program that succeeded; without any, a call costs nothing more."""
