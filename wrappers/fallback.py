"""The first of several models that answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelhub.base import Call, CompositeWrapper, Flow, override
from modelhub.base.in_turn import ON_ERROR, ask_in_turn, find_errors
from modelhub.errors import ConfigError


class FallbackWrapper(CompositeWrapper):
    """Asks ``models`` one after the other, until one answers.

    It goes on after the errors that ``on_error`` names, their subclasses among them, and only as long as nothing of an
    answer has been handed to the caller. When none answers, the error of the last one is raised: its message has the
    errors of all, its ``trail`` all attempts.
    """

    model_type = "fallback"

    def __init__(
        self,
        config_name: str | None = None,
        models: Sequence[str] = (),
        on_error: Sequence[str] = ON_ERROR,
        **kwargs: Any,
    ) -> None:
        super().__init__(config_name, **kwargs)
        if not models:
            raise ConfigError(f"{self.config_name!r} is a fallback without models: name at least one")
        self.models = list(models)
        self.on_error = find_errors(on_error)

    @override
    def list_targets(self) -> Sequence[str]:
        return self.models

    @override
    def answer(self, call: Call) -> Flow[Any]:
        return ask_in_turn(call, [self.find(name, call) for name in self.models], self.on_error)
