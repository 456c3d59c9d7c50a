"""What plugins have for the hooks of calls: around each call, before each repeated try, and for each event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any

from modelhub.plugins.callers import Caller, attempt, find_callers

if TYPE_CHECKING:
    from modelhub.engine.call import Call
    from modelhub.errors import ModelCallError
    from modelhub.telemetry.told import CallInfo


class CallHooks:
    """What plugins have for the hooks of calls; one that fails is logged once, and never costs an answer."""

    __slots__ = ("_failed", "around_call", "observe", "on_retry")

    def __init__(self, around_call: Sequence[Caller], on_retry: Sequence[Caller], observe: Sequence[Caller]) -> None:
        self.around_call = around_call
        self.on_retry = on_retry
        self.observe = observe
        self._failed: set[Caller] = set()

    def tell_retry(self, info: CallInfo, call: Call, number: int, wait: float, error: ModelCallError) -> None:
        """Tell plugins that try ``number`` follows in ``wait`` seconds, because of ``error``."""
        if self.on_retry:
            told = copy(error)  # the error itself is explained when it ends the call
            call.model.explain(told)
            for caller in self.on_retry:
                self.run(caller, partial(caller, call=info, attempt=number, wait=wait, error=told))

    def tell(self, event: Any) -> None:
        """Hand an event to plugins."""
        for caller in self.observe:
            self.run(caller, partial(caller, event=event))

    def run(self, caller: Caller, action: Callable[[], Any]) -> Any:
        """What ``action`` gives; None if it fails."""
        result, done = attempt(caller, action, log=caller not in self._failed)
        if not done:
            self._failed.add(caller)
        return result


def find_call_hooks() -> CallHooks | None:
    """What the installed plugins have for the hooks of calls; None if they have nothing."""
    found = [find_callers(hook) for hook in ("around_call", "on_retry", "observe")]
    return CallHooks(*found) if any(found) else None
