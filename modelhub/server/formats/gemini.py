"""Gemini's wire format: https://ai.google.dev/api/generate-content"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

import orjson

from modelhub.server.formats.answers import Answer, Message, Prompt, Tool, count_tokens, split_pieces
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.replies import Failure, Json, Reply, Stream, build_json
from modelhub.server.formats.vectors import DIMENSIONS

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_REASONS = {"length": "MAX_TOKENS", "content_filter": "SAFETY"}
_MODES = {"NONE": "none", "ANY": "required"}
_TOO_LONG = "The input token count (9000) exceeds the maximum number of tokens allowed (8192)."
_SIGNATURE = "bW9jaw=="  # what newer models want back with the first call of each answer


def build_chat(ask: Ask) -> Reply:
    """Answer ``:generateContent``."""
    prompt = parse_prompt(ask)
    answer = ask.answer(prompt)
    candidate = {**_build_content(list(build_parts(answer))), "finishReason": _find_reason(answer), "index": 0}
    tokens = prompt.tokens + answer.tokens
    return build_json({"candidates": [candidate], **_build_rest(ask, prompt, answer)}, tokens=tokens)


def build_stream(ask: Ask) -> Reply:
    """Answer ``:streamGenerateContent``: one word in each event; a tool call is whole."""
    if ask.query.get("alt") != "sse":
        raise Failure(400, "bad_request", "the mock server streams with alt=sse only")
    prompt = parse_prompt(ask)
    answer = ask.answer(prompt)
    rest = _build_rest(ask, prompt, None)
    deltas = [
        _build_event({"candidates": [{**_build_content([part]), "index": 0}], **rest}) for part in build_pieces(answer)
    ]
    last = {"candidates": [{"finishReason": _find_reason(answer), "index": 0}], **_build_rest(ask, prompt, answer)}
    stream = Stream(deltas=tuple(deltas), closing=(_build_event(last),))
    return Reply(stream=stream, content_type="text/event-stream", tokens=prompt.tokens + answer.tokens)


def parse_prompt(ask: Ask) -> Prompt:
    """Read a request; raise Failure when it has no contents."""
    body = _to_camel(ask.body)
    body = body.get("generateContentRequest") or body
    contents = body.get("contents")
    if not isinstance(contents, list) or not contents:
        raise Failure(400, "bad_request", "* GenerateContentRequest.contents: contents is not specified")
    config = body.get("generationConfig") or {}
    calling = (body.get("toolConfig") or {}).get("functionCallingConfig") or {}
    names = calling.get("allowedFunctionNames") or []
    declared = [function for tool in body.get("tools") or () for function in tool.get("functionDeclarations") or ()]
    system = (body.get("systemInstruction") or {}).get("parts") or ()
    return Prompt(
        model=ask.path["model"],
        messages=[
            *([Message("system", _join(system))] if system else ()),
            *(message for content in contents for message in _parse_content(content)),
        ],
        tools=[Tool(f["name"], f.get("parametersJsonSchema") or f.get("parameters") or {}) for f in declared],
        tool_choice=names[0] if len(names) == 1 else _MODES.get(calling.get("mode") or "AUTO", "auto"),
        max_tokens=config.get("maxOutputTokens"),
        schema=_parse_schema(config),
        think=bool((config.get("thinkingConfig") or {}).get("includeThoughts")),
    )


def _parse_content(content: Json) -> Iterator[Message]:
    results = [part["functionResponse"]["response"] for part in content["parts"] if "functionResponse" in part]
    for result in results:
        yield Message("tool", str(result["result"]) if result.keys() == {"result"} else orjson.dumps(result).decode())
    if not results:
        yield Message("assistant" if content.get("role") == "model" else "user", _join(content["parts"]))


def _parse_schema(config: Json) -> Json | None:
    if config.get("responseMimeType") != "application/json":
        return None
    schema: Json = config.get("responseJsonSchema") or config.get("responseSchema") or {}
    return schema


def _join(parts: Any) -> str:
    return "\n".join(part["text"] for part in parts if "text" in part)


def _to_camel(value: Any) -> Any:
    """The request with its keys in camelCase, since proto3 accepts both spellings.

    Names that the caller chose, such as those of arguments, stay as they are.
    """
    if isinstance(value, list):
        return [_to_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    names = {re.sub(r"_([a-z])", lambda match: match[1].upper(), name): item for name, item in value.items()}
    return {name: item if name in _OPAQUE else _to_camel(item) for name, item in names.items()}


_OPAQUE = {"args", "response", "properties", "parametersJsonSchema", "responseJsonSchema"}


def _find_reason(answer: Answer) -> str:
    return _REASONS.get(answer.finish_reason, "STOP")


def _build_content(parts: list[Json]) -> Json:
    return {"content": {"parts": parts, "role": "model"}}


def _build_rest(ask: Ask, prompt: Prompt, answer: Answer | None) -> Json:
    """The keys beside ``candidates``; before the last event, only the tokens of the prompt are counted."""
    usage = {"promptTokenCount": prompt.tokens, "totalTokenCount": prompt.tokens}
    if answer is not None:
        thoughts = count_tokens(answer.reasoning)
        usage["candidatesTokenCount"] = answer.tokens - thoughts
        usage["totalTokenCount"] += answer.tokens
        if thoughts:
            usage["thoughtsTokenCount"] = thoughts
    ident = blake2b(orjson.dumps([ask.seed, ask.body]), digest_size=8).hexdigest()
    return {"usageMetadata": usage, "modelVersion": prompt.model, "responseId": ident}


def build_parts(answer: Answer) -> Iterator[Json]:
    """The parts of an answer; tool calls have no ids, as with many of Gemini's models."""
    if answer.reasoning:
        yield {"text": answer.reasoning, "thought": True}
    if answer.text:
        yield {"text": answer.text}
    for index, call in enumerate(answer.tool_calls):
        part: Json = {"functionCall": {"name": call.name, "args": call.arguments}}
        yield part if index else {**part, "thoughtSignature": _SIGNATURE}


