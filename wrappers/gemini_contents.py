"""Turns neutral messages into the contents that Gemini takes (https://ai.google.dev/api/caching#Content)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from modelhub.base import decode_json
from modelhub.errors import BadRequestError
from modelhub.media import Load, Takes, guess_type, guess_url_type, split_data_uri

# https://ai.google.dev/gemini-api/docs/image-understanding; system instructions are text alone, says
# https://ai.google.dev/api/generate-content
TAKES = Takes(
    "Gemini",
    never=frozenset({"image/svg+xml"}),
    as_image=frozenset({"pdf", "video", "audio"}),
    roles=frozenset({"user", "assistant", "tool", "function"}),
)
# What Gemini knows beside a medium: https://ai.google.dev/api/caching#Part
_BESIDE = ("videoMetadata", "video_metadata", "mediaResolution", "media_resolution", "thoughtSignature", "thought")


def adopt_contents(messages: Any) -> Any:
    """``messages`` as neutral messages; Gemini's own contents with ``parts``, and single parts, are accepted too."""
    if isinstance(messages, Mapping):
        messages = [messages]
    if not isinstance(messages, list | tuple):
        return messages
    adopted: list[Any] = []
    loose: list[Any] | None = None
    for item in messages:
        if isinstance(item, str) or (isinstance(item, Mapping) and not item.keys() & {"role", "content", "parts"}):
            if loose is None:
                adopted.append({"role": "user", "content": (loose := [])})
            loose.append(item)
            continue
        loose = None
        if isinstance(item, Mapping) and "parts" in item:
            role = item.get("role") or "user"
            item = {"role": "assistant" if role == "model" else role, "content": None, "parts": item["parts"]}
        adopted.append(item)
    return adopted


