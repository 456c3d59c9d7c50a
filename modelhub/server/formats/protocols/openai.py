"""OpenAI's API: https://platform.openai.com/docs/api-reference"""

from __future__ import annotations

from collections.abc import Mapping

from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Listing, Protocol, Route
from modelhub.server.formats.replies import Failure, Reply, build_json
from modelhub.server.formats.requests.embeddings import parse_embeddings
from modelhub.server.formats.requests.fields import show
from modelhub.server.formats.requests.images import parse_images
from modelhub.server.formats.requests.openai import parse_chat
from modelhub.server.formats.requests.responses import parse_response
from modelhub.server.formats.writers.images import build_image_writer
from modelhub.server.formats.writers.models import build_model, build_models
from modelhub.server.formats.writers.openai import build_chat_writer
from modelhub.server.formats.writers.openai_errors import build_error_body
from modelhub.server.formats.writers.refusing import build_refusal
from modelhub.server.formats.writers.responses import build_response_writer
from modelhub.server.formats.writers.vectors import build_vector_writer


def list_models(tasks: Mapping[str, str], ask: Ask) -> Reply:
    """Answer ``/v1/models``."""
    return build_json(build_models(tasks))


def show_model(tasks: Mapping[str, str], ask: Ask) -> Reply:
    """Answer ``/v1/models/{model}``."""
    return build_json(build_model(find_name(tasks, ask.path["model"])))


def find_name(tasks: Mapping[str, str], name: str) -> str:
    """``name``, if there is such a model; raises Failure if there is none."""
    if name not in tasks:
        raise Failure(404, "not_found", f"the model {show(name)} does not exist, or you may not use it")
    return name


def build_error(failure: Failure) -> Reply:
    """A failure in OpenAI's form."""
    return build_refusal(failure, build_error_body(failure))


PROTOCOL = Protocol(
    "openai",
    (
        Route("POST", ("/v1/chat/completions", "/chat/completions"), "chat", parse_chat, build_chat_writer),
        Route("POST", ("/v1/embeddings", "/embeddings"), "embedding", parse_embeddings, build_vector_writer),
        Route("POST", ("/v1/responses", "/responses"), "chat", parse_response, build_response_writer),
        Route("POST", ("/v1/images/generations", "/images/generations"), "image", parse_images, build_image_writer),
    ),
    (
        Listing("GET", ("/v1/models", "/models"), list_models),
        Listing("GET", ("/v1/models/{model:.+}", "/models/{model:.+}"), show_model),
    ),
    build_error,
)
