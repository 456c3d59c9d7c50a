"""Where in its phases a scenario is."""

from __future__ import annotations

import math
from collections.abc import Sequence

from modelhub.server.mock.scenario.shape import Phase


class Timeline:
    """Plays phases one after the other, ``rounds`` times (None is for ever), from the moment ``begun``.

    A phase of seconds begins when the one before has ended, whether requests come or not. A phase of requests ends with
    the last of them.
    """

    def __init__(self, phases: Sequence[Phase], rounds: int | None, begun: float) -> None:
        self._phases = phases
        self._left = math.inf if rounds is None else rounds
        self._begun = begun
        self._index = 0
        self._seen = 0  # requests of this phase
        self._last = begun  # when the last of them came
        # The seconds of a round, if nothing but time ends its phases.
        lengths = [phase.seconds for phase in phases]
        self._period = math.fsum(each for each in lengths if each) if phases and all(lengths) else 0.0

    def take(self, now: float) -> Phase | None:
        """The phase of a request that comes now; None after the last one."""
        if self._period and self._index == 0:
            self._skip_rounds(now)
        while self._left > 0 and self._phases:
            phase = self._phases[self._index]
            if phase.seconds is not None:
                end = self._begun + phase.seconds
                if now < end:
                    break
            elif phase.requests is not None and self._seen >= phase.requests:
                end = self._last
            else:
                break
            self._begin_next(end)
        else:
            return None
        self._seen += 1
        self._last = now
        return phase

    def _begin_next(self, begun: float) -> None:
        self._begun = begun
        self._seen = 0
        self._index += 1
        if self._index == len(self._phases):
            self._index = 0
            self._left -= 1

    def _skip_rounds(self, now: float) -> None:
        """Pass over whole rounds at once: nobody may have come for days."""
        whole = min(max(0, (now - self._begun) // self._period), self._left)
        self._left -= whole
        self._begun += whole * self._period
