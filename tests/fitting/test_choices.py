"""tool_choice in any form, for every wrapper: what its API takes, or a refusal before sending."""

from __future__ import annotations

from typing import Any

import pytest

from modelhub.errors import BadRequestError

from .vendors import BY_TYPE, VENDORS, Vendor

TOOLS = [{"type": "function", "function": {"name": name}} for name in ("find_ferry", "find_port", "find_town")]
FERRY = {"type": "function", "function": {"name": "find_ferry"}}
FORMS: dict[str, list[Any]] = {
    "auto": ["auto", "AUTO", {"type": "auto"}, {"mode": "AUTO"}, {"mode": "auto"}],
    "none": ["none", "NONE", {"type": "none"}, {"mode": "NONE"}],
    "required": ["required", "any", "ANY", {"type": "any"}, {"type": "required"}, {"mode": "ANY"}],
    "name": [
        "find_ferry",
        FERRY,
        {"function": {"name": "find_ferry"}},
        {"type": "function", "name": "find_ferry"},
        {"type": "tool", "name": "find_ferry"},
        {"name": "find_ferry"},
        {"mode": "ANY", "allowedFunctionNames": ["find_ferry"]},
        {"functionCallingConfig": {"mode": "ANY", "allowed_function_names": ["find_ferry"]}},
    ],
    "one of two": [
        {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [FERRY, TOOLS[1]]}},
        {
            "type": "allowed_tools",
            "mode": "required",
            "tools": [{"type": "function", "name": "find_ferry"}, {"type": "function", "name": "find_port"}],
        },
        {"mode": "ANY", "allowedFunctionNames": ["find_ferry", "find_port"]},
    ],
    "perhaps one of two": [
        {"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [FERRY, TOOLS[1]]}},
        {"mode": "VALIDATED", "allowedFunctionNames": ["find_ferry", "find_port"]},
    ],
}
REFUSED = object()
TWO = ["find_ferry", "find_port"]


def allowed(mode: str) -> dict[str, Any]:
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": [FERRY, TOOLS[1]]}}


def gemini(mode: str, *names: str) -> dict[str, Any]:
    return {"mode": mode, **({"allowedFunctionNames": list(names)} if names else {})}


OPENAI = {
    "auto": "auto",
    "none": "none",
    "required": "required",
    "name": FERRY,
    "one of two": allowed("required"),
    "perhaps one of two": allowed("auto"),
}
# What is sent, and of how many tools; no tools are sent where "none" has no word.
DASHSCOPE = {
    **OPENAI,
    "required": REFUSED,
    "one of two": REFUSED,
    "perhaps one of two": ("auto", 2),
}
WANTED: dict[str, dict[str, Any]] = {
    "openai_chat": OPENAI,
    "yi_chat": OPENAI,
    "litellm_chat": OPENAI,
    "anthropic_chat": {
        "auto": {"type": "auto"},
        "none": {"type": "none"},
        "required": {"type": "any"},
        "name": {"type": "tool", "name": "find_ferry"},
        "one of two": ({"type": "any"}, 2),
        "perhaps one of two": ({"type": "auto"}, 2),
    },
    "gemini_chat": {
        "auto": gemini("AUTO"),
        "none": gemini("NONE"),
        "required": gemini("ANY"),
        "name": gemini("ANY", "find_ferry"),
        "one of two": gemini("ANY", *TWO),
        "perhaps one of two": gemini("VALIDATED", *TWO),
    },
    "dashscope_chat": DASHSCOPE,
    "dashscope_multimodal": DASHSCOPE,
    "zhipuai_chat": {
        "auto": "auto",
        "none": (None, 0),
        "required": REFUSED,
        "name": REFUSED,
        "one of two": REFUSED,
        "perhaps one of two": ("auto", 2),
    },
    "ollama_chat": {
        "auto": None,
        "none": (None, 0),
        "required": REFUSED,
        "name": REFUSED,
        "one of two": REFUSED,
        "perhaps one of two": (None, 2),
    },
}
CASES = [(meaning, form) for meaning, forms in FORMS.items() for form in forms]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize(("meaning", "form"), CASES, ids=str)
def test_every_form(vendor: Vendor, meaning: str, form: Any) -> None:
    wanted = WANTED[vendor.model_type][meaning]
    model, connections = vendor.build()
    if wanted is REFUSED:
        with pytest.raises(BadRequestError, match="tool_choice"):
            model("Hi", tools=TOOLS, tool_choice=form)
        assert connections.requests == []
        return
    body = vendor.send(tools=TOOLS, tool_choice=form)
    wanted, count = wanted if isinstance(wanted, tuple) else (wanted, 3)
    assert (vendor.choice(body), len(vendor.tools(body))) == (wanted, count)


