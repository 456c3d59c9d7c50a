"""Turns the tools and options of a call into Anthropic's forms."""

from __future__ import annotations

from typing import Any

from modelhub.errors import BadRequestError

from .anthropic_messages import build_messages, join_system
from .openai import refuse

VERSION = "2023-06-01"
WITHOUT_SAMPLING = "2026-10-21"  # from this version on the API refuses the options that steer sampling
SAMPLING = ("temperature", "top_p", "top_k")
MAX_TOKENS = 4096  # the API wants a number


def build_body(messages: list[dict[str, Any]], options: dict[str, Any], version: str) -> dict[str, Any]:
    """The JSON of a request without the model; raises BadRequestError for what this version of the API cannot do."""
    refuse(options, "seed", "stream_options", vendor="Anthropic")
    for name in SAMPLING:
        if name in options and version >= WITHOUT_SAMPLING:
            raise BadRequestError(
                f"version {version} of Anthropic's API has no option {name!r}: "
                f"leave it out, or set anthropic_version to an earlier one such as {VERSION}"
            )
    check_thinking(options)
    system, turns = build_messages(messages)
    if not turns:
        raise BadRequestError("Anthropic wants at least one message of a user that is not blank")
    if options.get("system"):
        system.insert(0, options.pop("system"))
    limit = options.pop("max_completion_tokens", None) or find_limit(options.get("thinking"))
    body: dict[str, Any] = {"max_tokens": limit, "messages": turns}
    if system:
        body["system"] = join_system(system)
    stop = options.pop("stop", None)
    if stop is not None:
        body["stop_sequences"] = [stop] if isinstance(stop, str) else stop
    tools = options.pop("tools", None)
    if tools:
        body["tools"] = [build_tool(tool) for tool in tools]
    choice = build_tool_choice(options.pop("tool_choice", None), options.pop("parallel_tool_calls", None))
    if choice is not None:
        body["tool_choice"] = choice
    form = build_format(options.pop("response_format", None))
    if form is not None:
        options["output_config"] = {**options.get("output_config", {}), "format": form}
    return {**body, **options}


def check_thinking(options: dict[str, Any]) -> None:
    """Raise BadRequestError for what the API refuses of a model that thinks.

    https://platform.claude.com/docs/en/build-with-claude/extended-thinking#feature-compatibility
    """
    thinking = options.get("thinking")
    if not isinstance(thinking, dict) or thinking.get("type") not in ("enabled", "adaptive"):
        return
    if options.get("temperature", 1) != 1:
        raise BadRequestError("Claude thinks at a temperature of 1 alone: leave temperature out, or thinking")
    if "top_k" in options:
        raise BadRequestError("Claude does not think with top_k: leave it out, or thinking")
    if options.get("tool_choice", "auto") not in ("auto", "none", {"type": "auto"}, {"type": "none"}):
        raise BadRequestError("Claude does not think when tool_choice demands a call: leave one of them out")


def find_limit(thinking: Any) -> int:
    """The ``max_tokens`` of a call that names none; the API wants more of them than ``thinking`` may take.

    https://platform.claude.com/docs/en/build-with-claude/extended-thinking
    """
    budget = thinking.get("budget_tokens") if isinstance(thinking, dict) else None
    return MAX_TOKENS + budget if isinstance(budget, int) and budget >= MAX_TOKENS else MAX_TOKENS


def build_tool(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool in OpenAI's form turned into Anthropic's; other tools stay as they are."""
    function = tool.get("function")
    if not isinstance(function, dict):
        return tool
    built = {name: value for name, value in tool.items() if name not in ("type", "function")}
    for name in ("name", "description", "strict"):
        if function.get(name) is not None:
            built[name] = function[name]
    return {**built, "input_schema": function.get("parameters") or {"type": "object", "properties": {}}}


def build_tool_choice(choice: Any, parallel: bool | None) -> dict[str, Any] | None:
    """Anthropic's ``tool_choice``, which also says whether several tools may be called at once."""
    if choice is None and parallel is not False:
        return None
    if isinstance(choice, dict):
        named = choice.get("type") == "function"
        built: dict[str, Any] = {"type": "tool", "name": choice["function"]["name"]} if named else dict(choice)
    else:
        built = {"type": "any" if choice == "required" else choice or "auto"}
    if parallel is False and built.get("type") != "none":
        built["disable_parallel_tool_use"] = True
    return built


def build_format(response_format: Any) -> dict[str, Any] | None:
    """``output_config.format`` for OpenAI's ``response_format``."""
    kind = response_format.get("type") if isinstance(response_format, dict) else response_format
    if kind == "json_schema":
        return {"type": "json_schema", "schema": response_format["json_schema"]["schema"]}
    if kind is None or kind == "text":
        return None
    raise BadRequestError(f"Anthropic has no response_format {kind!r}: use json_schema")
