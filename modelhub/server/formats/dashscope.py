"""DashScope's own wire format: https://help.aliyun.com/zh/model-studio/qwen-api-via-dashscope"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from hashlib import blake2b

import orjson

from modelhub.server.formats.answers import Answer, Prompt, count_tokens
from modelhub.server.formats.format import Ask, Endpoint, Format
from modelhub.server.formats.openai import build_deltas, parse_count, parse_prompt
from modelhub.server.formats.replies import Failure, Json, Reply, Stream, build_json
from modelhub.server.formats.vectors import DIMENSIONS

_BASE = "/api/v1"
_REQUEST_ID = "902fee3b-f7f0-9a8c-96a1-000000000000"
_CODES = {
    "authentication": "InvalidApiKey",
    "permission": "AccessDenied",
    "not_found": "ModelNotFound",
    "timeout": "RequestTimeOut",
    "conflict": "Conflict",
    "rate_limit": "Throttling.RateQuota",
    "token_limit": "Throttling.AllocationQuota",
    "quota": "Arrearage",
    "filter": "DataInspectionFailed",
    "server": "InternalError",
    "overloaded": "ServiceUnavailable",
}


def build_generation(ask: Ask) -> Reply:
    """Answer text generation, whole or as events; the older text form unless ``result_format`` is message."""
    return _build_answer(ask, parts=False)


def build_multimodal(ask: Ask) -> Reply:
    """Answer a multimodal conversation, whose content is a list of parts."""
    return _build_answer(ask, parts=True)


def _build_answer(ask: Ask, parts: bool) -> Reply:
    parameters = ask.body.get("parameters") or {}
    prompt = parse_asked(ask)
    answer = ask.answer(prompt)
    tokens = prompt.tokens + answer.tokens
    plain = not parts and parameters.get("result_format", "text") == "text" and not answer.tool_calls

    def output(message: Json, reason: str) -> Json:
        content = message.get("content") or ""
        if plain:
            return {"text": content, "finish_reason": reason}
        message = {"role": "assistant", **message, "content": _build_parts(content) if parts else content}
        return {"choices": [{"finish_reason": reason, "message": message}]}

    if ask.headers.get("X-DashScope-SSE") != "enable":
        usage = _build_usage(prompt, answer, answer.tokens)
        return build_json({"output": output(_build_message(answer), answer.finish_reason), **usage}, tokens=tokens)
    deltas = list(build_deltas(answer))
    if not parameters.get("incremental_output"):
        deltas = list(_accumulate(deltas))
    outputs = [output(delta, "null") for delta in deltas]
    last = {} if parameters.get("incremental_output") or not deltas else deltas[-1]
    outputs.append(output(last, answer.finish_reason))
    events = [
        _build_event(n, {"output": item, **_build_usage(prompt, answer, min(n, answer.tokens))})
        for n, item in enumerate(outputs, 1)
    ]
    stream = Stream(deltas=tuple(events[:-1]), closing=tuple(events[-1:]))
    return Reply(stream=stream, content_type="text/event-stream;charset=UTF-8", tokens=tokens)


def parse_asked(ask: Ask) -> Prompt:
    """Read a request; raise Failure as OpenAI's ``parse_prompt`` does."""
    given = ask.body["input"]
    messages = given.get("messages") or [{"role": "user", "content": given["prompt"]}]
    return parse_prompt({**(ask.body.get("parameters") or {}), "model": ask.body.get("model"), "messages": messages})


def _build_parts(content: str) -> list[Json]:
    return [{"text": content}] if content else []


def _build_message(answer: Answer) -> Json:
    message: Json = {"content": answer.text}
    if answer.reasoning:
        message["reasoning_content"] = answer.reasoning
    if answer.tool_calls:
        message["tool_calls"] = [
            {
                "index": index,
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": orjson.dumps(call.arguments).decode()},
            }
            for index, call in enumerate(answer.tool_calls)
        ]
    return message


def _accumulate(deltas: list[Json]) -> Iterator[Json]:
    """Each event with the text of all events up to it, for requests without ``incremental_output``.

    Tool calls are not repeated.
    """
    told = {"content": "", "reasoning_content": ""}
    for delta in deltas:
        for key in told:
            told[key] += delta.get(key) or ""
        yield {**delta, **{key: text for key, text in told.items() if text}}


