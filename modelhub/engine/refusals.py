"""What is done when a server does not accept a request: it is sent elsewhere, or without what the server refused."""

from __future__ import annotations

from modelhub.engine.authorizing import sent
from modelhub.engine.call import Call
from modelhub.engine.effects import Flow
from modelhub.engine.interface import HTTPModel
from modelhub.engine.redirects import redirected
from modelhub.errors import BadRequestError
from modelhub.wire import Reply, Request


def accepted(call: Call, request: Request, reply: Reply) -> Flow[Reply]:
    """The successful reply that follows one which was none.

    The request goes where a redirect leads to. Where the model knows another way to say the same, that is tried once.
    Raises the error that the reply tells of.
    """
    model: HTTPModel = call.model
    try:
        return (yield from redirected(call, request, reply))
    except BadRequestError as error:
        other = model.relent(request, error, call.options)
        if other is None:
            raise
    reply = yield from sent(call, other)
    if 200 <= reply.status < 300:
        return reply
    return (yield from redirected(call, other, reply))
