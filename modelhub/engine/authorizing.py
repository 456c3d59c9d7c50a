"""Authorizes each request of a model right before it is sent, and keeps what is made for that out of errors."""

from __future__ import annotations

from modelhub.engine.call import Call
from modelhub.engine.carrying import carry
from modelhub.engine.effects import Flow
from modelhub.engine.interface import Authorization, Authorized, HTTPModel
from modelhub.errors import ModelCallError
from modelhub.wire import Reply, Request

_KEPT = 16  # secrets of the last requests of a call; a server repeats those that it has just got


def sent(call: Call, request: Request) -> Flow[Reply]:
    """The reply to ``request``, which is authorized if the model says how."""
    model: HTTPModel = call.model
    if call.listener is not None:
        carry(call, request)
    if model.authorization is None:
        reply: Reply = yield request
        return reply
    return (yield from authorized(call, model.authorization, request))


def authorized(call: Call, authorization: Authorization, request: Request) -> Flow[Reply]:
    """The reply to ``request``, authorized; after a 401 it is authorized anew, once."""
    call.authorization = authorization
    sources = call.model.home.drivers
    made = authorization.authorize(request, sources) or (yield from authorization.ask(request, sources))
    if made.secrets:
        _remember(call, made)
    reply: Reply = yield made.request
    if reply.status == 401 and authorization.forget(made.request):
        made = authorization.authorize(request, sources) or (yield from authorization.ask(request, sources))
        _remember(call, made)
        reply = yield made.request
    return reply


def _remember(call: Call, made: Authorized) -> None:
    call.secrets = (*call.secrets[-_KEPT:], *made.secrets)


def conceal(call: Call, error: ModelCallError) -> None:
    """Take out of ``error`` what the requests of ``call`` were authorized with."""
    authorization = call.authorization
    if authorization is None:
        return
    error.message = authorization.conceal(error.message, call.secrets)
    error.args = (error.message, *error.args[1:])
    if error.code is not None:
        error.code = authorization.conceal(error.code, call.secrets)
    if error.request_id is not None:
        error.request_id = authorization.conceal(error.request_id, call.secrets)
