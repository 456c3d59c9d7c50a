"""Whole characters in what Python code answers: half of one, a lone surrogate, finds its other half, or is lost."""

# JSON texts from servers need none of this: their halves are gone when they are decoded.

from __future__ import annotations

from typing import Any

from modelhub.response import ModelResponse, StreamedResponse
from modelhub.wire import Halves, mend, mend_inside

_TEXTS = ("text", "reasoning")
_FIELDS = (*_TEXTS, "parsed", "image_urls", "finish_reason", "request_id", "model", "raw")
_CALL = ("id", "name", "arguments")


def mend_answer(answer: Any) -> Any:
    """``answer``; if it is a response, with whole characters only."""
    if isinstance(answer, ModelResponse) and not isinstance(answer, StreamedResponse) and not _is_whole(answer):
        _mend_fields(answer)
    return answer


class Characters:
    """Makes the deltas of a stream whole: one that ends with half a character waits for the next."""

    def __init__(self) -> None:
        self._halves: Halves | None = None  # while a delta waits

    def add(self, delta: ModelResponse) -> list[ModelResponse]:
        """Take in the next delta; returns those that need not wait any more."""
        if self._halves is None and _is_whole(delta):
            return [delta]
        halves = self._halves or Halves()
        ready = [piece.build() for piece in halves.add(_Piece(delta))]
        self._halves = halves if halves else None
        return ready

    def release(self) -> list[ModelResponse]:
        """The deltas that wait, when no more will come."""
        return [] if self._halves is None else [piece.build() for piece in self._halves.release()]


class _Piece:
    """A delta, with the texts that may go on in another one as ``data``."""

    def __init__(self, delta: ModelResponse) -> None:
        self.delta = delta
        texts = {name: getattr(delta, name) or "" for name in _TEXTS}
        calls = [{"index": getattr(call, "index", n), "json": call.arguments} for n, call in _calls(delta)]
        self.data: Any = mend_inside({**texts, "calls": calls})

    def build(self) -> ModelResponse:
        """The delta with its texts as they are now."""
        delta = self.delta
        for name in _TEXTS:
            if getattr(delta, name):
                setattr(delta, name, self.data[name])
        for (_, call), now in zip(_calls(delta), self.data["calls"], strict=True):
            call.arguments = now["json"]
        _mend_fields(delta)
        return delta


def _calls(response: ModelResponse) -> list[tuple[int, Any]]:
    return list(enumerate(response.tool_calls or ()))


def _is_whole(response: ModelResponse) -> bool:
    """Whether there is no half in it; ``raw``, which may be large, is not looked at."""
    if not _same(response.text):
        return False
    calls = response.tool_calls or ()
    others = response.reasoning or response.model or response.parsed or response.image_urls or calls
    if not others:
        return True
    if not (_same(response.reasoning) and _same(response.model) and _same(response.parsed)):
        return False
    return _same(response.image_urls) and all(_same(getattr(call, name)) for call in calls for name in _CALL)


def _same(value: Any) -> bool:
    return value is None or mend(value) is value


def _mend_fields(response: ModelResponse) -> None:
    for name in _FIELDS:
        setattr(response, name, mend(getattr(response, name)))
    for _, call in _calls(response):
        for name in _CALL:
            setattr(call, name, mend(getattr(call, name)))
