"""The places of a config that its schema calls secret, by ``"writeOnly": true``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.diagnostics import Path
from modelhub.validation.schema.view import View


def find_secret_places(view: View | None, value: Any, path: Path = ()) -> Iterator[Path]:
    """Yield the path of each secret value in ``value``, which stands at ``path`` and has the view ``view``."""
    waiting = [(view, value, path)]
    while waiting:
        place, node, at = waiting.pop()
        if place is None:
            continue
        if place.secret:
            yield at
        steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        waiting += [(place.child(step), item, (*at, step)) for step, item in steps]
