"""What waits to be woken, by whichever thread or event loop comes first."""

from __future__ import annotations

from collections.abc import Callable


class Sleeper:
    """One who waits: ``listen`` says how to wake it, ``wake`` does so, and is kept for who does not listen yet."""

    __slots__ = ("_wake", "_woken")

    def __init__(self) -> None:
        self._wake: Callable[[], object] | None = None
        self._woken = False

    def listen(self, wake: Callable[[], object]) -> None:
        """Call ``wake`` from now on, from any thread, when it is worth to look again: at once, if it is."""
        self._wake = wake
        if self._woken:
            wake()

    def wake(self) -> None:
        """Tell who waits to look again."""
        self._woken = True  # before the look at _wake: `listen` looks the other way round
        if self._wake is not None:
            self._wake()


def rouse(sleeper: Sleeper) -> bool:
    """Wake ``sleeper``; whether that could be done: its event loop may be closed."""
    try:
        sleeper.wake()
    except Exception:
        return False
    return True
