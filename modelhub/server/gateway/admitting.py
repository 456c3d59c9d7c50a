"""What callers may use: their limits and budgets stand around the calls of models as those of configs do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from modelhub.base import ModelWrapperBase
from modelhub.base.composite import ask
from modelhub.engine.call import Call
from modelhub.engine.effects import Flow
from modelhub.errors import BudgetExceededError, ModelCallError, RateLimitError
from modelhub.policies.stack import Guards
from modelhub.registry.guarding import Guarding
from modelhub.server.gateway.callers import ANYONE, Caller, Callers

_REFUSED = (RateLimitError, BudgetExceededError)


class Entrance(ModelWrapperBase):
    """Where the calls of one caller come in: to the policies, a model that asks another, as composites do."""

    is_composite: ClassVar[bool] = True

    def __init__(self, caller: Caller, guards: Guards | None) -> None:
        super().__init__(caller.tag)
        self.caller = caller
        self.guards = guards
        self._tags = () if caller.tag is None else (caller.tag,)

    async def ask(self, model: Any, input: Any, options: dict[str, Any]) -> Any:
        """The answer of ``model``, as its ``acall`` gives it.

        Raises what a call raises; RateLimitError and BudgetExceededError, too, if the caller may not use more now.
        """
        if self._tags:
            options["tags"] = self._tags
        if self.guards is None:
            return await model.acall(input, **options)
        return await model.home.drivers.aio().run(self._admitted(model, input, options))

    def _admitted(self, model: Any, input: Any, options: dict[str, Any]) -> Flow[Any]:
        call = Call(self, (input,), {})
        call.keywords = options
        try:
            assert self.guards is not None
            return (yield from self.guards.attempted(call, ask(call, model)))
        except ModelCallError as error:
            if isinstance(error, _REFUSED) and error.config_name is None:  # its own, not the model's
                what = "budget is used up" if isinstance(error, BudgetExceededError) else "limits allow no more now"
                error.message = f"your {what}"
                error.args = (error.message,)
            raise


class Entrances:
    """The entrances of all callers; what was used so far stays with a caller whose limits and budget stay."""

    def __init__(self, callers: Callers) -> None:
        self._guarding = Guarding(self._find_group)
        self._entrances: dict[str, Entrance] = {}
        self._callers = callers
        self.prepare(callers)()

    def prepare(self, callers: Callers) -> Callable[[], None]:
        """What lets other callers in when it is called; the old ones come in until then.

        Raises ConfigError if the limits or the budget of one cannot be kept.
        """
        before, self._callers = self._callers, callers
        try:
            entrances = {caller.name: self._open(caller) for caller in (ANYONE, *callers.all)}
        except BaseException:
            self._callers = before
            raise

        def change() -> None:
            self._entrances = entrances

        return change

    def find(self, caller: Caller) -> Entrance:
        """Where a caller comes in."""
        return self._entrances[caller.name]

    def close(self) -> None:
        """Give back what is shared, and write what was spent."""
        self._guarding.close()

    def _open(self, caller: Caller) -> Entrance:
        before = self._entrances.get(caller.name)
        if before is not None and (before.caller.limits, before.caller.budget) == (caller.limits, caller.budget):
            return Entrance(caller, before.guards)
        said: dict[str, Any] = {"config_name": caller.tag or ""}
        if caller.limits is not None:
            said["limits"] = {"on_limit": "fail", **caller.limits}
        if caller.budget is not None:
            said["budget"] = caller.budget
        return Entrance(caller, self._guarding.build(said, None, None))

    def _find_group(self, key: str, group: str) -> Mapping[str, Any]:
        """What the callers of ``group`` say for ``key``: the first of those that say anything."""
        said = (getattr(caller, key) for caller in self._callers.all)
        members = (value for value in said if value is not None and value.get("group") == group)
        return next((value for value in members if value.keys() - {"group"}), {})
