"""Gives requests the headers by which a server knows what they are a part of."""

from __future__ import annotations

from modelhub.engine.call import Call
from modelhub.engine.interface import HTTPModel
from modelhub.wire import Request


def carry(call: Call, request: Request) -> None:
    """Add what those who listen want to go along, if the config says ``propagate``; headers that are there win."""
    model: HTTPModel = call.model
    if call.listener is None or not model.propagate:
        return
    present = {name.lower() for name in request.headers}
    added = {name: value for name, value in call.listener.carry(call).items() if name.lower() not in present}
    if added:
        request.headers = {**request.headers, **added}
