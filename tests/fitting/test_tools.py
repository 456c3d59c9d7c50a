"""Tools in any form, for every wrapper: the same request, or a refusal that says where and what is expected."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest

from modelhub.errors import BadRequestError

from .vendors import BY_TYPE, VENDORS, Vendor

PORT = {"type": "object", "properties": {"port": {"type": "string"}}, "required": ["port"]}
TOLD = {"name": "find_ferry", "description": "Finds one."}
OPENAIS = {"type": "function", "function": {**TOLD, "parameters": PORT}}


class Dumped:
    """As pydantic's objects are."""

    def __init__(self, **told: Any) -> None:
        self.told = told

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        raise AssertionError("this is the schema of the tool itself")

    def model_dump(self, exclude_none: bool = False, by_alias: bool = False) -> dict[str, Any]:
        return {n: value for n, value in self.told.items() if value is not None or not exclude_none}


class Ferry:
    """As pydantic's classes are."""

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return PORT


class LangChains(Dumped):
    """As LangChain's tools are."""

    args_schema = Ferry


CAPITALS = {"type": "OBJECT", "properties": {"port": {"type": "STRING"}}, "required": ["port"]}
FORMS: dict[str, Any] = {
    "OpenAI's": [OPENAIS],
    "one and no list": OPENAIS,
    "a tuple": (OPENAIS,),
    "a generator": lambda: (tool for tool in [OPENAIS]),
    "without a type": [{"function": {**TOLD, "parameters": PORT}}],
    "flat": [{"type": "function", **TOLD, "parameters": PORT}],
    "flat, without a type": [{**TOLD, "parameters": PORT}],
    "MCP's": [{**TOLD, "inputSchema": PORT, "annotations": {"title": "x"}, "title": "Ferries", "_meta": {}}],
    "an object of MCP's SDK": [Dumped(**TOLD, inputSchema=PORT, title=None, outputSchema=None, annotations=None)],
    "an object with attributes": [SimpleNamespace(**TOLD, inputSchema=PORT, title=None)],
    "Anthropic's": [{**TOLD, "input_schema": PORT}],
    "Anthropic's with its type": [{"type": "custom", **TOLD, "input_schema": PORT}],
    "Gemini's": [{"functionDeclarations": [{**TOLD, "parametersJsonSchema": PORT}]}],
    "Gemini's in Python": [{"function_declarations": [{**TOLD, "parameters_json_schema": PORT}]}],
    "Gemini's in capitals": [{"function_declarations": [{**TOLD, "parameters": CAPITALS}]}],
    "AgentScope's by name": {"find_ferry": OPENAIS},
    "MCP's within a function": [{"type": "function", "function": {**TOLD, "inputSchema": PORT}}],
    "Bedrock's": [{"toolSpec": {**TOLD, "inputSchema": {"json": PORT}}}],
    "what an MCP server answers": {"tools": [{**TOLD, "inputSchema": PORT}]},
    "the object that an MCP server answers": SimpleNamespace(tools=[SimpleNamespace(**TOLD, inputSchema=PORT)]),
    "an object of LangChain": [LangChains(**TOLD, tags=[], verbose=False)],
    "an object of pydantic's as parameters": [{"type": "function", "function": {**TOLD, "parameters": Dumped(**PORT)}}],
    "a class of pydantic as parameters": [{"type": "function", "function": {**TOLD, "parameters": Ferry}}],
}


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_becomes_the_vendors(vendor: Vendor, form: str) -> None:
    given = FORMS[form]
    given = given() if callable(given) else given
    before = copy.deepcopy(given) if isinstance(given, dict | list | tuple) else None
    body = vendor.send(tools=given)
    told = vendor.tools(body)
    if vendor.model_type == "gemini_chat" and form.startswith("Gemini's"):  # its own stay as they are
        assert body["tools"] == [{"functionDeclarations": next(iter(before[0].values()))}]  # type: ignore[index]
        return
    assert told == [("find_ferry", PORT)]
    if before is not None and "object" not in form:
        assert given == before


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
def test_functions_of_the_time_before_tools(vendor: Vendor) -> None:
    body = vendor.send(functions=[{**TOLD, "parameters": PORT}], function_call="auto")
    assert vendor.tools(body) == [("find_ferry", PORT)]
    assert "functions" not in str(body).replace("functionsDecl", "") and "function_call'" not in str(body)


