"""Fits a conversation to those who speak OpenAI's API, where parts of it come from models of other vendors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from modelhub.late import late

if TYPE_CHECKING:
    import hashlib
else:
    hashlib = late("hashlib")

MAX_LENGTH = 40  # of the id of a tool call; OpenAI refuses longer ones
MAX_NAME = 64  # characters of the name of a speaker
# What OpenAI refuses in the names of speakers: https://platform.openai.com/docs/api-reference/chat/create
_NAME = re.compile(r"[^\s<|\\/>]{1,64}")
_NO_NAME = re.compile(r"[\s<|\\/>]+")
_SIGNED = "__thought__"  # in the ids that LiteLLM gives to Gemini's calls, before the signature
# Mistral, and the templates of its models, take no other ids: https://docs.mistral.ai/capabilities/function_calling
_MISTRAL_ID = re.compile(r"[a-zA-Z0-9]{9}")
_MISTRAL = re.compile(r"(?:mi|mini|code|magi|dev|vox)stral|voxtral|mixtral|pixtral", re.I)
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_THINKING = re.compile(r"//[^/]*\b(?:deepseek\.com|moonshot\.(?:cn|ai))")
_SIGNING = re.compile(r"gemini-(?:[3-9]|\d\d)")
# What modelhub's users store with the answers of Anthropic and Gemini.
_OTHERS = frozenset({"thinking_blocks", "thought_signature"})


class OwnId(str):
    """The id of a tool call that goes back to the vendor that made it, and stays as it is."""


def is_mistral(*names: str | None) -> bool:
    """Whether one of the names, of a vendor, a host or a model, is of Mistral AI."""
    return any(name and _MISTRAL.search(name) for name in names)


def wants_thoughts(vendor: str | None, url: str) -> bool:
    """Whether the vendor refuses tool calls that no ``reasoning_content`` came with, as DeepSeek and Moonshot do."""
    return vendor in ("deepseek", "moonshot", "moonshot_cn") or _THINKING.search(url) is not None


def wants_signatures(vendor: str | None, url: str, model_name: str) -> bool:
    """Whether it is Google's service and a model that refuses tool calls without a signature: Gemini 3 and later."""
    return bool(_SIGNING.search(model_name)) and (vendor == "gemini" or "googleapis.com/" in url)


def sign_call(message: dict[str, Any]) -> dict[str, Any]:
    """Mark the calls of another vendor's model: https://ai.google.dev/gemini-api/docs/thought-signatures."""
    first, *others = message["tool_calls"]
    if any("extra_content" in call for call in message["tool_calls"]):
        return message
    mark = {"google": {"thought_signature": "skip_thought_signature_validator"}}
    return {**message, "tool_calls": [{**first, "extra_content": mark}, *others]}


def all_plain(messages: list[dict[str, Any]]) -> bool:
    """Whether nothing in ``messages`` needs to be fitted: only a system and users speak, and say a text alone."""
    for message in messages:
        if message["role"] not in ("user", "system") or type(message.get("content")) is list or len(message) > 2:
            return False
    return True


