"""What the hooks around a call are told: what is asked, and what came of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelhub.overriding import override
from modelhub.response import ModelResponse

if TYPE_CHECKING:
    from modelhub.engine.call import Call

_FIELDS = (
    *("text", "reasoning", "tool_calls", "finish_reason", "usage", "embedding", "origin", "_trail"),
    *("image_urls", "parsed", "raw", "request_id", "model", "refusal"),
)


class CallInfo:
    """A call as a hook sees it: whose it is, and what is asked.

    ``call_id`` is that of the events of the call, ``parent_id`` that of the call it is a part of, ``model`` is the
    vendor's name for the model, ``task`` what it does, such as ``chat``; ``tags`` are those that the caller gave.
    """

    __slots__ = (
        *("_arguments", "call_id", "config_name", "model", "model_type"),
        *("parent_id", "stream", "tags", "task"),
    )

    call_id: str
    parent_id: str | None
    config_name: str
    model_type: str
    model: str
    task: str
    stream: bool
    tags: tuple[str, ...]

    def __init__(self, call: Call, arguments: dict[str, Any], stream: bool) -> None:
        model = call.model
        self.call_id, self.parent_id = call.id, call.parent_id
        self.config_name, self.model, self.task = model.config_name, model.model_name, model.task
        self.model_type = model.model_type or type(model).__name__
        self.stream, self.tags = stream, call.tags
        self._arguments = arguments

    @property
    def arguments(self) -> dict[str, Any]:
        """A copy of what the model is asked, each time a new one; with secrets where the caller wrote some."""
        copied: dict[str, Any] = _copy(self._arguments)
        return copied

    @override
    def __repr__(self) -> str:
        return f"<CallInfo {self.call_id} of {self.config_name!r}>"


class Outcome:
    """What came of a call after ``seconds``: a response, or the ``error`` that the caller gets.

    It has neither of a stream that the caller left before its end.
    """

    __slots__ = ("_response", "error", "seconds")

    error: BaseException | None
    seconds: float

    def __init__(self, response: Any, error: BaseException | None, seconds: float) -> None:
        self._response = response
        self.error = error
        self.seconds = seconds

    @property
    def response(self) -> Any:
        """The ModelResponse of the call, as a copy; of a model in plain Python, what it returned."""
        given = self._response
        if not isinstance(given, ModelResponse):
            return given
        twin = ModelResponse()
        for name in _FIELDS:
            value = getattr(given, name, None if name != "_trail" else ())
            setattr(twin, name, list(value) if type(value) is list else value)
        return twin

    @override
    def __repr__(self) -> str:
        how = "answered" if self.error is None else type(self.error).__name__
        return f"<Outcome: {how} after {self.seconds:.3g} s>"


def _copy(value: Any) -> Any:
    """``value`` with copies of the containers in it."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    if type(value) is tuple:
        return tuple(_copy(item) for item in value)
    return value
