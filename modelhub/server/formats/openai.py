"""OpenAI's wire format: https://platform.openai.com/docs/api-reference/chat"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from typing import Any

import orjson

from modelhub.response import ModelResponse, Usage
from modelhub.server.formats.answers import Answer, Message, Prompt, Tool, count_tokens
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.openai_limits import build_limit_headers
from modelhub.server.formats.replies import Failure, Json, Reply, Stream, build_json
from modelhub.server.formats.spoken import build_response, build_responses, cut_short
from modelhub.server.formats.vectors import DIMENSIONS
from modelhub.server.formats.writers.models import build_models as write_models
from modelhub.server.formats.writers.openai import DONE, ChatWriter, build_event
from modelhub.server.formats.writers.openai import build_message as write_message
from modelhub.server.formats.writers.openai import build_usage as write_usage
from modelhub.server.formats.writers.openai_errors import build_error_body
from modelhub.server.formats.writers.vectors import VectorWriter

MODELS = ("mock-chat", "mock-embedding")
_CREATED = 1767225600
_TAIL = {"service_tier": "default", "system_fingerprint": "fp_mock"}


def build_chat(ask: Ask) -> Reply:
    """Answer ``/chat/completions``, whole or as server-sent events."""
    body = ask.body
    prompt = parse_asked(ask)
    answers = [ask.answer(prompt, choice) for choice in range(parse_count(body, "n", 1))]
    usage = build_usage(prompt, answers)
    ident = blake2b(orjson.dumps([ask.seed, body]), digest_size=12).hexdigest()
    head = {"id": f"chatcmpl-{ident}", "created": _CREATED, "model": prompt.model}
    counted = bool((body.get("stream_options") or {}).get("include_usage"))
    writers = [ChatWriter(head, _TAIL, index=index, counted=counted) for index in range(len(answers))]
    if body.get("stream"):
        return replace(build_stream(writers, answers, usage), tokens=usage["total_tokens"])
    choices = [writer.build_choice(build_response(one)) for writer, one in zip(writers, answers, strict=True)]
    return build_json(writers[0].build_completion(choices, usage), tokens=usage["total_tokens"])


def parse_asked(ask: Ask) -> Prompt:
    """Read a request; raise Failure as ``parse_prompt`` does."""
    return parse_prompt(ask.body)


def parse_prompt(body: Json) -> Prompt:
    """Read a chat request; raise Failure when the model or the messages are missing."""
    if not isinstance(body.get("model"), str) or not body["model"]:
        raise Failure(400, "bad_request", "you must provide a model parameter")
    if not isinstance(body.get("messages"), list) or not body["messages"]:
        raise Failure(400, "bad_request", "'messages' must be a list that is not empty")
    choice = body.get("tool_choice") or "auto"
    if isinstance(choice, dict):
        choice = (choice.get("function") or choice.get("custom") or {}).get("name", "required")
    wanted = body.get("max_completion_tokens")
    return Prompt(
        model=body["model"],
        messages=[Message(message["role"], parse_text(message.get("content"))) for message in body["messages"]],
        tools=parse_tools(body.get("tools")),
        tool_choice=choice,
        max_tokens=body.get("max_tokens") if wanted is None else wanted,
        schema=_parse_schema(body.get("response_format") or {}),
        think=bool(body.get("enable_thinking")),
    )


def parse_count(body: Json, key: str, default: int, most: int = 128) -> int:
    """Read how many things to make, between 1 and ``most``; raise Failure for another number."""
    number = body.get(key)
    if number is None:
        return default
    if not isinstance(number, int) or not 1 <= number <= most:
        raise Failure(400, "bad_request", f"'{key}' must be an integer from 1 to {most}")
    return number


def parse_text(content: Any) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, list):
        return "\n".join(part.get("text") or "" for part in content if isinstance(part, dict) and "text" in part)
    return content or ""


def parse_tools(tools: list[Json] | None) -> list[Tool]:
    """Read function tools."""
    functions = [tool["function"] for tool in tools or () if "function" in tool]
    return [Tool(function["name"], function.get("parameters") or {}) for function in functions]


def _parse_schema(response_format: Json) -> Json | None:
    kind = response_format.get("type", "text")
    return None if kind == "text" else (response_format.get("json_schema") or {}).get("schema") or {}


def build_usage(prompt: Prompt, answers: list[Answer]) -> Json:
    """Count the tokens of a prompt and its answers."""
    told = sum(answer.tokens for answer in answers)
    thought = sum(count_tokens(answer.reasoning) for answer in answers)
    return write_usage(Usage(prompt.tokens, told, cached_tokens=0, reasoning_tokens=thought))


def build_message(answer: Answer) -> Json:
    """The assistant's message of a whole reply."""
    return write_message(build_response(answer))


def build_stream(writers: list[ChatWriter], answers: list[Answer], usage: Json) -> Reply:
    """The chunks of all answers, one answer after the other; if counted, one more chunk without choices."""
    pairs = list(zip(writers, answers, strict=True))
    opening = [writer.build_opening() for writer in writers]
    deltas = [writer.build_delta(delta) for writer, answer in pairs for delta in build_responses(answer, cut_short)]
    closing = [writer.build_finish(answer.finish_reason) for writer, answer in pairs]
    if writers[0].counted:
        closing.append(build_event(writers[0].build_counted(usage)))
    stream = Stream(tuple(opening), tuple(deltas), (*closing, DONE))
    return Reply(stream=stream, content_type=ChatWriter.content_type)


def build_deltas(answer: Answer) -> Iterator[Json]:
    """The text one word at a time; for a tool call, first its name, then its arguments in fragments."""
    writer = ChatWriter({"id": "", "created": 0, "model": ""})
    for delta in build_responses(answer, cut_short):
        yield from writer.build_pieces(delta)


def build_embeddings(ask: Ask) -> Reply:
    """Answer ``/embeddings``, as numbers or in base64."""
    body = ask.body
    texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
    if texts and isinstance(texts[0], int):
        texts = [texts]
    model, dimensions = body["model"], parse_count(body, "dimensions", DIMENSIONS, 65536)
    vectors = ask.embed(model, [*map(str, texts)], dimensions)
    tokens = sum(count_tokens(str(text)) for text in texts)
    writer = VectorWriter(model, packed=body.get("encoding_format") == "base64")
    return build_json(writer.build_whole(ModelResponse(embedding=vectors, usage=Usage(tokens))), tokens=tokens)


def build_models(ask: Ask) -> Reply:
    """Answer ``/models``; the mock also answers for names that are not in the list."""
    return build_json(write_models(MODELS))


def build_error(failure: Failure) -> Reply:
    """A failure in OpenAI's error shape."""
    return build_json(build_error_body(failure), failure.status)


def build_error_event(failure: Failure) -> bytes:
    """The event for a failure in the middle of a stream."""
    return build_event(build_error_body(failure))


FORMAT = Format(
    (
        Endpoint("POST", ("/v1/chat/completions", "/chat/completions"), build_chat, "text", parse_asked),
        Endpoint("POST", ("/v1/embeddings", "/embeddings"), build_embeddings, "embedding"),
        Endpoint("GET", ("/v1/models", "/models"), build_models),
    ),
    build_error,
    build_error_event,
    build_limit_headers,
)
