"""Ollama's API: https://docs.ollama.com/api"""

from __future__ import annotations

from collections.abc import Mapping

from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Listing, Protocol, Route
from modelhub.server.formats.protocols.openai import find_name
from modelhub.server.formats.replies import Failure, Reply, build_json
from modelhub.server.formats.requests.fields import Fields
from modelhub.server.formats.requests.ollama import parse_chat, parse_embed, parse_embeddings, parse_generate
from modelhub.server.formats.writers.ollama import build_chat_writer, build_embed_writer, build_error_body
from modelhub.server.formats.writers.ollama_models import VERSION, build_model, build_shown
from modelhub.server.formats.writers.refusing import build_refusal

_FAMILY = "modelhub"


def list_models(tasks: Mapping[str, str], ask: Ask) -> Reply:
    """Answer ``/api/tags``."""
    return build_json({"models": [build_model(name, _FAMILY) for name in tasks]})


def show_model(tasks: Mapping[str, str], ask: Ask) -> Reply:
    """Answer ``/api/show``; its clients have called the model ``name``, too."""
    fields = Fields(ask.body)
    name = find_name(tasks, fields.read_text("model") or fields.need_text("name"))
    return build_json(build_shown(_FAMILY, tasks[name]))


def list_running(tasks: Mapping[str, str], ask: Ask) -> Reply:
    """Answer ``/api/ps``: none is in memory here."""
    return build_json({"models": []})


def tell_version(tasks: Mapping[str, str], ask: Ask) -> Reply:
    """Answer ``/api/version``."""
    return build_json({"version": VERSION})


def build_error(failure: Failure) -> Reply:
    """A failure in Ollama's form, whose clients are told in words what has no code."""
    told = f"budget_exceeded: {failure.message}" if failure.name == "budget" else failure.message
    return build_refusal(failure, build_error_body(Failure(failure.status, failure.name, told)))


PROTOCOL = Protocol(
    "ollama",
    (
        Route("POST", ("/api/chat",), "chat", parse_chat, build_chat_writer),
        Route("POST", ("/api/generate",), "chat", parse_generate, build_chat_writer),
        Route("POST", ("/api/embed",), "embedding", parse_embed, build_embed_writer),
        Route("POST", ("/api/embeddings",), "embedding", parse_embeddings, build_embed_writer),
    ),
    (
        Listing("GET", ("/api/tags",), list_models),
        Listing("POST", ("/api/show",), show_model),
        Listing("GET", ("/api/ps",), list_running),
        Listing("GET", ("/api/version",), tell_version),
    ),
    build_error,
)