def drop_marks(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``messages`` without ``cache_control``, for those that keep prompts by themselves and refuse the word."""
    dropped = []
    for message in messages:
        message = drop_mark(message)
        for name in ("content", "tool_calls"):
            if isinstance(message.get(name), list):
                message = {**message, name: [drop_mark(part) for part in message[name]]}
        dropped.append(message)
    return dropped


def drop_mark(part: Any) -> Any:
    """A message, a part or a call without its ``cache_control``."""
    if not isinstance(part, dict) or "cache_control" not in part:
        return part
    return {name: value for name, value in part.items() if name != "cache_control"}


def fit_speakers(messages: list[dict[str, Any]], developer: bool) -> list[dict[str, Any]]:
    """``messages`` with names that OpenAI takes; without a ``developer``, where the vendor knows only system."""
    return [fit_speaker(message, developer) for message in messages]


def fit_speaker(message: dict[str, Any], developer: bool) -> dict[str, Any]:
    """One message with a name and a role that the vendor takes."""
    if not developer and message["role"] == "developer":
        message = {**message, "role": "system"}
    name = message.get("name")
    if name is None or _NAME.fullmatch(name):
        return message
    fitted = _NO_NAME.sub("_", name.strip())[:MAX_NAME].strip("_")
    return {key: value for key, value in message.items() if key != "name"} | ({"name": fitted} if fitted else {})


def fit_messages(
    messages: list[dict[str, Any]],
    mistral: bool = False,
    known: bool = False,
    thoughts: bool = False,
    signatures: bool = False,
) -> list[dict[str, Any]]:
    """``messages`` without the thoughts of Claude, and with ids of tool calls that the vendor accepts.

    An id and the result that names it stay together. ``known`` says that the vendor takes nobody else's fields,
    ``mistral`` that it has Mistral's rules, ``thoughts`` and ``signatures`` that calls need them, also those that
    others made.
    """
    own = frozenset(
        call["id"]
        for message in messages
        for call in message.get("tool_calls") or ()
        if isinstance(call.get("id"), OwnId)
    )
    fitted: list[dict[str, Any]] = []
    for message in messages:
        role = message["role"]
        if mistral and role == "user" and fitted and fitted[-1]["role"] == "tool":
            fitted.append({"role": "assistant", "content": "."})  # Mistral wants an answer to the results of tools
        if role == "assistant":
            message = fit_answer(message, own, mistral, known)
            if thoughts and message.get("tool_calls") and not message.get("reasoning_content"):
                message = {**message, "reasoning_content": " "}
            if signatures and message.get("tool_calls"):
                message = sign_call(message)
        elif role == "tool" and "is_error" in message:  # Anthropic's word
            message = {name: value for name, value in message.items() if name != "is_error"}
        if role == "tool" and message.get("tool_call_id"):
            ident = fit_id(message["tool_call_id"], own, mistral, known)
            message = message if ident == message["tool_call_id"] else {**message, "tool_call_id": ident}
        fitted.append(message)
    return fitted


def fit_answer(message: dict[str, Any], own: frozenset[str], mistral: bool, known: bool) -> dict[str, Any]:
    """An earlier answer without what only other vendors understand."""
    content, calls = message.get("content"), message.get("tool_calls")
    if isinstance(content, list) and any(map(is_claudes, content)):
        parts = [part for part in content if not is_claudes(part)]
        message = {**message, "content": parts or (None if calls else "")}
    if known and not _OTHERS.isdisjoint(message):
        message = {name: value for name, value in message.items() if name not in _OTHERS}
    if calls:
        message = {**message, "tool_calls": [fit_call(call, own, mistral, known) for call in calls]}
    return message


def fit_call(call: dict[str, Any], own: frozenset[str], mistral: bool, known: bool) -> dict[str, Any]:
    """A tool call with an id that the vendor accepts."""
    if known and not _OTHERS.isdisjoint(call):
        call = {name: value for name, value in call.items() if name not in _OTHERS}
    ident = call.get("id")
    return call if not ident or (fit := fit_id(ident, own, mistral, known)) == ident else {**call, "id": fit}


def is_claudes(part: Any) -> bool:
    """Whether a part of a content is a thought in the form of Anthropic's API; Mistral's thoughts are lists."""
    if not isinstance(part, dict):
        return False
    kind = part.get("type")
    return kind == "redacted_thinking" or (kind == "thinking" and isinstance(part.get("thinking"), str))


def fit_id(ident: str, own: frozenset[str], mistral: bool, known: bool) -> str:
    """``ident`` or, if the vendor would refuse it, an id that stands for it and for no other."""
    if ident in own:
        return ident
    if mistral:
        return ident if _MISTRAL_ID.fullmatch(ident) else shorten(ident, 9)
    signed = _SIGNED in ident and not known  # whoever it is may be LiteLLM
    return ident if len(ident) <= MAX_LENGTH or signed else f"call_{shorten(ident, 22)}"


def shorten(ident: str, length: int) -> str:
    """Letters and digits that stand for ``ident``, always the same ones."""
    number = int.from_bytes(hashlib.sha256(ident.encode("utf-8", "surrogatepass")).digest())
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits.append(_DIGITS[digit])
    return "".join(digits)
