"""What came of one request of a batch, told to whoever watches calls, and charged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelhub.base.calling import watched
from modelhub.bulk.answers import Answer, build_answer, build_failure
from modelhub.bulk.vendor.paying import pay
from modelhub.engine.attempts import attempts
from modelhub.engine.call import Call, explained
from modelhub.engine.effects import Flow
from modelhub.errors import ModelCallError
from modelhub.response import ModelResponse

Read = Callable[[], ModelResponse]


def answer(model: Any, way: Call, read: Read) -> Flow[Answer]:
    """The answer that ``read`` gives, or the failure that it raises, of a request which was made as that of ``way``.

    It is a call of ``model`` that has one try and costs what a batch costs; what it was asked is not known any more.
    """
    call = Call(model, [], way.options)
    call.tags, call.handed_in = way.tags, True
    try:
        response: ModelResponse = yield from explained(
            model, watched, call, False, lambda call: attempts(call, _read, read)
        )
    except ModelCallError as error:
        return build_failure(error, tuple(model.find_secrets()))
    return build_answer(response, model, call.spending.cost if call.spending is not None else None)


def _read(call: Call, read: Read) -> Flow[ModelResponse]:
    response = read()
    call.spending = yield from pay(call.model, response)
    return response
