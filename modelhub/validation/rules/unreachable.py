"""Find routes that no call can take, because a route before them takes all calls."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.diagnostics import Finding
from modelhub.validation.graph import COMPOSITE
from modelhub.validation.schema.view import View


def find_unreachable(config: dict[str, Any], view: View) -> Iterator[Finding]:
    """Yield a finding for each route of a router behind one without ``when``."""
    routes = config.get("routes") if view.first(COMPOSITE) == "router" else None
    if not isinstance(routes, list):
        return
    takes_all = next((n for n, route in enumerate(routes) if isinstance(route, dict) and "when" not in route), None)
    for n in range(len(routes) if takes_all is None else takes_all + 1, len(routes)):
        message = f"no call gets to routes[{n}]: routes[{takes_all}] has no 'when' and takes all that come to it"
        hint = f"give routes[{takes_all}] a 'when', or put it at the end"
        yield Finding("MH313", message, ("routes", n), hint=hint)
