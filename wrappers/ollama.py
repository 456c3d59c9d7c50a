"""Ollama's own API: https://github.com/ollama/ollama/blob/main/docs/api.md."""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.parse import urlsplit

from modelhub.base import Endpoint
from modelhub.errors import BadRequestError, ModelCallError
from modelhub.messages import tool_choice_name
from modelhub.partial import Partial
from modelhub.parts import ToolCallDelta, Usage, build_tool_call
from modelhub.response import ModelResponse
from modelhub.tasks import ChatWrapper
from modelhub.taxonomy import find_request_id
from modelhub.wire import Event, LineDecoder, Reply, Request, decode_json

from .openai import raise_for_error

# What stands beside `options` in a request; everything else a caller names is a sampling option.
_TOP_LEVEL = frozenset({"tools", "format", "think", "keep_alive", "logprobs", "top_logprobs"})
_OPTION_NAMES = {"max_tokens": "num_predict", "max_completion_tokens": "num_predict"}
# An option of the wrong type is answered with 500, as if trying again could help (`Options.FromMap` words it):
# https://github.com/ollama/ollama/blob/main/api/types.go
_WRONG_OPTION = re.compile(r'option "\w+" must be of type')


class OllamaChatWrapper(ChatWrapper):
    """``/api/chat``; ``host`` takes the forms of ``OLLAMA_HOST``."""

    model_type = "ollama_chat"
    decoder = LineDecoder
    path = "/api/chat"

    def __init__(
        self,
        *args: Any,
        host: str | None = None,
        options: dict[str, Any] | None = None,
        keep_alive: str | float | None = None,
        think: bool | str | None = None,
        format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.host = host
        self.options = dict(options or {})
        self.keep_alive = keep_alive
        self.think = think
        self.output_format = format

    def build_endpoint(self) -> Endpoint:
        host = self.host or self.client_args.get("base_url") or os.environ.get("OLLAMA_HOST")
        key = self.api_key or os.environ.get("OLLAMA_API_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return Endpoint(parse_host(host) + self.path, self.build_headers(headers))

    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        body: dict[str, Any] = {
            "model": self.model_name,
            "messages": build_messages(input),
            "stream": stream,  # said either way: the server streams unless told not to
        }
        choice = options.pop("tool_choice", None)
        if choice == "none":
            options.pop("tools", None)
        elif choice is not None and choice != "auto":
            wanted = tool_choice_name(choice) or choice
            raise BadRequestError(f"Ollama cannot be made to call a tool: tool_choice {wanted!r} is not possible")
        response_format = options.pop("response_format", None)
        if response_format is not None:
            options["format"] = build_format(response_format)
        for name, value in (("keep_alive", self.keep_alive), ("think", self.think), ("format", self.output_format)):
            if value is not None:
                body[name] = value
        sampling = {**self.options, **options.pop("options", {})}
        for name, value in options.items():
            if name in _TOP_LEVEL:
                body[name] = value
            else:
                sampling[_OPTION_NAMES.get(name, name)] = value
        if isinstance(sampling.get("stop"), str):
            sampling["stop"] = [sampling["stop"]]
        if sampling:
            body["options"] = sampling
        return self.build_post(body, stream)

    def parse_response(self, reply: Reply) -> ModelResponse:
        data = reply.json()
        raise_for_error(data, reply)
        message = data["message"]
        calls = message.get("tool_calls") or []
        return ModelResponse(
            text=message.get("content"),
            reasoning=message.get("thinking"),
            tool_calls=[
                build_tool_call(call.get("id"), call["function"]["name"], call["function"].get("arguments"), n)
                for n, call in enumerate(calls)
            ]
            or None,
            finish_reason=parse_finish_reason(data, bool(calls)),
            usage=parse_usage(data),
            raw=data,
            request_id=find_request_id(reply.headers),
            model=data.get("model"),
        )

    def parse_error(self, reply: Reply) -> ModelCallError:
        error = super().parse_error(reply)
        if reply.status == 500 and _WRONG_OPTION.match(error.message):
            return BadRequestError(error.message, status=reply.status)
        return error

    def parse_event(self, event: Event, partial: Partial) -> ModelResponse | None:
        data = event.data
        raise_for_error(data, Reply(200, {}))
        message = data.get("message") or {}
        calls = [
            ToolCallDelta(
                len(partial.calls) + n,
                call.get("id") or f"call_{len(partial.calls) + n}",
                call["function"]["name"],
                json.dumps(call["function"].get("arguments") or {}, ensure_ascii=False),
            )
            for n, call in enumerate(message.get("tool_calls") or ())
        ]
        done = data.get("done")
        text, reasoning = message.get("content"), message.get("thinking")
        if not (text or reasoning or calls or done):
            partial.raw.append(data)
            return None
        return ModelResponse(
            text=text or "",
            reasoning=reasoning,
            tool_calls=calls or None,
            finish_reason=parse_finish_reason(data, bool(partial.calls or calls)) if done else None,
            usage=parse_usage(data) if done else None,
            raw=data,
            model=data.get("model"),
        )


def parse_host(host: str | None) -> str:
    """The base URL that a host in one of ``OLLAMA_HOST``'s forms means.

    Without a scheme the port is 11434 unless given; with one it is the scheme's own. A server's "any address"
    is this machine.
    """
    host = (host or "127.0.0.1:11434").strip().rstrip("/")
    bare = "://" not in host
    try:
        url = urlsplit(f"http://{host}" if bare else host)
        name, port = url.hostname or "127.0.0.1", url.port
    except ValueError:
        raise BadRequestError(f"host {host!r} is no host name, host:port or URL") from None
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)
    if port is None and bare:
        port = 11434
    if ":" in name:
        name = f"[{name}]"
    return f"{url.scheme}://{name}" + (f":{port}" if port else "") + url.path.rstrip("/")


def build_messages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ollama's form of neutral messages: text apart from images, arguments as objects, tools by name."""
    names: dict[str, str] = {}
    built = []
    for message in messages:
        role = "system" if message["role"] == "developer" else message["role"]
        text, images = split_content(message.get("content"))
        turn: dict[str, Any] = {"role": role, "content": text} if text else {"role": role}
        if images:
            turn["images"] = images
        if message.get("images"):
            turn["images"] = message["images"]
        if message.get("tool_calls"):
            turn["tool_calls"] = []
            for call in message["tool_calls"]:
                function = call["function"]
                arguments = function.get("arguments") or {}
                if isinstance(arguments, str):
                    try:
                        arguments = decode_json(arguments)
                    except ValueError:
                        raise BadRequestError(f"the arguments of tool call {function['name']!r} are not JSON") from None
                names[call.get("id") or ""] = function["name"]
                turn["tool_calls"].append({"function": {"name": function["name"], "arguments": arguments}})
        if role == "tool":
            name = message.get("tool_name") or message.get("name") or names.get(message.get("tool_call_id") or "")
            if name:
                turn["tool_name"] = name
        built.append(turn)
    return built


def split_content(content: Any) -> tuple[str, list[str]]:
    """The text and the base64 images of a message's content."""
    if content is None or isinstance(content, str):
        return content or "", []
    texts, images = [], []
    for part in content:
        kind = part.get("type")
        if kind == "text":
            texts.append(part["text"])
        elif kind == "image_url":
            image = part["image_url"]
            url = image if isinstance(image, str) else image["url"]
            head, comma, data = url.partition(",")
            if not (head.startswith("data:") and comma):
                raise BadRequestError("Ollama takes images as data, not by URL: pass a data: URI")
            images.append(data)
        else:
            raise BadRequestError(f"Ollama cannot take a content part of type {kind!r}")
    return "\n".join(texts), images


def build_format(response_format: Any) -> Any:
    """Ollama's ``format`` for OpenAI's ``response_format``."""
    kind = response_format.get("type") if isinstance(response_format, dict) else response_format
    if kind == "json_object":
        return "json"
    if kind == "json_schema":
        return response_format["json_schema"]["schema"]
    if kind == "text":
        return None
    raise BadRequestError(f"Ollama has no response_format {kind!r}")


def parse_finish_reason(data: dict[str, Any], called: bool) -> str | None:
    """OpenAI's word for why Ollama stopped; older servers say only ``done``."""
    reason = data.get("done_reason")
    if reason is None:
        reason = "stop" if data.get("done") else None
    if reason is None:
        return None
    if reason == "stop":
        return "tool_calls" if called else "stop"
    return "length" if reason == "length" else "other"


def parse_usage(data: dict[str, Any]) -> Usage | None:
    """The tokens Ollama counted; the prompt's are left out when it came from the cache."""
    if "eval_count" not in data and "prompt_eval_count" not in data:
        return None
    return Usage(data.get("prompt_eval_count") or 0, data.get("eval_count") or 0)