EMPTY: list[dict[str, Any]] = [
    {"parameters": {}},
    {"parameters": None},
    {"parameters": {"type": "object"}},
    {"parameters": {"type": "object", "properties": {}}},
    {"parameters": {"type": "object", "properties": None, "required": None}},
    {"parameters": {"type": "object", "properties": []}},
    {},
]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize("told", EMPTY, ids=str)
def test_a_tool_without_arguments(vendor: Vendor, told: dict[str, Any]) -> None:
    [(_, schema)] = vendor.tools(vendor.send(tools=[{"type": "function", "function": {"name": "f", **told}}]))
    assert schema in (None, {"type": "object", "properties": {}})
    if vendor.model_type in ("zhipuai_chat", "anthropic_chat"):
        assert schema is not None


NO_TOOLS = [[], (), {}, None]


@pytest.mark.filterwarnings("ignore::modelhub.errors.ConfigWarning")
@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize("tools", NO_TOOLS, ids=str)
@pytest.mark.parametrize("choice", [None, "auto", "none", "required", "find_ferry", {"type": "any"}], ids=str)
def test_without_tools_nothing_is_said_of_them(vendor: Vendor, tools: Any, choice: Any) -> None:
    plain = vendor.send()
    assert vendor.send(tools=tools, tool_choice=choice, parallel_tool_calls=False) == plain
    model, connections = vendor.build(generate_args={"tools": [], "tool_choice": "auto"})
    model("Hi")
    assert vendor.send() == plain and connections.requests[0].body is not None
    assert b"tool" not in connections.requests[0].body


def function(port: complex) -> str:
    """A function with an argument that JSON does not have."""
    return port


NONE: list[tuple[Any, str]] = [
    ([function], r"tools\[0\] cannot be a tool: port: complex has no form in JSON"),
    ([Ferry], r"tools\[0\] is a class"),
    ([OPENAIS, "find_ferry"], r"tools\[1\] is str"),
    ("find_ferry", r"tools\[0\] is str"),
    (5, r"tools\[0\] is int"),
    ([None], r"tools\[0\] is NoneType"),
    ([{"type": "function"}], r"tools\[0\]\.name is missing"),
    ([{"type": "function", "function": "find_ferry"}], r"tools\[0\]\.function must be an object"),
    ([{"type": "function", "function": {}}], r"tools\[0\]\.function\.name is missing"),
    ([{"type": "function", "function": {"name": ""}}], r"tools\[0\]\.function\.name must be a text"),
    ([{"type": "function", "function": {"name": 5}}], r"tools\[0\]\.function\.name must be a text, not 5"),
    ([{"type": "function", "function": {"name": "f", "description": 5}}], r"tools\[0\]\.function\.description"),
    ([{"type": "function", "function": {"name": "f", "parameters": "{}"}}], r"tools\[0\]\.function\.parameters must"),
    ([{"name": "f", "input_schema": []}], r"tools\[0\]\.input_schema must be a JSON Schema"),
    ([{"google_search": 5}], r"tools\[0\] is no tool"),
    ([{"type": 5}], r"tools\[0\]\.type must be a text"),
    ([{"functionDeclarations": 5}], r"tools\[0\]\.functionDeclarations must be a list"),
    ([{"functionDeclarations": ["f"]}], r"tools\[0\]\.functionDeclarations\[0\] must be a declaration"),
    (
        [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": 5}}}],
        r"tool 'f': tools\[0\]\.function\.parameters\.properties: it must be an object",
    ),
    (
        [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"type": "str"}}}}}],
        r"tool 'f': tools\[0\]\.function\.parameters\.properties\.a\.type: it must be one of object",
    ),
    (
        [{"type": "function", "function": {"name": "f", "parameters": {"type": "array", "items": {}}}}],
        r"tool 'f': tools\[0\]\.function\.parameters\.type: it must be object",
    ),
    (
        [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"a": {"default": {1}}}}}}],
        r"tools\[0\]\.function\.parameters cannot be written as JSON",
    ),
]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize(("tools", "words"), NONE, ids=[words for _, words in NONE])
def test_what_is_no_tool_is_refused(vendor: Vendor, tools: Any, words: str) -> None:
    model, connections = vendor.build()
    with pytest.raises(BadRequestError, match=words) as caught:
        model("Hi", tools=tools)
    assert caught.value.config_name == "v" and connections.requests == []


