"""What a forked process forgets: the places of threads that only its parent has."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forgetful(Protocol):
    """Something in which threads hold places."""

    def forget_holders(self) -> None:
        """Free all places: no thread is left that would."""


_ALL: weakref.WeakSet[Forgetful] = weakref.WeakSet()


def forget_in_child(holder: Forgetful) -> None:
    """See to it that ``holder`` forgets its holders in each process that is forked from now on."""
    _ALL.add(holder)


def _forget_all() -> None:
    for holder in list(_ALL):
        holder.forget_holders()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
