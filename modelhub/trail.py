"""What a call has tried: one record for each attempt, the oldest first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

Outcome = Literal["answered", "failed", "cached", "coalesced", "rejected", "skipped", "unaccepted"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to get an answer.

    ``attempt`` counts from 1 for each config. ``status`` is the reply's, None where there was none. ``waited`` is how
    many seconds it waited in line and in the pause before it, ``seconds`` how long it took. ``outcome`` is

    * answered: its answer was used or passed on;
    * failed: it was sent and failed, with ``error``;
    * cached, coalesced: the answer of another call was used;
    * rejected: it was not sent, because of a limit, a budget or an open breaker;
    * skipped: a router passed the model over;
    * unaccepted: a cascade did not accept the answer.
    """

    config_name: str
    model_type: str
    attempt: int
    status: int | None
    error: BaseException | None
    waited: float
    seconds: float
    outcome: Outcome

    def to_dict(self) -> dict[str, Any]:
        """The attempt by its attributes, for JSON; its error is without a trail of its own."""
        told = {name: getattr(self, name) for name in self.__slots__}
        return {**told, "error": None if self.error is None else _tell(self.error)}


def _tell(error: BaseException) -> dict[str, Any]:
    """An error for JSON, without what it holds of others."""
    to_dict = getattr(error, "to_dict", None)
    if to_dict is None:
        return {"error": type(error).__name__, "message": str(error)}
    facts: dict[str, Any] = to_dict(bare=True)
    return facts


Facts = tuple[str, str, int, int | None, float, float, Outcome]
"""An attempt as calls keep it: config_name, model_type, attempt, status, waited, seconds, outcome."""
Entry = tuple[Facts, BaseException | None]
"""The facts of an attempt and its error; the last one of an error's trail leaves the error itself out."""


def build_trail(entries: Iterable[Entry], own: BaseException | None = None) -> tuple[Attempt, ...]:
    """The records for ``entries``; ``own`` is the error whose trail they are."""
    return tuple(
        Attempt(name, kind, attempt, status, error or (own if outcome in _FAILURES else None), waited, seconds, outcome)
        for (name, kind, attempt, status, waited, seconds, outcome), error in entries
    )


_FAILURES = ("failed", "rejected")