def build_pieces(answer: Answer) -> Iterator[Json]:
    """The same parts, with each text cut into pieces."""
    for part in build_parts(answer):
        if "text" in part:
            yield from ({**part, "text": piece} for piece in split_pieces(part["text"]))
        else:
            yield part


def build_count(ask: Ask) -> Reply:
    """Answer ``:countTokens``."""
    return build_json({"totalTokens": parse_prompt(ask).tokens})


def build_embeddings(ask: Ask) -> Reply:
    """Answer ``:batchEmbedContents``."""
    requests = _to_camel(ask.body)["requests"]
    if not 1 <= len(requests) <= 100:
        raise Failure(400, "bad_request", "at most 100 requests can be in one batch")
    texts = [_join(request["content"]["parts"]) for request in requests]
    vectors = ask.embed(ask.path["model"], texts, requests[0].get("outputDimensionality") or DIMENSIONS)
    tokens = sum(map(count_tokens, texts))
    rows = [{"values": vector} for vector in vectors]
    return build_json({"embeddings": rows, "usageMetadata": {"promptTokenCount": tokens}}, tokens=tokens)


def build_error(failure: Failure) -> Reply:
    """A failure in Google's error shape."""
    status, body = _build_error_body(failure)
    return build_json(body, status)


def build_error_event(failure: Failure) -> bytes:
    """The event for a failure in the middle of a stream."""
    return _build_event(_build_error_body(failure)[1])


def _build_error_body(failure: Failure) -> tuple[int, Json]:
    status = 400 if failure.name == "authentication" else failure.status
    message = _TOO_LONG if failure.name == "context" else failure.message
    error: Json = {"code": status, "message": message, "status": _STATUSES.get(status, "UNKNOWN")}
    if failure.name == "authentication":
        reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
        error["details"] = [{**reason, "domain": "googleapis.com"}]
    elif failure.wait is not None:
        delay = f"{failure.wait:.3f}s"
        error["details"] = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}]
    return status, {"error": error}


def _build_event(value: Json) -> bytes:
    return b"data: %b\r\n\r\n" % orjson.dumps(value)


def _paths(method: str) -> tuple[str, ...]:
    version = "/{version:v[0-9][a-z0-9]*}"
    return f"{version}/models/{{model:[^:]+}}:{method}", f"{version}/tunedModels/{{model:[^:]+}}:{method}"


FORMAT = Format(
    (
        Endpoint("POST", _paths("generateContent"), build_chat, "text", parse_prompt),
        Endpoint("POST", _paths("streamGenerateContent"), build_stream, "text", parse_prompt),
        Endpoint("POST", _paths("countTokens"), build_count),
        Endpoint("POST", _paths("batchEmbedContents"), build_embeddings, "embedding"),
    ),
    build_error,
    build_error_event,
)
