"""The tools of a call in one neutral form, OpenAI's, whatever form they are given in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from modelhub.errors import BadRequestError
from modelhub.fitting.rules import VendorRules
from modelhub.late import late

if TYPE_CHECKING:
    from modelhub.typed import functions as typed
else:
    typed = late("modelhub.typed.functions")

EXPECTED = (
    'a tool is {"type": "function", "function": {"name": ..., "description": ..., "parameters": <JSON Schema>}}, '
    "the same as MCP, Anthropic or Gemini write it, or a Python function"
)
_SCHEMAS = ("parameters", "input_schema", "inputSchema", "parametersJsonSchema", "parameters_json_schema")
_DECLARATIONS = ("functionDeclarations", "function_declarations")
_IN_FUNCTION = ("name", "description", "strict")
# What MCP and Gemini's declarations have besides, and no API of a chat takes.
_DROPPED = frozenset(
    {"type", "function", "title", "annotations", "outputSchema", "output_schema", "icons", "execution", "meta", "_meta"}
) | {"response", "behavior", "responseJsonSchema", *_SCHEMAS, *_IN_FUNCTION}
_OF_OBJECTS = frozenset({"type", "function", "custom", "cache_control", *_IN_FUNCTION, *_SCHEMAS})
_ANTHROPICS = frozenset({"defer_loading", "allowed_callers", "input_examples", "eager_input_streaming"})


def normalize_tools(tools: Any, rules: VendorRules, name: str = "tools") -> list[dict[str, Any]]:
    """``tools``, one tool or several, as a list of tools in OpenAI's form.

    Tools that only a vendor itself has stay as they are, and so does what is in the own form of this vendor. Raises
    BadRequestError for what is no tool, with its place in ``name`` and what is expected.
    """
    found: list[dict[str, Any]] = []
    for n, tool in enumerate(as_list(tools)):
        found += normalize_tool(tool, rules, f"{name}[{n}]")
    return found


def as_list(tools: Any) -> list[Any]:
    """The items of ``tools``, which may be one tool without its list."""
    listed = tools.get("tools") if isinstance(tools, Mapping) else getattr(tools, "tools", None)
    if isinstance(listed, list):  # what an MCP server answers
        return listed
    if isinstance(tools, Mapping):
        values = list(tools.values())
        named = bool(values) and all(isinstance(v, Mapping) and isinstance(v.get("function"), Mapping) for v in values)
        return values if named else [tools] if tools else []  # AgentScope has the schemas of tools by name
    if isinstance(tools, list | tuple):
        return list(tools)
    if isinstance(tools, str | bytes | type) or not hasattr(tools, "__iter__") or _is_object(tools):
        return [tools]
    return list(tools)


def _is_object(tool: Any) -> bool:
    """Whether a tool is an object with attributes, as in the SDKs of MCP, OpenAI and Google."""
    if isinstance(tool, type):
        return False
    if callable(getattr(tool, "model_dump", None)):
        return True
    return isinstance(getattr(tool, "name", None), str) and any(
        isinstance(getattr(tool, name, None), Mapping) for name in _SCHEMAS
    )


def _read_object(tool: Any, place: str) -> dict[str, Any]:
    if callable(getattr(tool, "model_dump", None)):
        dumped = dump(tool)
        if isinstance(dumped, Mapping):
            named = isinstance(dumped.get("name"), str)
            told = {n: value for n, value in dumped.items() if value is not None and (not named or n in _OF_OBJECTS)}
            schema = getattr(tool, "args_schema", None)  # LangChain's
            return told if schema is None else {**told, "parameters": schema}
        raise BadRequestError(f"{place} is no tool: {EXPECTED}")
    told = {name: getattr(tool, name, None) for name in (*_IN_FUNCTION, *_SCHEMAS)}
    return {name: value for name, value in told.items() if value is not None}


def dump(given: Any) -> Any:
    """What an object of pydantic's holds, without what is null."""
    try:
        return given.model_dump(by_alias=True, exclude_none=True)
    except TypeError:  # somebody else's
        return given.model_dump()


def has_schema(given: Any) -> bool:
    """Whether this is a class that has a JSON Schema, as those of pydantic; its instances are no such thing."""
    return callable(getattr(given, "model_json_schema", None)) and (
        isinstance(given, type) or not hasattr(given, "model_dump")
    )


def normalize_tool(tool: Any, rules: VendorRules, place: str) -> Iterator[dict[str, Any]]:
    """One given tool in OpenAI's form; Gemini's may be several."""
    if not isinstance(tool, Mapping):
        if not _is_object(tool) and callable(tool) and not isinstance(tool, type):
            yield {"type": "function", "function": describe_tool(tool, place)}
            return
        if not _is_object(tool):
            kind = "a class" if isinstance(tool, type) else type(tool).__name__
            raise BadRequestError(f"{place} is {kind}, and no tool: {EXPECTED}")
        tool = _read_object(tool, place)
    if isinstance(tool.get("toolSpec"), Mapping):  # Amazon Bedrock's
        tool = tool["toolSpec"]
        schema = tool.get("inputSchema")
        tool = {**tool, "inputSchema": schema.get("json") if isinstance(schema, Mapping) else schema}
    declared = next((name for name in _DECLARATIONS if name in tool), None)
    if declared is not None:
        read = list(_read_declarations(tool, declared, rules, place))
        yield from [dict(tool)] if rules.own == "gemini" and _is_plain(tool) else read
        return
    kind = tool.get("type")
    function = tool.get("function")
    if kind == "function" or isinstance(function, Mapping) or (kind is None and "function" in tool):
        yield _read_function(tool, function if "function" in tool else tool, place)
    elif kind == "custom" and not any(name in tool for name in _SCHEMAS):
        yield _read_custom(tool, rules, place)
    elif kind in (None, "custom") and ("name" in tool or any(name in tool for name in _SCHEMAS)):
        yield _read_function(tool, tool, place)
    elif kind is None:
        if not rules.bare_tools or not tool or not _is_plain(tool):
            raise BadRequestError(f"{place} is no tool: {EXPECTED}")
        yield dict(tool)
    elif not isinstance(kind, str):
        raise BadRequestError(f"{place}.type must be a text, not {type(kind).__name__}: {EXPECTED}")
    elif not rules.typed_tools:
        raise BadRequestError(f"{place}: {rules.vendor} has no tool of type {kind!r}; {EXPECTED}")
    else:
        yield dict(tool)


