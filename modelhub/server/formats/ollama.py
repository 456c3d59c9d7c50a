"""Ollama's wire format: https://github.com/ollama/ollama/blob/main/docs/api.md"""

from __future__ import annotations

from typing import Any

from modelhub.response import ModelResponse, Usage
from modelhub.server.formats.answers import Message, Prompt, count_tokens
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.openai import MODELS, parse_count, parse_tools
from modelhub.server.formats.replies import Failure, Json, Reply, Stream, build_json
from modelhub.server.formats.spoken import build_response, build_responses
from modelhub.server.formats.vectors import DIMENSIONS
from modelhub.server.formats.writers.ollama import ChatWriter, EmbedWriter, GenerateWriter, build_error_body, build_line
from modelhub.server.formats.writers.ollama_models import VERSION, build_model

_TIME = "2026-01-01T00:00:00.000000Z"


def build_chat(ask: Ask) -> Reply:
    """Answer ``/api/chat``, as lines unless ``stream`` is false."""
    prompt = parse_chat(ask)
    if not prompt.messages:
        writer = ChatWriter(prompt.model, _TIME, lambda usage: {})
        return build_json(writer.build_whole(ModelResponse("", finish_reason="load")))
    return _write(ask, prompt, ChatWriter(prompt.model, _TIME, _measure))


def build_generate(ask: Ask) -> Reply:
    """Answer ``/api/generate``, as lines unless ``stream`` is false."""
    prompt = parse_generate(ask)
    return _write(ask, prompt, GenerateWriter(prompt.model, _TIME, _measure, {"context": [1, 2, 3]}))


def _write(ask: Ask, prompt: Prompt, writer: ChatWriter) -> Reply:
    answer = ask.answer(prompt)
    tokens = prompt.tokens + answer.tokens
    response = build_response(answer, Usage(prompt.tokens, answer.tokens))
    if not ask.body.get("stream", True):
        return build_json(writer.build_whole(response), tokens=tokens)
    pieces = [writer.build_delta(delta) for delta in build_responses(answer, lambda text: [])]
    *deltas, end = b"".join((*pieces, writer.build_closing(response))).splitlines(keepends=True)
    return Reply(stream=Stream(deltas=tuple(deltas), closing=(end,)), content_type=writer.content_type, tokens=tokens)


def parse_chat(ask: Ask) -> Prompt:
    """Read a conversation; raise Failure when the model is missing."""
    given = ask.body.get("messages") or ()
    return _parse_prompt(ask.body, [Message(message["role"], message.get("content") or "") for message in given])


def parse_generate(ask: Ask) -> Prompt:
    """Read a single text; raise Failure when the model is missing."""
    return _parse_prompt(ask.body, [Message("user", ask.body.get("prompt") or "")])


def _parse_prompt(body: Json, messages: list[Message]) -> Prompt:
    if not body.get("model"):
        raise Failure(400, "bad_request", "model is required")
    form: Any = body.get("format") or None
    return Prompt(
        model=body["model"],
        messages=messages,
        tools=parse_tools(body.get("tools")),
        max_tokens=(body.get("options") or {}).get("num_predict"),
        schema={} if isinstance(form, str) else form,
        think=bool(body.get("think")),
    )


def _measure(usage: Usage | None) -> Json:
    counted = usage or Usage()
    return {
        "total_duration": 3_000_000 + 1_000_000 * counted.completion_tokens,
        "load_duration": 1_000_000,
        "prompt_eval_count": counted.prompt_tokens,
        "prompt_eval_duration": 2_000_000,
        "eval_count": counted.completion_tokens,
        "eval_duration": 1_000_000 * counted.completion_tokens,
    }


def build_embed(ask: Ask) -> Reply:
    """Answer ``/api/embed``."""
    body = ask.body
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    dimensions = parse_count(body, "dimensions", DIMENSIONS, 65536)
    tokens = sum(map(count_tokens, texts))
    vectors = ask.embed(body["model"], texts, dimensions)
    writer = EmbedWriter(body["model"], lambda usage: {**_measure(usage), "total_duration": 2_000_000})
    return build_json(writer.build_whole(ModelResponse(embedding=vectors, usage=Usage(tokens))), tokens=tokens)


def build_embeddings(ask: Ask) -> Reply:
    """Answer the older ``/api/embeddings``, which takes one prompt."""
    text = ask.body["prompt"]
    return build_json({"embedding": ask.embed(ask.body["model"], [text])[0]}, tokens=count_tokens(text))


def build_tags(ask: Ask) -> Reply:
    """Answer ``/api/tags``, a list of models; the mock also answers for names that are not in it."""
    return build_json({"models": [build_model(f"{name}:latest", "mock") for name in MODELS]})


def build_version(ask: Ask) -> Reply:
    """Answer ``/api/version``."""
    return build_json({"version": VERSION})


def build_error(failure: Failure) -> Reply:
    """A failure in Ollama's error shape."""
    return build_json(build_error_body(failure), failure.status)


def build_error_event(failure: Failure) -> bytes:
    """The line for a failure in the middle of a stream."""
    return build_line(build_error_body(failure))


FORMAT = Format(
    (
        Endpoint("POST", ("/api/chat",), build_chat, "text", parse_chat),
        Endpoint("POST", ("/api/generate",), build_generate, "text", parse_generate),
        Endpoint("POST", ("/api/embed",), build_embed, "embedding"),
        Endpoint("POST", ("/api/embeddings",), build_embeddings, "embedding"),
        Endpoint("GET", ("/api/tags",), build_tags),
        Endpoint("GET", ("/api/version",), build_version),
    ),
    build_error,
    build_error_event,
)
