"""How the requests of a batch are made and their replies read: by the wrapper itself, as in a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.base import check_vectors
from modelhub.base.own import OWN, take_own
from modelhub.bulk.questions import Question
from modelhub.bulk.vendor.api import Result
from modelhub.bulk.vendor.losses import explain_end
from modelhub.engine.call import Call
from modelhub.engine.completing import complete
from modelhub.engine.extras import take_extras
from modelhub.engine.http import build_request
from modelhub.engine.parsing import read, settle_calls
from modelhub.engine.structured import parse_structured
from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse
from modelhub.secrets import is_secret_name
from modelhub.wire import Reply, Request, encode_json


def prepare(model: Any, question: Question) -> Call:
    """The call that ``question`` stands for, with its options in the vendor's form; raises ModelCallError."""
    _ = model.bound  # before the options of the config are looked at
    kwargs = dict(question.options)
    own = take_own(kwargs) if not OWN.isdisjoint(kwargs) else None  # how a call waits and repeats, and its tags
    input, options = model.bind(question.input, **kwargs)
    options.pop("stream", None)
    options = model.merge(options)
    model.check_options(options)
    call = Call(model, input, options)
    if own is not None:
        call.tags = own.tags
    model.fit_call(call)
    if call.options:
        call.extras = take_extras(call.options, model.place_extra)
    return call


def build(call: Call) -> Request:
    """The request of ``call`` for a whole answer; raises BadRequestError for what cannot be asked."""
    request = build_request(call, False)
    complete(request, call)
    return request


def find_headers(request: Request, usual: Mapping[str, str]) -> dict[str, str]:
    """The headers of ``request`` beside the ``usual`` ones, without keys."""
    return {
        name: value for name, value in request.headers.items() if usual.get(name) != value and not is_secret_name(name)
    }


def read_result(call: Call, result: Result) -> ModelResponse:
    """The answer in ``result`` of a request that was made as that of ``call``; raises the error that it tells of."""
    model = call.model
    if result.end is not None:
        raise explain_end(result.end)
    reply = Reply(result.status, {}, encode_json(result.body))
    if not 200 <= result.status < 300:
        error: ModelCallError = model.parse_error(reply)
        error.request_id = error.request_id or result.request_id
        raise error
    response: ModelResponse = read(model.parse_response, reply)
    response.request_id = response.request_id or result.request_id
    if response.tool_calls:
        settle_calls(call, response, result.status)
    if model.task == "embedding":
        check_vectors(response, 1, reply)
    if call.response_format is not None:
        response.parsed = parse_structured(response, call.response_format)
    return response
