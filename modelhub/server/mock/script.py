"""What the server shall do next: a queue of faults and a queue of answers, shared between threads."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import orjson

from modelhub.server.formats.answers import Answer, ToolCall
from modelhub.server.formats.replies import Reply, Stream
from modelhub.server.mock.faults import Fault, parse_fault

Scripted = str | Mapping[str, Any]
_RAW_KEYS = frozenset({"status", "headers", "body", "chunks", "end", "delay_s"})
_ANSWER_KEYS = frozenset({"text", "reasoning", "tool_calls", "finish_reason"})


class Script:
    """One fault and one answer for each request, in order; when they are used up, the seed gives the answers."""

    def __init__(self, faults: Sequence[str] = ()) -> None:
        self._lock = Lock()
        self._faults: deque[Fault] = deque(map(parse_fault, faults))
        self._answers: deque[Answer | Reply] = deque()

    def set_faults(self, faults: Sequence[str]) -> None:
        """Replace the faults that are not used yet; raises ModelHubError for a name that does not exist."""
        parsed = [parse_fault(fault) for fault in faults]
        with self._lock:
            self._faults = deque(parsed)

    def add_answers(self, answers: Sequence[Scripted]) -> None:
        """Add answers to the queue; raises ValueError for a dict with unknown keys."""
        parsed = [build_scripted(answer) for answer in answers]
        with self._lock:
            self._answers.extend(parsed)

    def clear(self) -> None:
        """Forget all faults and answers."""
        with self._lock:
            self._faults.clear()
            self._answers.clear()

    def take_fault(self) -> Fault | None:
        """The fault for this request; None if the script says nothing."""
        with self._lock:
            return self._faults.popleft() if self._faults else None

    def give_back(self, answer: Answer | Reply) -> None:
        """Put an answer that was not sent before all others."""
        with self._lock:
            self._answers.appendleft(answer)

    def take_answer(self, speaks: bool) -> Answer | Reply | None:
        """The answer for this request; only raw replies for an endpoint that does not use an Answer."""
        with self._lock:
            if not self._answers or not (speaks or isinstance(self._answers[0], Reply)):
                return None
            return self._answers.popleft()


def build_scripted(answer: Scripted) -> Answer | Reply:
    """Read an answer: a text, a dict of parts (``text``, ``tool_calls``...) or a raw reply (``status``, ``body``...).

    A raw reply may also have ``end`` ("abrupt" or "reset_before") and ``delay_s``.
    """
    if isinstance(answer, str):
        return Answer(answer)
    if answer and answer.keys() <= _RAW_KEYS:
        return _build_raw(answer)
    if not answer or not answer.keys() <= _ANSWER_KEYS:
        raise ValueError(f"an answer has keys of {sorted(_ANSWER_KEYS)}, a raw reply of {sorted(_RAW_KEYS)}")
    calls = tuple(
        ToolCall(call.get("id") or f"call_mock{index}", call["name"], dict(call.get("arguments") or {}))
        for index, call in enumerate(answer.get("tool_calls") or ())
    )
    reason = answer.get("finish_reason") or ("tool_calls" if calls else "stop")
    return Answer(answer.get("text") or "", answer.get("reasoning") or "", calls, reason)


def _build_raw(raw: Mapping[str, Any]) -> Reply:
    headers = {name.lower(): str(value) for name, value in (raw.get("headers") or {}).items()}
    chunks = raw.get("chunks")
    kind = headers.pop("content-type", "application/json")
    end = raw.get("end")
    return Reply(
        status=raw.get("status") or 200,
        body=_build_bytes(raw.get("body") or b""),
        stream=None if chunks is None else Stream(deltas=tuple(map(_build_bytes, chunks))),
        headers=headers,
        content_type=kind,
        ending="cut" if end == "abrupt" else "reset" if end == "reset_before" else "whole",
        delay=raw.get("delay_s") or 0.0,
    )


def _build_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return value.encode("utf-8", "surrogateescape") if isinstance(value, str) else orjson.dumps(value)
