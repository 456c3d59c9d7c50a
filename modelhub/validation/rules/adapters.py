"""Find what is wrong with the description of a private protocol: its expressions, the names they read, its request."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from modelhub.adapters.braces import split
from modelhub.adapters.document import NAMES
from modelhub.adapters.expressions import compile_expression
from modelhub.adapters.failures import compile_error
from modelhub.adapters.polling import compile_poll
from modelhub.adapters.reading import compile_response
from modelhub.adapters.request import compile_request
from modelhub.diagnostics import Finding, Path
from modelhub.diagnostics.suggest import suggest
from modelhub.diagnostics.wording import did_you_mean, label
from modelhub.errors import ConfigError
from modelhub.patterns import expression
from modelhub.validation.rules.expressions import find_bad_expressions, list_expressions
from modelhub.validation.schema.view import View
from modelhub.validation.walk import list_texts

_WORDS = expression(r"\w+")
_TEMPLATES = ("query", "headers", "body", "form")
# Options that services do have, whatever they look like.
_OPTIONS = frozenset(
    {"temperature", "max_tokens", "top_p", "top_k", "stop", "seed", "n", "mode", "user", "logprobs", "echo", "format"}
)
_READERS: dict[str, Callable[[dict[str, Any], str], object]] = {
    "response": lambda part, _: compile_response(part, "any"),
    "error": lambda part, _: compile_error(part),
    "poll": compile_poll,
}
_OF_CHATS = {"messages", "system", "turns"}
_OTHERS = {
    "post_api_embedding": ("input", frozenset({*_OF_CHATS, "prompt", "tools", "tool_choice", "response_format"})),
    "post_api_dall_e": ("prompt", frozenset({*_OF_CHATS, "tools", "tool_choice", "response_format"})),
    "post_api": ("input", frozenset({*_OF_CHATS, "prompt"})),
}


def find_adapter_faults(config: dict[str, Any], view: View) -> Iterator[Finding]:
    """Yield a finding for each expression that cannot be used, else for what no request can be made of."""
    bad = list(find_bad_expressions(view, config))
    yield from bad
    places = {finding.path for finding in bad}
    found = [each for each in _find_names(config) if each.path not in places]
    yield from found
    if not bad and not found:
        yield from _find_faults(config)
        for name, compile_part in _READERS.items():
            part = config.get(name)
            if isinstance(part, dict) and not any("${" in text for _, _, text in list_texts(part)):
                yield from _try(config, partial(compile_part, part, str(config.get("api_url"))))


def _find_names(config: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding for each name that no call document has, or that is null in those of this config."""
    request, messages, given = config.get("request"), config.get("messages"), config.get("generate_args")
    if not isinstance(request, dict):
        return
    options = {*_OPTIONS, *(given if isinstance(given, dict) else ())}
    instead, never = _OTHERS.get(str(config.get("model_type")).rpartition(":")[2], ("", frozenset()))
    if isinstance(messages, dict) and messages.get("layout") == "prompt":
        instead, never = "prompt", frozenset({"messages"})
    for key in _TEMPLATES:
        for place, text in list_expressions("template", request.get(key), ("request", key)):
            for name in _read_names(text):
                if name in never:
                    yield _explain(place, text, 2, name, "is always null here", f"use ={instead}")
                elif name not in options and (near := _find_near(name)):
                    yield _explain(place, text, 2, name, "is no name of the call document", did_you_mean(near))
    url = str(request.get("url"))
    for name in split(url)[1::2]:
        if name not in options and (near := _find_near(name)):
            yield _explain(("request", "url"), url, 1, name, "is no name of the call document", did_you_mean(near))


def _find_near(name: str) -> str | None:
    """The name of call documents that was probably meant by one that is none."""
    return None if name in NAMES else suggest(name, sorted(NAMES))


def _read_names(text: str) -> list[str]:
    try:
        return sorted(compile_expression(text, "").names) if "${" not in text else []
    except ConfigError:
        return []


def _explain(place: Path, text: str, first: int, name: str, what: str, hint: str) -> Finding:
    column = next((word.start() + first for word in _WORDS.finditer(text) if word[0] == name), None)
    return Finding("MH206", f"{label(place)} reads {name!r}, which {what}", place, hint=hint, column=column)


def _find_faults(config: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding for the first reason for which no request can be built."""
    request, messages, stream = config.get("request"), config.get("messages"), config.get("stream")
    if not isinstance(request, dict):
        request = {}
    stream_url = stream.get("url") if isinstance(stream, dict) else None
    if not isinstance(messages, dict | None) or any("${" in text for text in _list_texts(request, stream_url)):
        return  # what it stands for is known when it is called
    given = next((name for name in ("body", "form") if request.get(name) is not None), None)
    if given is not None and config.get("json_args"):
        message = f"json_args is not sent: request.{given} says what is"
        yield Finding("MH206", message, ("json_args",), key=True, hint=f"move its keys into request.{given}")
    api_url = str(config.get("api_url"))
    yield from _try(config, lambda: compile_request(request, request, messages, api_url=api_url, stream_url=stream_url))


def _try(config: dict[str, Any], compile_part: Callable[[], object]) -> Iterator[Finding]:
    """Yield a finding if a part cannot be compiled."""
    try:
        compile_part()
    except ConfigError as error:
        message = error.problems[0].message
        yield Finding("MH203", message, _find_place(config, message))
    except (TypeError, ValueError, AttributeError):
        return  # of the wrong type, which the schema says


def _list_texts(request: dict[str, Any], stream_url: Any) -> Iterator[str]:
    """What has to be known to build a request."""
    yield from (text for key in _TEMPLATES for _, text in list_expressions("template", request.get(key), ()))
    yield from map(str, (request.get("url"), stream_url, request.get("method"), request.get("charset")))


def _find_place(config: dict[str, Any], message: str) -> Path:
    """The place that a message begins with, as far as there is such a one."""
    path: list[str] = []
    value: Any = config
    for step in message.split(" ", 1)[0].rstrip(":").split("."):
        if not isinstance(value, dict) or step not in value:
            break
        path.append(step)
        value = value[step]
    return tuple(path)