def _build_usage(prompt: Prompt, answer: Answer, told: int) -> Json:
    usage: Json = {"input_tokens": prompt.tokens, "output_tokens": told, "total_tokens": prompt.tokens + told}
    if answer.reasoning:
        usage["output_tokens_details"] = {"reasoning_tokens": count_tokens(answer.reasoning)}
    return {"usage": usage, "request_id": _REQUEST_ID}


def _build_event(number: int, value: Json, name: str = "result", status: int = 200) -> bytes:
    return b"id:%d\nevent:%b\n:HTTP_STATUS/%d\ndata:%b\n\n" % (number, name.encode(), status, orjson.dumps(value))


def build_embeddings(ask: Ask) -> Reply:
    """Answer text embedding; a request may have only as many texts as the model takes."""
    model, texts = ask.body["model"], ask.body["input"]["texts"]
    most = 25 if model.endswith(("-v1", "-v2")) else 10
    if not isinstance(texts, list) or not 1 <= len(texts) <= most:
        raise Failure(400, "bad_request", f"batch size is invalid, it should not be larger than {most}.")
    dimensions = parse_count(ask.body.get("parameters") or {}, "dimension", DIMENSIONS, 65536)
    rows = [{"embedding": row, "text_index": n} for n, row in enumerate(ask.embed(model, texts, dimensions))]
    tokens = sum(map(count_tokens, texts))
    facts = {"usage": {"total_tokens": tokens}, "request_id": _REQUEST_ID}
    return build_json({"output": {"embeddings": rows}, **facts}, tokens=tokens)


def build_task(ask: Ask) -> Reply:
    """Start a task that draws images; the id of the task contains its answer."""
    if ask.headers.get("X-DashScope-Async") != "enable":
        raise Failure(403, "permission", "current user api does not support synchronous calls.")
    number = parse_count(ask.body.get("parameters") or {}, "n", 1, 10)
    name = blake2b(orjson.dumps([ask.seed, ask.body]), digest_size=8).hexdigest()
    urls = ask.draw() or [f"https://images.example/{name}-{index}.png" for index in range(number)]
    task_id = urlsafe_b64encode(orjson.dumps(urls)).decode().rstrip("=")
    return build_json({"output": {"task_id": task_id, "task_status": "PENDING"}, "request_id": _REQUEST_ID})


def build_task_state(ask: Ask) -> Reply:
    """Answer what the state of a task is: it has always ended."""
    task_id = ask.path["task_id"]
    urls = orjson.loads(urlsafe_b64decode(task_id + "=" * (-len(task_id) % 4)))
    results = [{"url": url} for url in urls]
    output = {"task_id": task_id, "task_status": "SUCCEEDED", "results": results}
    return build_json({"output": output, "usage": {"image_count": len(results)}, "request_id": _REQUEST_ID})


def build_error(failure: Failure) -> Reply:
    """A failure in DashScope's error shape."""
    return build_json(_build_error_body(failure), failure.status)


def build_error_event(failure: Failure) -> bytes:
    """The event for a failure in the middle of a stream."""
    return _build_event(1, _build_error_body(failure), "error", failure.status)


def _build_error_body(failure: Failure) -> Json:
    message = failure.message
    if failure.name == "context":
        message = f"Range of input length should be [1, 8192]: {message}"
    return {"code": _CODES.get(failure.name, "InvalidParameter"), "message": message, "request_id": _REQUEST_ID}


FORMAT = Format(
    (
        Endpoint("POST", (f"{_BASE}/services/aigc/text-generation/generation",), build_generation, "text", parse_asked),
        Endpoint(
            "POST", (f"{_BASE}/services/aigc/multimodal-generation/generation",), build_multimodal, "text", parse_asked
        ),
        Endpoint(
            "POST", (f"{_BASE}/services/embeddings/text-embedding/text-embedding",), build_embeddings, "embedding"
        ),
        Endpoint("POST", (f"{_BASE}/services/aigc/{{task}}/image-synthesis",), build_task, "image"),
        Endpoint("GET", (f"{_BASE}/tasks/{{task_id}}",), build_task_state),
    ),
    build_error,
    build_error_event,
)
