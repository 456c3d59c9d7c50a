"""OpenAI's API and everything that speaks it: https://platform.openai.com/docs/api-reference."""

from __future__ import annotations

import base64
import os
from array import array
from typing import Any

from modelhub.base import Endpoint, add_query
from modelhub.errors import AuthenticationError, BadRequestError, ResponseParsingError
from modelhub.messages import tool_choice_name
from modelhub.partial import Partial
from modelhub.parts import ToolCall, ToolCallDelta, Usage, build_tool_call
from modelhub.response import ModelResponse
from modelhub.tasks import ChatWrapper, EmbeddingWrapper, normalize_texts
from modelhub.taxonomy import error_from_json, find_request_id
from modelhub.wire import Event, Reply, Request

FINISH_REASONS = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
}


class OpenAIEndpoint:
    """The keys that all of OpenAI's endpoints share; mixed into the wrappers of this vendor and its clones."""

    base_url = "https://api.openai.com/v1"
    base_url_variable = "OPENAI_BASE_URL"
    key_variable = "OPENAI_API_KEY"
    path = ""

    def build_endpoint(self: Any) -> Endpoint:
        args = self.client_args
        base_url = args.get("base_url") or os.environ.get(self.base_url_variable)
        key = self.api_key or os.environ.get(self.key_variable)
        if not key and not base_url:
            raise AuthenticationError(
                f"there is no API key: set api_key in the config or {self.key_variable} in the environment"
            )
        url = add_query((base_url or self.base_url).rstrip("/") + self.path, args.get("default_query"))
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        organization = self.organization or args.get("organization") or os.environ.get("OPENAI_ORG_ID")
        project = args.get("project") or os.environ.get("OPENAI_PROJECT_ID")
        if organization:
            headers["OpenAI-Organization"] = organization
        if project:
            headers["OpenAI-Project"] = project
        return Endpoint(url, self.build_headers({**headers, **args.get("default_headers", {})}))

    def build_call(self: Any, body: dict[str, Any], stream: bool = False) -> Request:
        """A POST of ``body``, less the SDK's ``extra_headers``, ``extra_query`` and ``extra_body``, put in place."""
        headers, query = body.pop("extra_headers", None), body.pop("extra_query", None)
        body.update(body.pop("extra_body", None) or {})
        request: Request = self.build_post(body, stream, headers=headers, query=query)
        return request


