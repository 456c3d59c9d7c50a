"""What is kept of a call that has ended, as a row of the database."""

from __future__ import annotations

import json

from modelhub.events import CallEnded

COLUMNS = (
    *("call_id", "time", "config_name", "model_type", "model", "task", "prompt_tokens", "completion_tokens"),
    *("cached_tokens", "cache_write_tokens", "images", "cost", "currency", "error", "seconds", "attempts", "cached"),
    "tags",
)
Row = tuple[str | float | None, ...]

_LARGEST = 2**63 - 1  # that a database keeps


def build_row(call: CallEnded, time: float) -> Row:
    """The row of ``call``, which began at ``time``.

    A call that failed has no cost; one that was answered from our own cache has used no tokens and costs nothing.
    """
    usage = None if call.cached or call.usage is None else call.usage
    images = 0 if call.cached or call.response is None else len(call.response.image_urls or ())
    return (
        *(call.call_id, time, _text(call.config_name), _text(call.model_type), _text(call.model), _text(call.task)),
        _count(None if usage is None else usage.prompt_tokens),
        _count(None if usage is None else usage.completion_tokens),
        _count(None if usage is None else usage.cached_tokens),
        _count(None if usage is None else usage.cache_write_tokens),
        images,
        None if call.error is not None else 0.0 if call.cached else call.cost,
        call.currency,
        call.error,
        call.seconds,
        call.attempts,
        int(call.cached),
        json.dumps(sorted({_text(str(tag)) for tag in call.tags}), ensure_ascii=False),
    )


def _text(value: str) -> str:
    """``value`` as every database takes it: without half characters and NUL."""
    return str(value).encode(errors="replace").decode().replace("\0", "�")


def _count(tokens: float | None) -> int | None:
    return None if tokens is None else max(min(int(tokens), _LARGEST), 0)