NONE: list[tuple[Any, str]] = [
    ("", "tool_choice must be auto"),
    (True, "tool_choice must be auto, none, required, or the name of a tool, not bool"),
    (5, "not int"),
    (["find_ferry"], "not list"),
    ({"type": "function"}, r"tool_choice\.function\.name must be the name of a tool"),
    ({"type": "function", "function": {}}, r"tool_choice\.function\.name must be"),
    ({"type": "tool"}, r"tool_choice\.name must be the name of a tool"),
    ({"type": []}, r"tool_choice\.type must be a text"),
    ({}, r"tool_choice\.name must be"),
    ({"mode": "SOME"}, r"tool_choice\.mode must be AUTO"),
    ({"mode": "ANY", "allowedFunctionNames": "f"}, r"tool_choice\.allowedFunctionNames must be a list"),
    ({"type": "allowed_tools", "allowed_tools": {"mode": "x"}}, r"tool_choice\.allowed_tools\.mode"),
    ({"type": "allowed_tools", "allowed_tools": {"mode": "auto", "tools": [5]}}, r"allowed_tools\.tools\[0\]"),
    ({"type": "allowed_tools", "allowed_tools": 5}, r"tool_choice\.allowed_tools"),
    ("find_a_ferry", "there is no tool 'find_a_ferry' among the tools 'find_ferry'"),
    ({"type": "function", "function": {"name": "x"}}, "there is no tool 'x'"),
    ({"mode": "ANY", "allowedFunctionNames": ["find_ferry", "y"]}, "there is no tool 'y'"),
]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize(("choice", "words"), NONE, ids=str)
def test_what_is_no_choice_is_refused(vendor: Vendor, choice: Any, words: str) -> None:
    model, connections = vendor.build()
    with pytest.raises(BadRequestError, match=words) as caught:
        model("Hi", tools=TOOLS, tool_choice=choice)
    assert caught.value.config_name == "v" and connections.requests == []


def test_one_call_at_a_time() -> None:
    claude, one = BY_TYPE["anthropic_chat"], {"type": "any", "disable_parallel_tool_use": True}
    assert claude.send(tools=TOOLS, tool_choice=one)["tool_choice"] == one
    assert claude.send(tools=TOOLS, tool_choice="required", parallel_tool_calls=False)["tool_choice"] == one
    body = BY_TYPE["openai_chat"].send(tools=TOOLS, tool_choice=one)
    assert (body["tool_choice"], body["parallel_tool_calls"]) == ("required", False)
    for model_type in ("gemini_chat", "ollama_chat"):
        plain = BY_TYPE[model_type].send(tools=TOOLS)
        assert BY_TYPE[model_type].send(tools=TOOLS, parallel_tool_calls=True) == plain
        with pytest.raises(BadRequestError, match="parallel_tool_calls"):
            BY_TYPE[model_type].send(tools=TOOLS, parallel_tool_calls=False)


def test_the_choice_of_a_tool_that_the_vendor_has_itself() -> None:
    search = {"type": "web_search_20250305", "name": "web_search"}
    body = BY_TYPE["anthropic_chat"].send(tools=[search, *TOOLS], tool_choice="web_search")
    assert body["tool_choice"] == {"type": "tool", "name": "web_search"}
    body = BY_TYPE["openai_chat"].send(
        tools=[{"type": "custom", "name": "run"}], tool_choice={"type": "custom", "name": "run"}
    )
    assert body["tool_choice"] == {"type": "custom", "custom": {"name": "run"}}
