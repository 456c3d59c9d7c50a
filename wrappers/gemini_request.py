"""Builds the body of a request to Gemini from neutral messages and options (https://ai.google.dev/api/generate-content)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from modelhub.errors import BadRequestError
from modelhub.fitting.choice import names_chosen

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
    options = dict(options)
    refuse(options, *_REFUSED, vendor="Gemini")
    if not (options.pop("automatic_function_calling", None) or {}).get("disable", True):
        raise BadRequestError("automatic_function_calling is not possible: call the tools and send their results")
    try:
        contents, system = build_contents(messages)
    except KeyError as missing:
        raise BadRequestError(f"a message lacks its {missing}") from None
    if not contents:
        raise BadRequestError("Gemini wants at least one message of a user or a model")
    body: dict[str, Any] = {"contents": contents}
    instruction = options.pop("system_instruction", None) or options.pop("systemInstruction", None)
    if instruction or system:
        body["systemInstruction"] = {"parts": [*build_parts(instruction), *system]}
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
    return body


def build_tools(tools: Any) -> list[dict[str, Any]]:
    """OpenAI's function tools as declarations; Gemini's tools, such as ``{"google_search": {}}``, stay as they are."""
    declarations, own = [], []
    for tool in tools:
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
    if isinstance(choice, str):
        return {"mode": _MODES[choice]}
    names = names_chosen(choice)
    if not names:
        raise BadRequestError(f"Gemini has no tool_choice {choice!r}")
    only = choice["type"] == "allowed_tools" and choice["allowed_tools"]["mode"] == "auto"
    return {"mode": "VALIDATED" if only else "ANY", "allowedFunctionNames": names}


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


def to_camel(name: str) -> str:
    """``max_output_tokens`` as Gemini spells it, maxOutputTokens."""
    return re.sub(r"(?<=[a-zA-Z0-9])_([a-z0-9])", lambda match: match[1].upper(), name)
