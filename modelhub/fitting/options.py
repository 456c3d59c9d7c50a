"""The options of a call that every vendor writes differently: neutral first, then as one vendor takes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from modelhub.errors import BadRequestError
from modelhub.fitting.choice import check_choice, fit_choice, normalize_choice
from modelhub.fitting.formats import normalize_format
from modelhub.fitting.limits import check_unique, normalize_stop
from modelhub.fitting.names import rename
from modelhub.fitting.nulls import drop_nulls
from modelhub.fitting.rules import VendorRules
from modelhub.fitting.schemas import fit_schema
from modelhub.fitting.tools import drop_beside, name_of, normalize_tool, normalize_tools
from modelhub.wire import encode_json

_ELSEWHERE = ("mcp_servers", "extra_body")  # where a vendor may find tools as well
_SIMPLE = frozenset({"type", "function"})
_PLAIN = frozenset({"name", "description", "parameters"})
_OWN_LISTS = ("functionDeclarations", "function_declarations")


def normalize_options(options: dict[str, Any], rules: VendorRules) -> dict[str, Any]:
    """``options`` with tools, tool_choice and response_format in OpenAI's form, whatever form they are given in.

    Without tools, what is said about them is left out. Raises BadRequestError for what has no known form.
    """
    options = dict(options)
    if "stop" in options:
        stop = normalize_stop(options.pop("stop"), rules)
        options |= {} if stop is None else {"stop": stop}
    if not rules.completion and "max_completion_tokens" in options:
        limit = options.pop("max_completion_tokens")
        options.setdefault("max_tokens", limit)
    if "response_format" in options:
        options["response_format"] = normalize_format(options["response_format"])
    tools = normalize_tools(options.get("tools", ()), rules)
    functions, call = options.pop("functions", ()), options.pop("function_call", None)  # OpenAI's names before tools
    tools += normalize_tools(functions, rules, "functions")
    if call is not None:
        options.setdefault("tool_choice", call)
    if not tools and not any(isinstance(options.get(name), list | Mapping) and options[name] for name in _ELSEWHERE):
        for name in ("tools", "tool_choice", "parallel_tool_calls"):
            options.pop(name, None)
        return options
    if tools:
        options["tools"] = check_unique(tools, rules) if rules.unique else tools
    else:
        options.pop("tools", None)
    if "tool_choice" in options:
        options["tool_choice"], parallel = normalize_choice(options["tool_choice"])
        if tools:
            check_choice(options["tool_choice"], tools)
        if parallel is False:
            options.setdefault("parallel_tool_calls", False)
    if not rules.parallel and options.get("parallel_tool_calls") is not None:
        if options["parallel_tool_calls"] is not True:
            raise BadRequestError(f"{rules.vendor} has no option 'parallel_tool_calls'")
        del options["parallel_tool_calls"]
    return options


def normalize_foreign(options: dict[str, Any]) -> dict[str, Any]:
    """``options`` for a service whose forms are its own: only objects become dicts, and no empty list is sent."""
    options = dict(options)
    tools = options.get("tools")
    if callable(tools):
        tools = [tools]
    if isinstance(tools, list | tuple) and not all(isinstance(tool, Mapping) for tool in tools):
        plain = VendorRules()
        options["tools"] = [
            one
            for n, tool in enumerate(tools)
            for one in ([tool] if isinstance(tool, Mapping) else normalize_tool(tool, plain, f"tools[{n}]"))
        ]
    elif isinstance(tools, list | tuple) and not tools:
        for name in ("tools", "tool_choice", "parallel_tool_calls"):
            options.pop(name, None)
    wanted = options.get("response_format")
    if wanted is not None and not isinstance(wanted, Mapping | str):
        options["response_format"] = normalize_format(wanted)
    return options


class SentTools:
    """What of the tools was sent in another form than the caller has it, so that the caller gets its own back.

    ``names`` are the caller's names by those that were sent; ``schemas``, by the caller's names, are of tools whose
    optional arguments may come as null.
    """

    __slots__ = ("names", "schemas")

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.schemas: dict[str, Any] = {}

    def restore(self, calls: Any) -> None:
        """Give tool calls of an answer the caller's names, and take out nulls that stand for nothing."""
        for call in calls:
            given = call.name
            name = call.name = self.names.get(given, given)
            if name != given and hasattr(call, "problem"):  # why it cannot be run
                call.problem = call.problem.replace(given, name)
            if name in self.schemas:
                call.arguments = drop_nulls(call.arguments, self.schemas[name])


