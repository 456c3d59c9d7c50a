"""What every protocol tells of a failure beside its body: when to come again, and whether to come at all."""

from __future__ import annotations

import math

from modelhub.server.formats.replies import Failure, Json, Reply
from modelhub.wire import encode_json

_FINAL = frozenset({"quota", "budget"})


def build_refusal(failure: Failure, body: Json, status: int | None = None) -> Reply:
    """The reply of a failure; ``x-should-retry``, which SDKs obey, stops them where waiting does not help."""
    headers: dict[str, str] = {}
    if failure.wait is not None:
        headers["retry-after"] = str(max(0, math.ceil(failure.wait)))
    if failure.name in _FINAL:
        headers["x-should-retry"] = "false"
    return Reply(failure.status if status is None else status, encode_json(body), headers=headers)
