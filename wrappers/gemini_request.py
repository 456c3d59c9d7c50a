"""Builds the body of a request to Gemini from neutral messages and options (https://ai.google.dev/api/generate-content)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelhub.errors import BadRequestError
from modelhub.messages import tool_choice_name

from .gemini_contents import build_contents, build_parts
from .openai import refuse

# What stands beside `generationConfig` in a request; everything else a caller names belongs inside it.
_TOP_LEVEL = frozenset(
    {"cachedContent", "continuationToken", "labels", "safetySettings", "serviceTier", "store", "toolConfig"}
)
_NAMES = {
    "max_tokens": "maxOutputTokens",
    "max_completion_tokens": "maxOutputTokens",
    "n": "candidateCount",
    "stop": "stopSequences",
}
_REFUSED = ("logit_bias", "parallel_tool_calls", "reasoning_effort", "stream_options", "user", "http_options")
_MODES = {"auto": "AUTO", "none": "NONE", "required": "ANY"}


def build_body(messages: list[dict[str, Any]], options: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a request; options have neutral names or Gemini's own names, in camelCase or snake_case.

    Raises BadRequestError for what Gemini cannot do.
    """
    options = {**(options.get("config") or {}), **options}  # the SDK's calls have all options in `config`
    for name in ("config", "extra_headers", "extra_query"):
        options.pop(name, None)
    refuse(options, *_REFUSED, vendor="Gemini")
    if not (options.pop("automatic_function_calling", None) or {}).get("disable", True):
        raise BadRequestError("automatic_function_calling is not possible: call the tools and send their results")
    try:
        contents, system = build_contents(messages)
    except KeyError as missing:
        raise BadRequestError(f"a message lacks its {missing}") from None
    body: dict[str, Any] = {"contents": contents}
    instruction = options.pop("system_instruction", None) or options.pop("systemInstruction", None)
    if instruction or system:
        body["systemInstruction"] = {"parts": [*build_parts(instruction), *system]}
    extra = options.pop("extra_body", None) or {}
    tools, choice, shape = (options.pop(name, None) for name in ("tools", "tool_choice", "response_format"))
    if tools:
        body["tools"] = build_tools(tools)
    given = options.pop("generation_config", None) or options.pop("generationConfig", None) or {}
    generation = {_NAMES.get(name) or to_camel(name): value for name, value in given.items()}
    for name, value in options.items():
        name = _NAMES.get(name) or to_camel(name)
        (body if name in _TOP_LEVEL else generation)[name] = value
    if isinstance(generation.get("stopSequences"), str):
        generation["stopSequences"] = [generation["stopSequences"]]
    if shape is not None:
        generation.update(build_format(shape))
    if generation:
        body["generationConfig"] = generation
    if choice is not None:
        body["toolConfig"] = {**body.get("toolConfig", {}), "functionCallingConfig": build_choice(choice)}
    return merge(body, extra)


def build_tools(tools: Any) -> list[dict[str, Any]]:
    """OpenAI's function tools as declarations; Gemini's tools, such as ``{"google_search": {}}``, stay as they are."""
    declarations, own = [], []
    for tool in [tools] if isinstance(tools, Mapping) else tools:
        kind = tool.get("type")
        if kind is None:
            own.append({to_camel(name): value for name, value in tool.items()})
        elif kind == "function":
            function = tool["function"]
            declaration = {name: function[name] for name in ("name", "description") if function.get(name)}
            if function.get("parameters"):
                declaration["parametersJsonSchema"] = function["parameters"]
            declarations.append(declaration)
        else:
            raise BadRequestError(f"Gemini has no tool of type {kind!r}")
    return [{"functionDeclarations": declarations}, *own] if declarations else own


def build_choice(choice: Any) -> dict[str, Any]:
    """The ``functionCallingConfig`` for OpenAI's ``tool_choice``."""
    name = tool_choice_name(choice)
    if name is not None:
        return {"mode": "ANY", "allowedFunctionNames": [name]}
    if not isinstance(choice, str):
        raise BadRequestError(f"Gemini has no tool_choice {choice!r}")
    return {"mode": _MODES[choice]}


def build_format(shape: Any) -> dict[str, Any]:
    """The keys of ``generationConfig`` for OpenAI's ``response_format``."""
    kind = shape.get("type") if isinstance(shape, Mapping) else shape
    if kind == "text":
        return {}
    if kind == "json_object":
        return {"responseMimeType": "application/json"}
    if kind == "json_schema":
        schema = shape["json_schema"].get("schema") or {}
        return {"responseMimeType": "application/json", "responseJsonSchema": schema}
    raise BadRequestError(f"Gemini has no response_format {kind!r}")


def merge(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """``body`` with the keys of ``extra``; where both have an object, the objects are merged too."""
    merged = dict(body)
    for name, value in extra.items():
        old = merged.get(name)
        merged[name] = merge(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return merged


def to_camel(name: str) -> str:
    """``max_output_tokens`` as Gemini spells it, maxOutputTokens."""
    return re.sub(r"(?<=[a-zA-Z0-9])_([a-z0-9])", lambda match: match[1].upper(), name)
