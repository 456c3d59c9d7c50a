"""What wrappers written for AgentScope find in their base class besides the call: hooks, records and the monitor."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelhub.telemetry.invocations import Hook
    from modelhub.telemetry.usage import Monitor


def complete(model: Any, arguments: dict[str, Any]) -> None:
    """Set the attributes that the base's ``__init__`` sets, if the model's own ``__init__`` has not called it."""
    missing: Any = object.__new__(type(model))
    inits: list[Any] = [vars(cls)["__init__"] for cls in type(model).__mro__ if "__init__" in vars(cls)]
    for init in inits[1:]:
        if "config_name" in {**vars(model), **vars(missing)}:
            break
        init(missing, **arguments)
    vars(model).update({**vars(missing), **vars(model)})


class Inheritance:
    """A base of ModelWrapperBase for wrappers written for AgentScope; modelhub itself does not use it."""

    @cached_property
    def monitor(self) -> Monitor:
        """The sums and counters of this process."""
        from modelhub.telemetry.usage import MONITOR

        return MONITOR

    @classmethod
    def register_save_model_invocation_hook(cls, hook_name: str, hook: Hook) -> None:
        """Call ``hook(model, invocation_id, timestamp, arguments, response, usage)`` after each call that succeeds.

        All wrappers share the hooks, whichever class they are registered on. For a stream, they run once, at its end;
        for async calls, they run in a thread. They see no secrets. If a hook raises an error, the error is logged.
        """
        from modelhub.telemetry import invocations

        invocations.register_hook(hook_name, hook)

    @classmethod
    def remove_save_model_invocation_hook(cls, hook_name: str) -> None:
        """Forget one hook."""
        from modelhub.telemetry import invocations

        invocations.remove_hook(hook_name)

    @classmethod
    def clear_save_model_invocation_hook(cls) -> None:
        """Forget all hooks."""
        from modelhub.telemetry import invocations

        invocations.clear_hooks()

    @staticmethod
    def format_for_common_chat_models(*args: Any) -> list[dict[str, Any]]:
        """The prompt layout that most vendors share; wrappers for AgentScope before 0.1.3 call it here."""
        from modelhub.formatters import CommonFormatter

        return CommonFormatter.format_multi_agent(*args)

    def _save_model_invocation(
        self, arguments: Any, response: Any = None, usage: Any = None, json_response: Any = None
    ) -> None:
        """Tell hooks and observers about a call that this wrapper has made itself; never raises."""
        from modelhub.telemetry import invocations

        invocations.tell(self, arguments, json_response if response is None else response, usage)

    def _register_default_metrics(self) -> None:
        """Register the counters of a wrapper, as in AgentScope before 0.1.0; subclasses may override it."""

    def _register_budget(self, model_name: str, budget: float | None) -> None:
        """Do nothing: a budget did not stop calls in AgentScope either."""

    def _metric(self, metric_name: str) -> str:
        """The full name of one of this model's counters."""
        return f"{getattr(self, 'model_name', type(self).__name__)}.{metric_name}"

    def update_monitor(self, **metrics: float) -> None:
        """Add to the counters of this model, as in AgentScope before 0.1.0."""
        self.monitor.update({self._metric(name): value for name, value in metrics.items()})