def fit_options(options: dict[str, Any], rules: VendorRules) -> tuple[dict[str, Any], SentTools | None]:
    """Neutral ``options`` as the vendor takes them, and what the caller gets back as its own; None if that is nothing.

    Raises BadRequestError for what cannot be made to fit, by name and path.
    """
    options = dict(options)
    wanted = options.get("response_format")
    if isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        inside = wanted["json_schema"]
        strict = inside.get("strict") is True and rules.strict_answer
        _check_json({**wanted, "json_schema": {**inside, "schema": None}}, "response_format")
        schema = fit_schema(inside["schema"], strict or rules.answer, "response_format.json_schema.schema")
        options["response_format"] = {**wanted, "json_schema": {**inside, "schema": schema}}
    elif wanted is not None:
        _check_json(wanted, "response_format")
    tools = options.get("tools")
    if not tools:
        return options, None
    choice = options.pop("tool_choice", None) if "tool_choice" in options else None
    if choice is not None:
        fitted, tools = fit_choice(choice, tools, rules)
        if not tools:
            del options["tools"]
            options.pop("parallel_tool_calls", None)
            return options, None
        if fitted is not None:
            _check_json(fitted, "tool_choice")
            options["tool_choice"] = _rename_choice(fitted, rules)
    sent = SentTools()
    options["tools"] = [_fit_tool(tool, f"tools[{n}]", rules, sent) for n, tool in enumerate(tools)]
    return options, sent if sent.names or sent.schemas else None


def _check_json(value: Any, place: str) -> None:
    """Raise BadRequestError for what cannot be sent."""
    try:
        encode_json(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise BadRequestError(f"{place} cannot be written as JSON: {error}") from None


def _fit_tool(tool: dict[str, Any], place: str, rules: VendorRules, sent: SentTools) -> dict[str, Any]:
    if not tool.keys() <= _SIMPLE:
        _check_json({n: value for n, value in tool.items() if n != "function"}, place)
    for kind in _OWN_LISTS:
        if kind in tool:
            return {**tool, kind: [_rename(one, rules, sent) for one in tool[kind]]}
    if tool.get("type") == "custom" and isinstance(tool.get("custom"), dict):
        return {**tool, "custom": _rename(tool["custom"], rules, sent)}
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, dict):
        return tool
    if not function.keys() <= _PLAIN:
        _check_json({n: value for n, value in function.items() if n != "parameters"}, f"{place}.function")
    name = function["name"]
    fitted = dict(_rename(function, rules, sent))
    strict = rules.strict_tool if function.get("strict") is True else None
    schema = function.get("parameters")
    if schema is None and (strict is not None or rules.parameters):
        schema = {"type": "object", "properties": {}}
    if schema is not None:
        fitted["parameters"] = fit_schema(schema, strict or rules.tool, f"tool {name!r}: {place}.function.parameters")
        if strict is not None and strict.all_required:
            sent.schemas[name] = schema
    tool = {**tool, "function": fitted}
    return tool if rules.beside else drop_beside(tool)


def _rename(holder: dict[str, Any], rules: VendorRules, sent: SentTools | None = None) -> dict[str, Any]:
    if rules.names is None:
        return holder
    renamed = rename(holder, rules.names, rules.length)
    if sent is not None and renamed is not holder:
        sent.names[renamed["name"]] = holder["name"]
    return renamed


def _rename_choice(choice: Any, rules: VendorRules) -> Any:
    if not isinstance(choice, dict) or (name_of(choice) is None and choice.get("type") != "allowed_tools"):
        return choice
    if choice.get("type") == "allowed_tools":
        inside = choice["allowed_tools"]
        return {**choice, "allowed_tools": {**inside, "tools": [_rename_choice(one, rules) for one in inside["tools"]]}}
    kind = next((kind for kind in ("function", "custom") if isinstance(choice.get(kind), dict)), None)
    return _rename(choice, rules) if kind is None else {**choice, kind: _rename(choice[kind], rules)}