class OpenAIChatWrapper(OpenAIEndpoint, ChatWrapper):
    """Chat completions: https://platform.openai.com/docs/api-reference/chat."""

    model_type = "openai_chat"
    path = "/chat/completions"

    def __init__(self, *args: Any, organization: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization

    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        body = {"model": self.model_name, "messages": input, **options}
        if "tool_choice" in body:
            name = tool_choice_name(body["tool_choice"])
            if isinstance(body["tool_choice"], str) and name is not None:
                body["tool_choice"] = {"type": "function", "function": {"name": name}}
        if stream:
            body["stream"] = True
            body.setdefault("stream_options", {"include_usage": True})
            if not body["stream_options"]:  # {} is for servers that refuse the key
                del body["stream_options"]
        return self.build_call(body, stream)

    def parse_response(self, reply: Reply) -> ModelResponse:
        response = parse_completion(reply.json(), reply)
        response.request_id = find_request_id(reply.headers)
        return response

    def parse_event(self, event: Event, partial: Partial) -> ModelResponse | None:
        return parse_chunk(event, partial)


class OpenAIEmbeddingWrapper(OpenAIEndpoint, EmbeddingWrapper):
    """Embeddings: https://platform.openai.com/docs/api-reference/embeddings."""

    model_type = "openai_embedding"
    path = "/embeddings"
    packed = True  # asks for base64, as the vendor's SDK does: a quarter of the bytes and much less to parse

    def __init__(self, *args: Any, organization: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization

    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        texts = normalize_texts(input)
        body = {"model": self.model_name, "input": input if isinstance(input, str) else texts, **options}
        if self.packed:
            body.setdefault("encoding_format", "base64")
        return self.build_call(body)

    def parse_response(self, reply: Reply) -> ModelResponse:
        data = reply.json()
        raise_for_error(data, reply)
        rows = data["data"]
        if not rows:
            raise ResponseParsingError("the reply holds no embedding", status=reply.status)
        if all("index" in row for row in rows):
            rows = sorted(rows, key=lambda row: row["index"])
        return ModelResponse(
            embedding=[parse_vector(row["embedding"]) for row in rows],
            raw=data,
            usage=parse_usage(data.get("usage")),
            request_id=find_request_id(reply.headers),
            model=data.get("model"),
        )


def parse_completion(data: Any, reply: Reply) -> ModelResponse:
    """The response of a chat completion, of which the first choice counts."""
    raise_for_error(data, reply)
    choices = data["choices"]
    if not isinstance(choices, list):
        raise ResponseParsingError("the choices of the reply are not a list", status=reply.status)
    choice: dict[str, Any] = choices[0] if choices else {"message": {}}
    message = choice["message"]
    reason = choice.get("finish_reason")
    return ModelResponse(
        text=parse_content(message.get("content")),
        reasoning=message.get("reasoning_content") or message.get("reasoning"),
        tool_calls=parse_tool_calls(message),
        finish_reason=None if reason is None else FINISH_REASONS.get(reason, "other"),
        usage=parse_usage(data.get("usage")),
        raw=data,
        model=data.get("model"),
    )


def parse_chunk(event: Event, partial: Partial) -> ModelResponse | None:
    """The delta of one chunk of a streamed chat completion."""
    data = event.data
    if not isinstance(data, dict) or data.get("error") or event.name == "error":
        raise error_from_json(event.status, data)
    usage = data.get("usage")
    choices = data.get("choices")
    choice = choices[0] if choices else None
    text = reasoning = calls = reason = None
    if choice is not None and choice.get("index", 0) == 0:
        message = choice.get("delta") or {}
        text = message.get("content")
        if text.__class__ is list:
            text = parse_content(text)
        reasoning = message.get("reasoning_content") or message.get("reasoning")
        pieces = message.get("tool_calls")
        if pieces:
            calls = [parse_tool_call_delta(piece) for piece in pieces]
        reason = choice.get("finish_reason")
        if reason is not None:
            reason = FINISH_REASONS.get(reason, "other")
    if not (text or reasoning or calls or reason or usage):
        partial.raw.append(data)
        return None
    return ModelResponse(
        text=text or "",
        raw=data,
        tool_calls=calls,
        reasoning=reasoning,
        finish_reason=reason,
        usage=parse_usage(usage) if usage else None,
        model=data.get("model"),
    )


def raise_for_error(data: Any, reply: Reply) -> None:
    """Raise the typed error that a reply with a success status carries in its body."""
    if not isinstance(data, dict):
        raise ResponseParsingError(f"the reply is a JSON {type(data).__name__}, not an object", status=reply.status)
    if data.get("error"):
        raise error_from_json(reply.status, data, reply.headers)


def parse_content(content: Any) -> str | None:
    """The text of a message whose content may be a list of parts."""
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content if isinstance(part, dict))
    return content  # type: ignore[no-any-return]


def parse_tool_calls(message: dict[str, Any]) -> list[ToolCall] | None:
    """The tool calls of a message; raises ValueError for arguments that are not a JSON object."""
    calls = message.get("tool_calls")
    if not calls and message.get("function_call"):  # the API before tools, still spoken by some gateways
        calls = [{"function": message["function_call"]}]
    if not calls:
        return None
    return [parse_tool_call(call, n) for n, call in enumerate(calls)]


def parse_tool_call(call: dict[str, Any], n: int) -> ToolCall:
    """One tool call; the free text of a custom tool becomes its argument ``input``."""
    if call.get("type") == "custom":
        return ToolCall(call["id"], call["custom"]["name"], {"input": call["custom"]["input"]})
    return build_tool_call(call.get("id"), call["function"]["name"], call["function"].get("arguments"), n)


def parse_tool_call_delta(piece: dict[str, Any]) -> ToolCallDelta:
    """One fragment of a tool call."""
    function = piece.get("function") or {}
    return ToolCallDelta(piece.get("index"), piece.get("id"), function.get("name"), function.get("arguments") or "")


def parse_usage(usage: Any) -> Usage | None:
    """The tokens that a reply says were spent."""
    if not isinstance(usage, dict):
        return None
    prompt = usage.get("prompt_tokens_details")
    completion = usage.get("completion_tokens_details")
    return Usage(
        usage.get("prompt_tokens") or 0,
        usage.get("completion_tokens") or 0,
        usage.get("total_tokens"),
        prompt.get("cached_tokens") if prompt else None,
        completion.get("reasoning_tokens") if completion else None,
    )


def parse_vector(vector: Any) -> list[float]:
    """An embedding given as numbers or as base64 of little-endian float32."""
    if not isinstance(vector, str):
        return vector  # type: ignore[no-any-return]
    try:
        values = array("f", base64.b64decode(vector, validate=True))
    except ValueError:
        raise ResponseParsingError("an embedding is neither numbers nor base64") from None
    if array("H", [1]).tobytes() != b"\x01\x00":
        values.byteswap()
    return values.tolist()


def refuse(options: dict[str, Any], *names: str, vendor: str) -> None:
    """Raise BadRequestError for an option that ``vendor`` does not have, rather than drop it silently."""
    for name in names:
        if options.get(name) is not None:
            raise BadRequestError(f"{vendor} has no option {name!r}")
