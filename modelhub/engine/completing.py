"""What every request gets of its call, and what its model says of all of them."""

from __future__ import annotations

from modelhub.engine.call import Call
from modelhub.engine.interface import HTTPModel
from modelhub.wire import Request


def complete(request: Request, call: Call) -> None:
    """Give ``request`` what its call adds, and what its model says: limits, way, and timeouts unless it has some."""
    model: HTTPModel = call.model
    bound = model.bound
    if call.extras is not None:
        call.extras.add_to(request)
    if not request.timeout:
        request.connect_timeout, request.timeout, request.first_token, _ = call.timeouts or bound.timeouts
    request.deadline = call.deadline
    request.max_body = bound.limits[1]
    request.way = bound.way
