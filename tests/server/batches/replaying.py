"""Requests of the vendors' SDKs, sent again to a mock server that has seen none: it gives the same ids again."""

from __future__ import annotations

import json
import re
from typing import Any

import requests

SENT = ("content-type", "anthropic-version", "x-goog-api-key")
# Times, addresses, and digests of what contains them.
_VOLATILE = re.compile(r'"[^"]*(?:_at|Time|_url|[uU]ri)":(?:\d+|"[^"]*")')


def is_sent(name: str) -> bool:
    """Whether a header says something to the server."""
    return name.lower() in SENT or name.lower().startswith("x-goog-upload")


def replay(url: str, exchange: dict[str, Any]) -> dict[str, Any]:
    """What the server at ``url`` replies, without what is new each time."""
    reply = requests.request(
        exchange["method"],
        url + exchange["path"],
        params=exchange["query"],
        headers=exchange["headers"],
        data=exchange["body"].encode(),
        timeout=10,
    )
    return {"status": reply.status_code, "body": _settle(reply.text)}


def _settle(text: str) -> list[Any]:
    """The JSON of a body, or of its lines."""
    compact = [json.dumps(json.loads(line), separators=(",", ":")) for line in text.splitlines()]
    return [json.loads(_VOLATILE.sub(lambda found: found[0].partition(":")[0] + ':"..."', line)) for line in compact]
