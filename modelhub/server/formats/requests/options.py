"""Which options of a request reach a model: those of the protocol, and others only if the model's schema knows them."""

# A caller must not reach into the registry, nor into the machine: what a call of modelhub takes for itself is refused,
# and so is what may be a key, an account, an address or a file, whatever a schema says.

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from modelhub.base.options import NOT_SENT
from modelhub.base.own import OWN
from modelhub.engine.parse_func import PARSING
from modelhub.patterns import expression
from modelhub.routing.known_options import knows_option
from modelhub.server.formats.protocol import Wanted
from modelhub.server.formats.requests.fields import Fields, refuse, show

REFUSED = frozenset(
    {
        *NOT_SENT,
        *OWN,
        *PARSING,
        *("extra_body", "extra_headers", "extra_query", "headers", "host", "betas", "mcp_servers", "container"),
        *("result_format", "incremental_output", "output_type"),  # by which replies are read
        *("self", "args", "kwargs", "messages", "prompt", "texts", "input", "model", "stream"),
    }
)
"""What callers may not say: where a call goes and with what key, how it is steered, and what its arguments are."""
_REACHING = expression(
    r"^_|^aws|^azure|^vertex|key$|secret|credential|passw|auth|token$|account|workspace|project|location|region|"
    r"ur[il]s?$|host|endpoint|proxy|header|webhook|callback|path|(?:^|_)files?(?:_|$)|^images?$|img|save_|extra_|"
    r"fallback|drop_params|^allowed_|cached_?content",
    re.I,
)


def is_refused(name: str) -> bool:
    """Whether no caller may set the option ``name`` of a model."""
    return name in REFUSED or _REACHING.search(name) is not None


def read_extra(fields: Fields, known: Collection[str]) -> dict[str, Any]:
    """The fields beside ``known``, which the protocol does not have; raises Failure for those that are refused."""
    extra = {name: value for name, value in fields.given.items() if name not in known and value is not None}
    for name in extra:
        if is_refused(name):
            raise refuse(f"{show(name)} cannot be set from outside: the gateway's own config says it")
    return extra


def choose_options(wanted: Wanted, model: Any) -> dict[str, Any]:
    """The options of a call of ``model``; raises Failure for one that neither the protocol nor the model has."""
    options = dict(wanted.options)
    for name, value in wanted.hints.items():
        if knows(model, name):
            options[name] = value
    for name, value in wanted.extra.items():
        if not knows(model, name):
            raise refuse(f"the model {show(wanted.model)} has no option {show(name)}: leave it out")
        options[name] = value
    return options


def knows(model: Any, name: str) -> bool:
    """Whether a model takes an option; one that asks others, if all of these do."""
    if model.is_composite:
        return all(knows(model.find(target), name) for target in model.list_targets())
    return knows_option(type(model), name)


def drop_none(options: Mapping[str, Any]) -> dict[str, Any]:
    """``options`` without those that are None."""
    return {name: value for name, value in options.items() if value is not None}
