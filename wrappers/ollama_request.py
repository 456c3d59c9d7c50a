"""Builds Ollama's address and the body of its requests (https://github.com/ollama/ollama/blob/main/docs/api.md)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from urllib.parse import urlsplit

from modelhub.base import Dialect, decode_json
from modelhub.errors import BadRequestError
from modelhub.media import Takes, read_medium, split_data_uri

from .openai_endpoint import refuse

TAKES = Takes(
    "Ollama",
    kinds=frozenset({"image"}),
    images=frozenset({"image/png", "image/jpeg", "image/webp"}),
    by_url=(),
)

# What only others have; Ollama passes over what it does not know, without a word.
_REFUSED = ("logit_bias", "metadata", "model", "reasoning_effort", "service_tier", "store", "stream_options", "user")
_OPTION_NAMES = {"max_tokens": "num_predict", "max_completion_tokens": "num_predict"}


def parse_host(host: str | None) -> str:
    """The base URL for a host in one of the forms of ``OLLAMA_HOST``.

    If no port is given, it is 11434 or, after a scheme, the default port of the scheme. The address of a server that
    listens on all addresses becomes that of this machine.
    """
    host = (host or "127.0.0.1:11434").strip()
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
    user, at, _ = url.netloc.rpartition("@")
    place = f"{url.scheme}://{user}{at}{name}" + (f":{port}" if port else "") + url.path.rstrip("/")
    return f"{place}?{url.query}" if url.query else place


def build_options(options: dict[str, Any], top_level: Collection[str], sampling: dict[str, Any]) -> dict[str, Any]:
    """The keys of a body: the options in ``top_level`` as they are, all other options added to those of ``sampling``.

    Raises BadRequestError for a ``response_format`` and for options that Ollama does not have.
    """
    refuse(options, *_REFUSED, vendor="Ollama")
    if options.pop("n", 1) != 1:
        raise BadRequestError("Ollama has no option 'n': it gives one answer")
    options.pop("tool_choice", None)  # "auto", which is what it does
    response_format = options.pop("response_format", None)
    if response_format is not None:
        options["format"] = build_format(response_format)
    body: dict[str, Any] = {}
    sampling = {**sampling, **options.pop("options", {})}
    for name, value in options.items():
        if name in top_level:
            body[name] = value
        else:
            sampling[_OPTION_NAMES.get(name, name)] = value
    if isinstance(sampling.get("stop"), str):
        sampling["stop"] = [sampling["stop"]]
    return {**body, "options": sampling} if sampling else body


def build_messages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Neutral messages in Ollama's form: images separate from text, arguments as objects, tools by their names."""
    names: dict[str, str] = {}
    built = []
    for message in messages:
        role = "system" if message["role"] == "developer" else message["role"]
        text, images = split_content(message.get("content"))
        turn: dict[str, Any] = {"role": role, "content": text} if text else {"role": role}
        if message.get("thinking"):
            turn["thinking"] = message["thinking"]
        images += build_images(message.get("images") or ())
        if images:
            turn["images"] = images
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
                if not isinstance(arguments, dict):
                    raise BadRequestError(f"the arguments of tool call {function['name']!r} are not a JSON object")
                names[call.get("id") or ""] = function["name"]
                turn["tool_calls"].append({"function": {"name": function["name"], "arguments": arguments}})
        if role == "tool":
            name = message.get("tool_name") or message.get("name") or names.get(message.get("tool_call_id") or "")
            if name:
                turn["tool_name"] = name
        built.append(turn)
    return built


def gather(raw: Any, message: dict[str, Any]) -> dict[str, Any]:
    """The thinking of an answer, which the templates of some models want back with the calls that it led to."""
    messages = [item.get("message") or {} for item in (raw if isinstance(raw, list) else [raw]) if item]
    thinking = "".join(message.get("thinking") or "" for message in messages)
    return {"thinking": thinking} if thinking else {}


def restore(message: dict[str, Any], received: dict[str, Any]) -> dict[str, Any]:
    """``message`` with the thinking that came with it."""
    return {**message, "thinking": received["thinking"]} if "thinking" in received else message


DIALECT = Dialect("ollama", gather, restore)


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
            data = split_data_uri(part["image_url"]["url"])
            if data is None:
                raise BadRequestError("Ollama takes images as data, not by URL: pass a path, bytes or a data: URI")
            images.append(data[1])
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


def build_images(images: Any) -> list[str]:
    """``images`` as base64; raises BadRequestError for a URL, and for what is no image that Ollama takes."""
    built = []
    for n, image in enumerate(images if isinstance(images, list | tuple) else [images]):
        try:
            medium = read_medium(image, label="image/png", packed=True)
            TAKES.check_medium("image", medium)
            data = split_data_uri(medium.url)
        except BadRequestError as error:
            raise BadRequestError(f"images[{n}]: {error.message}") from None
        if data is None:
            raise BadRequestError(f"images[{n}]: Ollama takes images as data, not by URL: pass a path or bytes")
        built.append(data[1])
    return built
