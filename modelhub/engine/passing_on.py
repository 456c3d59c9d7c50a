"""Serves a flow within another one, effect by effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelhub.engine.effects import Flow


def passed_on(
    flow: Flow[Any], keeps_back: Callable[[Any], bool], begin: Callable[[Flow[Any]], Any] = next
) -> Flow[Any]:
    """``flow``, each effect of which is shown to ``keeps_back`` first; what that keeps does not reach the driver.

    ``begin`` starts it, as ``next`` does.
    """
    try:
        effect = begin(flow)
        while True:
            if keeps_back(effect):
                effect = flow.send(None)
                continue
            try:
                outcome = yield effect
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(outcome)
    except StopIteration as done:
        return done.value
    finally:
        flow.close()