OWN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("anthropic_chat", *[{"type": "web_search_20250305", "name": "web_search", "max_uses": 3}] * 2),
    ("gemini_chat", {"google_search": {}}, {"googleSearch": {}}),
    ("gemini_chat", {"code_execution": {}}, {"codeExecution": {}}),
    ("zhipuai_chat", *[{"type": "web_search", "web_search": {"enable": True}}] * 2),
    ("zhipuai_chat", *[{"type": "retrieval", "retrieval": {"knowledge_id": "1"}}] * 2),
    ("openai_chat", *[{"type": "custom", "custom": {"name": "run"}}] * 2),
    ("openai_chat", {"type": "custom", "name": "run"}, {"type": "custom", "custom": {"name": "run"}}),
    ("anthropic_chat", *[{**TOLD, "input_schema": PORT, "cache_control": {"type": "ephemeral"}}] * 2),
    (
        "anthropic_chat",
        {**OPENAIS, "cache_control": {"type": "ephemeral"}},
        {**TOLD, "input_schema": PORT, "cache_control": {"type": "ephemeral"}},
    ),
    ("openai_chat", {**TOLD, "input_schema": PORT, "input_examples": [{}]}, OPENAIS),
]


@pytest.mark.parametrize(("model_type", "tool", "wanted"), OWN, ids=str)
def test_a_vendors_own_tools(model_type: str, tool: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert BY_TYPE[model_type].send(tools=[tool])["tools"] == [wanted]


ELSEWHERE = [
    ("gemini_chat", {"type": "web_search"}),
    ("gemini_chat", {"type": "custom", "custom": {"name": "run"}}),
    ("anthropic_chat", {"type": "custom", "custom": {"name": "run"}}),
    ("anthropic_chat", {"google_search": {}}),
    ("openai_chat", {"google_search": {}}),
    ("dashscope_chat", {"google_search": {}}),
    ("zhipuai_chat", {"type": "custom", "name": "run"}),
    ("ollama_chat", {"type": "web_search_20250305", "name": "web_search"}),
]


@pytest.mark.parametrize(("model_type", "tool"), ELSEWHERE, ids=str)
def test_the_tools_of_another_vendor_are_refused(model_type: str, tool: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match=r"tools\[0\]"):
        BY_TYPE[model_type].send(tools=[tool])


@pytest.mark.filterwarnings("ignore::modelhub.errors.ConfigWarning")
@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
def test_the_tools_of_a_config_are_like_those_of_a_call(vendor: Vendor) -> None:
    model, connections = vendor.build(generate_args={"tools": [{**TOLD, "inputSchema": PORT}]})
    model("Hi")
    assert connections.requests[0].body == vendor_body(vendor)


@pytest.mark.parametrize(
    "functions", [5, "find_ferry", [function], [{"description": "x"}]], ids=["number", "text", "code", "nameless"]
)
def test_functions_that_are_none(functions: Any) -> None:
    with pytest.raises(BadRequestError, match=r"functions\[0\]"):
        BY_TYPE["openai_chat"].send(functions=functions)


def test_a_service_by_post_is_sent_no_empty_list() -> None:
    vendor = Vendor("post_api_chat", {"api_url": "http://server", "max_retries": 1}, BY_TYPE["openai_chat"].reply)
    assert vendor.send(tools=[], tool_choice="auto") == vendor.send()


def vendor_body(vendor: Vendor) -> bytes:
    model, connections = vendor.build()
    model("Hi", tools=[OPENAIS])
    body: bytes = connections.requests[0].body
    return body