def build_contents(messages: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The turns of a conversation and, separately, the parts of its system messages.

    Parts that say nothing are left out, because the API refuses them, and so are answers that have no other. Answers
    that follow each other are one turn.
    """
    contents: list[dict[str, Any]] = []
    system: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    results: list[dict[str, Any]] | None = None
    for index, message in enumerate(messages):
        role = message["role"]
        if role in ("tool", "function") and "parts" not in message:
            if results is None:
                contents.append({"role": "user", "parts": (results := [])})
            results.append(build_result(message, names, index))
            continue
        parts = build_parts(message if "parts" in message else message.get("content"))
        if role in ("system", "developer"):
            system += [part for part in parts if not is_empty(part)]
            continue
        if role == "assistant":
            parts = build_answer(message, parts, names)
            if contents and all(is_silent(part) for part in parts):
                continue
        results = None
        said = [part for part in parts if not is_empty(part)]
        if role == "assistant" and contents and contents[-1]["role"] == "model":  # calls must follow what a user said
            contents[-1] = {"role": "model", "parts": [*contents[-1]["parts"], *said]}
            continue
        contents.append({"role": "model" if role == "assistant" else "user", "parts": said or [{"text": ""}]})
    return contents, system


def is_empty(part: dict[str, Any]) -> bool:
    """Whether a part holds nothing, or an empty text; one that is signed holds its signature."""
    return not any(value for name, value in part.items() if name != "thought")


def is_silent(part: dict[str, Any]) -> bool:
    """Whether a part is empty or only a thought, and not signed."""
    return is_empty(part) or (bool(part.get("thought")) and not part.get("thoughtSignature"))


def sign_calls(contents: list[dict[str, Any]]) -> None:
    """Mark the calls that other models made, which no signature came with.

    Gemini 3 and later refuse them without this mark: https://ai.google.dev/gemini-api/docs/thought-signatures
    """
    for content in contents:
        calls = [n for n, part in enumerate(content["parts"]) if "functionCall" in part]
        if calls and not any(content["parts"][n].get("thoughtSignature") for n in calls):
            first = content["parts"][calls[0]]
            content["parts"][calls[0]] = {**first, "thoughtSignature": "skip_thought_signature_validator"}


def build_answer(message: dict[str, Any], parts: list[dict[str, Any]], names: dict[str, str]) -> list[dict[str, Any]]:
    """The parts of an earlier answer with its tool calls; their names are added to ``names``, by id."""
    calls = message.get("tool_calls") or ()
    names.update(
        {part["functionCall"].get("id"): part["functionCall"]["name"] for part in parts if "functionCall" in part}
    )
    if calls:
        parts = [part for part in parts if part != {"text": ""}]
    signature = find_signature(message)
    if signature and parts:
        parts[-1] = {**parts[-1], "thoughtSignature": signature}
    elif signature and not calls:
        parts = [{"text": "", "thoughtSignature": signature}]
    return [*parts, *(build_call(call, names) for call in calls)]


def build_call(call: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A tool call as a part, with the thought signature that came with it."""
    function = call["function"]
    name, arguments = function["name"], function.get("arguments") or {}
    if isinstance(arguments, str):
        try:
            arguments = decode_json(arguments)
        except ValueError:
            raise BadRequestError(f"the arguments of tool call {name!r} are not JSON") from None
    if not isinstance(arguments, dict):
        raise BadRequestError(f"the arguments of tool call {name!r} are not a JSON object")
    part: dict[str, Any] = {"functionCall": {"name": name, "args": arguments}}
    if call.get("id"):
        names[call["id"]] = name
        part["functionCall"]["id"] = str(call["id"])
    signature = getattr(call.get("id"), "thought_signature", None) or find_signature(call)
    if signature:
        part["thoughtSignature"] = signature
    return part


def find_signature(holder: dict[str, Any]) -> Any:
    """The thought signature that the caller has put into a message or a tool call."""
    extra = holder.get("extra_content") or {}  # as in https://ai.google.dev/gemini-api/docs/openai
    return holder.get("thought_signature") or (extra.get("google") or {}).get("thought_signature")


def build_result(message: dict[str, Any], names: dict[str, str], index: int) -> dict[str, Any]:
    """The output of a tool as a part; it must be an object, so another value is put under its key ``result``."""
    ident = message.get("tool_call_id")
    name = message.get("name") or names.get(ident or "")
    if not name:
        raise BadRequestError(
            f"messages[{index}] (tool) answers no earlier tool call: give its tool_call_id, or the tool's name"
        )
    content = message.get("content")
    result: dict[str, Any] = {"name": name}
    if ident:
        result["id"] = str(ident)
    if isinstance(content, list):
        parts = build_parts(content)
        content = "".join(part["text"] for part in parts if "text" in part)
        media = [part for part in parts if "text" not in part]
        if media:
            result["parts"] = media
    result["response"] = content if isinstance(content, dict) else parse_object(content)
    return {"functionResponse": result}


def parse_object(content: Any) -> dict[str, Any]:
    """The JSON object in ``content``; for other content, an object that contains it."""
    if isinstance(content, str) and content.lstrip()[:1] == "{":
        try:
            value = decode_json(content)
        except ValueError:
            value = None
        if isinstance(value, dict):
            return value
    return {"result": content}


def build_parts(content: Any) -> list[dict[str, Any]]:
    """The parts of a message's content, which may be in Gemini's own form."""
    if content is None:
        return []
    if isinstance(content, Mapping) and "parts" in content:
        content = content["parts"] or []
    if isinstance(content, str | Mapping):
        content = [content]
    if not isinstance(content, list | tuple):
        raise BadRequestError(f"the content of a message must be a str or a list, not {type(content).__name__}")
    return [build_part(part) for part in content]


def build_part(part: Any) -> dict[str, Any]:
    """One part of a message in Gemini's form; a part in that form stays as it is."""
    if isinstance(part, str):
        return {"text": part}
    if not isinstance(part, Mapping):
        raise BadRequestError(f"a content part must be a dict, not {type(part).__name__}")
    kind = part.get("type")
    if kind is None:
        return dict(part)
    if kind == "text":
        return {"text": part["text"]}
    if kind in ("image_url", "video_url", "audio_url"):
        built = build_media(part[kind]["url"])
    elif kind == "input_audio":
        audio = part["input_audio"]
        if ":" in audio["data"]:
            built = build_media(audio["data"])
        else:
            built = {"inlineData": {"mimeType": f"audio/{audio['format']}", "data": audio["data"]}}
    elif kind == "file":
        file = part["file"]
        built = build_media(file.get("file_data") or file["file_id"], file.get("filename"))
    else:
        raise BadRequestError(f"Gemini cannot take a content part of type {kind!r}")
    if kind == "video_url" and part.get("fps") is not None:
        built["videoMetadata"] = {"fps": part["fps"]}
    return {**built, **{name: part[name] for name in _BESIDE if name in part}}


def build_media(url: str, name: str | None = None) -> dict[str, Any]:
    """A part for a data URI, or for a URL that Gemini fetches itself."""
    data = split_data_uri(url)
    if data is not None:
        return {"inlineData": {"mimeType": data[0], "data": data[1]}}
    kind = guess_type(name) if name else guess_url_type(url)
    return {"fileData": {"fileUri": url, **({"mimeType": kind} if kind else {})}}


def load_own(part: dict[str, Any], load: Load) -> dict[str, Any]:
    """A part in Gemini's own form with base64 in place of bytes and files, which Google's SDK takes there, too."""
    for name, kind in (("inlineData", "mimeType"), ("inline_data", "mime_type")):
        data = part.get(name)
        if isinstance(data, Mapping) and data.get("data") is not None and not isinstance(data["data"], str):
            label = data.get("mime_type") or data.get("mimeType") or ""
            found = split_data_uri(load("image", data["data"], label))
            if found is not None:
                return {**part, name: {kind: found[0], "data": found[1]}}
    return part
