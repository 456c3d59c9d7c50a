"""Asks a model one question of a job, and notes what the answer has cost, whatever models it took."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from modelhub.bulk.answers import Answer, build_answer, build_failure
from modelhub.bulk.questions import Question
from modelhub.engine.call import CURRENT, Call
from modelhub.errors import ModelCallError, ModelHubError
from modelhub.response import ModelResponse


class _Payer:
    """Stands for the one who makes the calls of a job, which are parts of nothing else."""

    clock: Callable[[], float] = staticmethod(time.monotonic)


_PAYER = _Payer()


async def ask(model: Any, question: Question) -> Answer:
    """The answer to ``question``; a call that fails is one. Raises what no call can mend, as a key that is not set."""
    payer = Call(_PAYER, None, {})  # the calls tell it what they have cost
    token = CURRENT.set(payer)
    try:
        response: Any = await model.acall(question.input, **question.options)
        if not isinstance(response, ModelResponse):
            return Answer(response, model=model.config_name)
        await response.complete()
    except ModelHubError as error:
        if not isinstance(error, ModelCallError):
            raise
        return build_failure(error, tuple(model.find_secrets()))
    except Exception as error:  # a model of one's own may raise anything
        return build_failure(error, tuple(model.find_secrets()))
    finally:
        CURRENT.reset(token)
    return build_answer(response, model, payer.spending.cost if payer.spending is not None else None)
