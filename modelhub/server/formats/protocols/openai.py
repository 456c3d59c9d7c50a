"""OpenAI's API: https://platform.openai.com/docs/api-reference"""

from __future__ import annotations

from collections.abc import Mapping

from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Listing, Protocol, Route
from modelhub.server.formats.replies import Failure, Json, Reply, build_json
from modelhub.server.formats.requests.fields import show
from modelhub.server.formats.requests.openai import parse_chat
from modelhub.server.formats.writers.openai import build_chat_writer
from modelhub.server.formats.writers.openai_errors import build_error_body
from modelhub.server.formats.writers.refusing import build_refusal

CREATED = 1767225600  # of every model: the gateway does not know when they were made


def build_models(tasks: Mapping[str, str], ask: Ask) -> Reply:
    """Answer ``/v1/models``."""
    return build_json({"object": "list", "data": [_build_model(name) for name in tasks]})


def build_one(tasks: Mapping[str, str], ask: Ask) -> Reply:
    """Answer ``/v1/models/{model}``."""
    name = ask.path["model"]
    if name not in tasks:
        raise Failure(404, "not_found", f"the model {show(name)} does not exist, or you may not use it")
    return build_json(_build_model(name))


def _build_model(name: str) -> Json:
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "modelhub"}


def build_error(failure: Failure) -> Reply:
    """A failure in OpenAI's form."""
    return build_refusal(failure, build_error_body(failure))


PROTOCOL = Protocol(
    "openai",
    (Route("POST", ("/v1/chat/completions", "/chat/completions"), "chat", parse_chat, build_chat_writer),),
    (
        Listing("GET", ("/v1/models", "/models"), build_models),
        Listing("GET", ("/v1/models/{model:.+}", "/models/{model:.+}"), build_one),
    ),
    build_error,
)
