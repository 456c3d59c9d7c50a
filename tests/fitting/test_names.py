"""Names of tools that a vendor does not take: it gets others, and the caller gets its own back."""

from __future__ import annotations

import json
import re
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelhub import ModelRegistry
from modelhub.fitting.names import fit_name, mend_name

from .vendors import AT, BY_TYPE, VENDORS, Vendor

PORT = {"type": "object", "properties": {"port": {"type": "string"}}}
NAMES = [
    "harbour.find_ferry",
    "harbour/find_ferry",
    "find ferry",
    "查找渡轮",
    "1st_ferry",
    "-ferry",
    "f" * 70,
    "f" * 130,
    "find_ferry",
    "ferry:now",
    "é",
    " ",
]
TAKEN = {"anthropic_chat": r"[a-zA-Z0-9_-]{1,128}", "gemini_chat": r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}"}
TAKEN |= {"ollama_chat": r"(?s).+"}


def function(name: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": PORT}}


def sent_name(vendor: Vendor, name: str) -> str:
    """What the vendor calls a tool."""
    [(sent, _)] = vendor.tools(vendor.send(tools=[function(name)]))
    assert re.fullmatch(TAKEN.get(vendor.model_type, r"[a-zA-Z0-9_-]{1,64}"), sent)
    return str(sent)


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize("name", [name for name in NAMES if name.strip()])
def test_the_caller_gets_its_own_names_back(vendor: Vendor, name: str, caller: Any) -> None:
    other = "find.ferry"
    sent = sent_name(vendor, name)
    calls = [(sent, {"port": "Calais"}), (sent_name(vendor, other), {})]
    model, connections = vendor.build("", calls)
    tools = [function(name), function(other)]
    whole = caller.call(model, "Hi", tools=tools)
    deltas, streamed = caller.deltas(model, "Hi", tools=tools)
    for response in (whole, streamed):
        assert [(call.name, call.arguments) for call in response.tool_calls] == [
            (name, {"port": "Calais"}),
            (other, {}),
        ]
    told = [piece.name for delta in deltas for piece in delta.tool_calls or () if piece.name]
    assert told == [name, other]

    # The answer goes back: the vendor sees the names that it was given, with what came beside them.
    for response in (whole, streamed):
        again, connections = vendor.build()
        turns = [{"role": "user", "content": "Hi"}, response.to_message()]
        turns += [{**call.to_result("x"), "name": call.name} for call in response.tool_calls]
        caller.call(again, json.loads(json.dumps(turns)), tools=tools)
        text = connections.requests[0].body.decode()
        assert text.count(json.dumps(sent, ensure_ascii=False)) >= 2  # among the tools, and in the call
        if name != sent:
            assert json.dumps(name, ensure_ascii=False) not in text and f'"{name}"' not in text


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
def test_a_choice_names_what_is_sent(vendor: Vendor) -> None:
    if vendor.model_type in ("zhipuai_chat", "ollama_chat"):
        return
    body = vendor.send(tools=[function("harbour/ferry")], tool_choice="harbour/ferry")
    assert sent_name(vendor, "harbour/ferry") in json.dumps(vendor.choice(body))


def test_blocks_of_anthropics_form_are_renamed() -> None:
    model, connections = BY_TYPE["anthropic_chat"].build()
    use = {"type": "tool_use", "id": "c1", "name": "harbour.ferry", "input": {}}
    result = {"type": "tool_result", "tool_use_id": "c1", "content": "at nine"}
    turns = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": [use]}]
    model([*turns, {"role": "user", "content": [result]}], tools=[function("harbour.ferry")])
    assert b"harbour.ferry" not in connections.requests[0].body


def test_in_the_library_too(monkeypatch: pytest.MonkeyPatch, caller: Any) -> None:
    """LiteLLM in this process is given names and schemas that fit, and its answers have the caller's names."""
    asked: list[dict[str, Any]] = []

    def build(delta: str) -> Any:
        name = asked[-1]["tools"][0]["function"]["name"]
        call = {"index": 0, "id": "1", "type": "function", "function": {"name": name, "arguments": "{}"}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        data = {"model": "m", "choices": [{"index": 0, delta: message, "finish_reason": "tool_calls"}]}
        return SimpleNamespace(model_dump=lambda warnings=True: data)

    def completion(**kwargs: Any) -> Any:
        asked.append(kwargs)
        return iter([build("delta")]) if kwargs.get("stream") else build("message")

    async def acompletion(**kwargs: Any) -> Any:
        asked.append(kwargs)
        return stream() if kwargs.get("stream") else build("message")

    async def stream() -> Any:
        yield build("delta")

    library = ModuleType("litellm")
    vars(library).update(completion=completion, acompletion=acompletion)
    monkeypatch.setitem(sys.modules, "litellm", library)
    with ModelRegistry({"config_name": "l", "model_type": "litellm_chat", "model_name": "acme/m"}) as hub:
        model = hub.get_model("l")
        tools = {"name": "a.b", "inputSchema": PORT}
        whole = caller.call(model, "Hi", tools=tools)
        _, streamed = caller.deltas(model, "Hi", tools=tools)
    assert [whole.tool_calls[0].name, streamed.tool_calls[0].name] == ["a.b", "a.b"]
    assert asked[0]["tools"] == [function(fit_name("a.b", "plain", 64))]


def test_arguments_of_strict_tools_lose_the_nulls_that_stand_for_nothing(caller: Any) -> None:
    vendor = BY_TYPE["openai_chat"]
    schema = {"type": "object", "properties": {"port": {"type": "string"}, "line": {"type": "string"}}}
    strict = {"type": "function", "function": {"name": "f", "strict": True, "parameters": schema}}
    model, connections = vendor.build("", [("f", {"port": "Calais", "line": None})])
    whole = caller.call(model, "Hi", tools=[strict])
    _, streamed = caller.deltas(model, "Hi", tools=[strict])
    assert whole.tool_calls[0].arguments == streamed.tool_calls[0].arguments == {"port": "Calais"}
    [tool] = json.loads(connections.requests[0].body)["tools"]
    assert tool["function"]["parameters"]["required"] == ["port", "line"]
    assert tool["function"]["parameters"]["properties"]["line"] == {"type": ["string", "null"]}


def test_a_service_by_post_has_its_own_names_and_forms() -> None:
    vendor = Vendor("post_api_chat", {"api_url": "http://server", "max_retries": 1}, BY_TYPE["openai_chat"].reply)
    odd = [{"name": "a.b", "input_schema": PORT}]
    body = vendor.send(tools=odd, tool_choice={"mode": "ANY"}, response_format={"type": "own"})
    assert (body["tools"], body["tool_choice"], body["response_format"]) == (odd, {"mode": "ANY"}, {"type": "own"})
    flat = {"type": "json_schema", "name": "w", "schema": {"type": "object"}}
    model, _ = vendor.build()
    assert model("Hi", response_format=flat).parsed == {"city": "Oslo", "degrees": 3}
    tool = SimpleNamespace(name="a.b", description=None, inputSchema=PORT)
    assert vendor.send(tools=[tool])["tools"] == [function("a.b")]


@given(st.text(min_size=1, max_size=200), st.sampled_from([("plain", 64), ("plain", 128), ("dotted", 64)]))
def test_a_fitted_name_fits_and_stays(name: str, alphabet: tuple[str, int]) -> None:
    pattern = {"plain": "[a-zA-Z0-9_-]+", "dotted": "[a-zA-Z_][a-zA-Z0-9_.:-]*"}[alphabet[0]]
    fitted = fit_name(name, *alphabet)
    assert re.fullmatch(pattern, fitted) and len(fitted) <= alphabet[1]
    assert fit_name(fitted, *alphabet) == fitted
    if re.fullmatch(pattern, name) and len(name) <= alphabet[1]:
        assert fitted == name


@given(st.lists(st.text(min_size=1, max_size=90), min_size=2, max_size=30, unique=True))
def test_different_names_stay_different(names: list[str]) -> None:
    assert len({fit_name(name, "plain", 64) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("weather", "weather"),
        ("the weather", "the_weather"),
        ("", "x"),
        ("天气", "x"),
        (None, "x"),
        ("w" * 80, "w" * 64),
    ],
)
def test_names_of_schemas_are_mended(name: Any, wanted: str) -> None:
    assert mend_name(name, "x") == wanted


def test_the_config_of_these_tests_reaches_no_vendor() -> None:
    assert all(vendor.config in (AT, {"host": "http://server"}) for vendor in VENDORS)