def describe_tool(function: Any, place: str) -> dict[str, Any]:
    """What a model is told of a Python function: the name, the text of its docstring, and the schema of its arguments.

    Raises BadRequestError for a parameter that JSON cannot say.
    """
    try:
        return typed.describe_function(function).build_tool()
    except ValueError as error:
        raise BadRequestError(f"{place} cannot be a tool: {error}") from error


def _is_plain(tool: Mapping[str, Any]) -> bool:
    """Whether a tool may be Gemini's own, and holds nothing but lists and dicts by name."""
    return all(isinstance(part, list | dict) for part in tool.values())


def _read_declarations(tool: Mapping[str, Any], name: str, rules: VendorRules, place: str) -> Iterator[dict[str, Any]]:
    declarations = tool[name]
    declarations = [declarations] if isinstance(declarations, Mapping) else declarations
    if not isinstance(declarations, list | tuple):
        raise BadRequestError(f"{place}.{name} must be a list of declarations, not {type(declarations).__name__}")
    for n, declaration in enumerate(declarations):
        at = f"{place}.{name}[{n}]"
        if not isinstance(declaration, Mapping):
            if not _is_object(declaration):
                raise BadRequestError(f"{at} must be a declaration, not {type(declaration).__name__}")
            declaration = _read_object(declaration, at)
        yield _read_function({}, {n: v for n, v in declaration.items() if v is not None}, at)
    others = {key: value for key, value in tool.items() if key not in _DECLARATIONS and value is not None}
    if others:
        yield from normalize_tool(others, rules, place)


def _read_custom(tool: Mapping[str, Any], rules: VendorRules, place: str) -> dict[str, Any]:
    """A tool that takes free text."""
    if not rules.custom:
        raise BadRequestError(f"{place}: {rules.vendor} has no custom tools, which take free text")
    custom = tool.get("custom", {name: value for name, value in tool.items() if name != "type"})
    if not isinstance(custom, Mapping):
        raise BadRequestError(f"{place}.custom must be an object with a name, not {type(custom).__name__}")
    _check_name(custom.get("name"), f"{place}.custom.name")
    return {**tool, "custom": dict(custom)} if "custom" in tool else {"type": "custom", "custom": custom}


def _read_function(tool: Mapping[str, Any], told: Any, place: str) -> dict[str, Any]:
    """A function of any form; ``told`` is what has its name and its schema."""
    at = f"{place}.function" if told is not tool and tool else place
    if not isinstance(told, Mapping):
        raise BadRequestError(f"{at} must be an object with a name, not {type(told).__name__}: {EXPECTED}")
    _check_name(told.get("name"), f"{at}.name")
    description = told.get("description")
    if description is not None and not isinstance(description, str):
        raise BadRequestError(f"{at}.description must be a text, not {type(description).__name__}")
    given = next((name for name in _SCHEMAS if told.get(name) is not None and told[name] != {}), None)
    if told is not tool and tool:  # OpenAI's own form: what it has besides stays where it is
        function = {n: value for n, value in told.items() if n not in _SCHEMAS or n == given == "parameters"}
        for name in ("description", "strict"):
            if name in function and function[name] is None:
                del function[name]
        beside = {name: value for name, value in tool.items() if name not in ("type", "function")}
        if given not in (None, "parameters"):
            function["parameters"] = told[given]
    else:
        function = {name: told[name] for name in _IN_FUNCTION if told.get(name) is not None}
        if given is not None:
            function["parameters"] = told[given]
        beside = {name: value for name, value in told.items() if name not in _DROPPED}
    if given is not None:
        function["parameters"] = read_schema(function["parameters"], f"{at}.{given}")
    return {"type": "function", "function": function, **beside}


def _check_name(name: Any, place: str) -> None:
    if not isinstance(name, str) or not name.strip():
        what = "is missing" if name is None else f"must be a text, not {name!r}"[:100]
        raise BadRequestError(f"{place} {what}: {EXPECTED}")


def read_schema(schema: Any, place: str) -> Any:
    """A JSON Schema, or that of a class that has one, as those of pydantic."""
    if has_schema(schema):
        try:
            schema = schema.model_json_schema()
        except Exception as error:
            raise BadRequestError(f"{place}: {schema!r} has no JSON Schema: {error}") from error
    elif callable(getattr(schema, "model_dump", None)):
        schema = dump(schema)
    if isinstance(schema, bool) or not isinstance(schema, Mapping):
        raise BadRequestError(f"{place} must be a JSON Schema, a dict, not {type(schema).__name__}")
    return schema


def name_of(tool: Mapping[str, Any]) -> Any:
    """The name of a tool in the neutral form; None for a vendor's own that has none."""
    for kind in ("function", "custom"):
        if isinstance(tool.get(kind), Mapping):
            return tool[kind].get("name")
    return tool.get("name")


def drop_beside(tool: dict[str, Any]) -> dict[str, Any]:
    """A function without what only Anthropic has beside it."""
    if _ANTHROPICS.isdisjoint(tool):
        return tool
    return {name: value for name, value in tool.items() if name not in _ANTHROPICS}
