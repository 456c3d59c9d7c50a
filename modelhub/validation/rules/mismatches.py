"""Find parts of the description of a private protocol that do not fit each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.adapters.expressions import compile_expression
from modelhub.diagnostics import Finding, Path
from modelhub.errors import ConfigError
from modelhub.validation.rules.expressions import list_expressions

_TEMPLATES = ("query", "headers", "body", "form")
_NEEDS_FRAMING = {"prefix": "lines", "event": "sse"}
_ANSWERS = ("text", "reasoning", "tool_calls")


def find_mismatches(config: dict[str, Any]) -> Iterator[Finding]:
    """Yield a finding for each part that cannot work together with the others."""
    parts = {name: _read(config, name) for name in ("request", "messages", "response", "stream")}
    yield from _find_unread_tools(parts)
    yield from _find_idle_keys(parts)
    yield from _find_stream_faults(parts["stream"], parts["response"])


def _read(config: dict[str, Any], name: str) -> dict[str, Any]:
    value = config.get(name)
    return value if isinstance(value, dict) else {}


def _find_names(request: dict[str, Any]) -> set[str]:
    """The names of the call document that a request reads."""
    names: set[str] = set()
    for key in _TEMPLATES:
        for _, text in list_expressions("template", request.get(key), ()):
            try:
                names |= compile_expression(text, "").names or {""}
            except ConfigError:  # which is told already
                continue
    return names


def _find_unread_tools(parts: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    request, messages, response = parts["request"], parts["messages"], parts["response"]
    names = _find_names(request)
    if (
        "tools" in names
        and response.get("text")
        and not (response.get("tool_calls") or parts["stream"].get("tool_calls"))
    ):
        message = "request sends tools, and nothing says where the calls of an answer are"
        yield _tell(("response",), message, "add response.tool_calls", key=True)
    said = request.get("body") or request.get("form")
    if messages.get("system") == "drop_to_field" and said and names.isdisjoint({"system", ""}):
        message = "messages.system leaves the texts of the system out of the messages, and nothing reads =system"
        yield _tell(("messages", "system"), message, "put =system into request")


def _find_idle_keys(parts: dict[str, dict[str, Any]]) -> Iterator[Finding]:
    messages, stream = parts["messages"], parts["stream"]
    if messages.get("template") is not None and messages.get("layout") != "prompt":
        names = _find_names(parts["request"])
        if "prompt" not in names:
            message = "messages.template has no effect: nothing reads =prompt"
            yield _tell(
                ("messages", "template"),
                message,
                "put =prompt into request, and set messages.layout: prompt",
                "warning",
            )
    for key, framing in _NEEDS_FRAMING.items():
        if stream.get(key) is not None and stream.get("framing") not in (framing, None):
            message = f"stream.{key} has no effect with the framing {stream['framing']}"
            yield _tell(("stream", key), message, f"leave it out, or write framing: {framing}")
    for place, calls in ((("response",), parts["response"]), (("stream",), stream)):
        found = calls.get("tool_calls")
        if isinstance(found, dict) and found:
            yield from _check_calls(found, (*place, "tool_calls"))


def _check_calls(calls: dict[str, Any], path: Path) -> Iterator[Finding]:
    where = ".".join(map(str, path))
    if calls.get("in_text") is not None:
        other = next((key for key in calls if key != "in_text"), None)
        if other is not None:
            message = f"{where}.{other} has no effect: in_text says that calls stand in the text"
            yield _tell((*path, other), message, "leave one of them out", key=True)
    elif calls.get("each") is None:
        yield _tell(path, f"{where} finds no calls", "add each, the expression of their list, or in_text", key=True)
    elif calls.get("name") is None:
        yield _tell(path, f"{where} finds no names of tools", "add name", key=True)


def _find_stream_faults(stream: dict[str, Any], response: dict[str, Any]) -> Iterator[Finding]:
    framing = stream.get("framing")
    if framing is None or framing in ("text", "lines") or not response:
        return
    if not any(part.get(name) for part in (stream, response) for name in _ANSWERS):
        message = "stream says nowhere what of an event belongs to the answer"
        yield _tell(("stream",), message, "add stream.text", key=True)


def _tell(path: Path, message: str, hint: str, severity: Any = "error", *, key: bool = False) -> Finding:
    return Finding("MH207", message, path, hint=hint, severity=severity, key=key)
