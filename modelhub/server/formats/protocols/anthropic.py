"""Anthropic's API: https://platform.claude.com/docs/en/api"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Listing, Protocol, Route
from modelhub.server.formats.protocols.openai import find_name
from modelhub.server.formats.replies import Failure, Json, Reply, build_json
from modelhub.server.formats.requests.anthropic import parse_count, parse_messages
from modelhub.server.formats.writers.anthropic import build_count_writer, build_message_writer
from modelhub.server.formats.writers.anthropic_errors import build_error_body
from modelhub.server.formats.writers.models import CREATED
from modelhub.server.formats.writers.refusing import build_refusal

# The words by which its clients know what it has no type for.
_WORDS = {
    "context": "prompt is too long",
    "filter": "Output blocked by content filtering policy",
    "quota": "Your credit balance is too low",
    "budget": "budget_exceeded",
}


def list_models(tasks: Mapping[str, str], ask: Ask) -> Reply:
    """Answer ``/v1/models``."""
    models = [build_model(name) for name in tasks]
    ends = {"first_id": models[0]["id"], "last_id": models[-1]["id"]} if models else {"first_id": None, "last_id": None}
    return build_json({"data": models, "has_more": False, **ends})


def show_model(tasks: Mapping[str, str], ask: Ask) -> Reply:
    """Answer ``/v1/models/{model}``."""
    return build_json(build_model(find_name(tasks, ask.path["model"])))


def build_model(name: str) -> Json:
    """One model: https://platform.claude.com/docs/en/api/models-list"""
    made = datetime.fromtimestamp(CREATED, UTC)
    return {"type": "model", "id": name, "display_name": name, "created_at": f"{made:%Y-%m-%dT%H:%M:%SZ}"}


def is_meant(ask: Ask) -> bool:
    """Whether a client of Anthropic's asks: OpenAI has the same paths."""
    return "anthropic-version" in ask.headers


def build_error(failure: Failure) -> Reply:
    """A failure in Anthropic's form."""
    word = _WORDS.get(failure.name)
    told = f"{word}: {failure.message}" if word is not None else failure.message
    body = build_error_body(Failure(failure.status, failure.name, told))
    return build_refusal(failure, body, 400 if failure.name == "quota" else None)  # as the vendor says it


PROTOCOL = Protocol(
    "anthropic",
    (
        Route("POST", ("/v1/messages",), "chat", parse_messages, build_message_writer),
        Route("POST", ("/v1/messages/count_tokens",), "tokens", parse_count, build_count_writer),
    ),
    (
        Listing("GET", ("/v1/models",), list_models, is_meant),
        Listing("GET", ("/v1/models/{model:.+}",), show_model, is_meant),
    ),
    build_error,
)
