"""How the tokens of a prompt are counted: by the vendor, or else estimated."""

from __future__ import annotations

from typing import Any

from modelhub.base.checked_options import find_known
from modelhub.base.options import refuse_foreign
from modelhub.engine.building import FAILURES, locate
from modelhub.engine.call import Call, explained
from modelhub.engine.effects import Flow
from modelhub.engine.extras import take_extras
from modelhub.engine.http import fetch
from modelhub.messages.tokens import TokenCount, estimate_tokens


def count_tokens(model: Any, messages: Any, options: dict[str, Any]) -> Flow[TokenCount]:
    """The flow that counts the tokens of ``messages`` for ``model``."""

    def count() -> Flow[TokenCount]:
        _ = model.bound  # before the options of the config are looked at
        call = Call(model, model.read(messages), model.merge(options))
        refuse_foreign(options)
        model.check_options(call.options)
        find_known(type(model)).check(options)
        model.fit_call(call)
        extras = take_extras(call.options)
        call.extras = extras and extras._replace(body={})  # what is counted has few of the keys of a body
        try:
            request = model.build_count_request(call.input, dict(call.options))
        except FAILURES as error:
            raise locate(error, model.build_count_request, call) from None
        if request is None:
            return estimate_tokens(call.input, call.options.get("tools"))
        tokens = yield from fetch(call, request, model.parse_count)
        return TokenCount(tokens, estimated=False)

    return explained(model, count)
