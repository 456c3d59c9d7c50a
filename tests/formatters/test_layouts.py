"""The layouts of conversations: AgentScope's own cases, what differs on purpose, and what vendors are sent."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import warnings
from pathlib import Path
from typing import Any

import pytest

from modelhub import ConfigError, ModelRegistry, Msg
from modelhub.formatters import (
    AnthropicFormatter,
    CommonFormatter,
    DashScopeFormatter,
    FormatterBase,
    GeminiFormatter,
    OpenAIFormatter,
)
from modelhub.formatters.installed import GROUP
from modelhub.testing import MockServer

from ..paths import ROOT, TESTS
from ..served import build_model, read_turns

FOLDER = TESTS / "format_cases"
SCENARIOS = json.loads((FOLDER / "scenarios.json").read_text("utf-8"))

# Why a layout is not what AgentScope 0.1.6 made of the same messages: model_type, mode and scenario of each such case.
DIFFERENCES = {
    "the kind of a URL is seen in spite of its query": (
        "openai_chat multi web_image_query",
        "dashscope_multimodal multi web_image_query",
        "dashscope_multimodal chat web_image_query",
        "anthropic_chat multi web_image_query",
        "anthropic_chat chat web_image_query",
    ),
    "a data URI says itself what it is": (
        "openai_chat multi data_uri_image",
        "dashscope_multimodal multi data_uri_image",
        "dashscope_multimodal chat data_uri_image",
        "anthropic_chat multi data_uri_image",
        "anthropic_chat chat data_uri_image",
    ),
    "there is no media type image/jpg": (
        "openai_chat multi local_image_jpg",
        "post_api_chat chat local_image_jpg",
    ),
    "a path has file:// before it in both modes": (
        "dashscope_chat chat local_image",
        "dashscope_multimodal chat local_image",
        "dashscope_multimodal chat local_image_jpg",
    ),
    "Anthropic's API takes bare base64, not a data URI": (
        "anthropic_chat multi local_image",
        "anthropic_chat multi local_image_jpg",
        "anthropic_chat chat local_image",
        "anthropic_chat chat local_image_jpg",
    ),
    "the source of an image at Anthropic is an object, not a URL": (
        "anthropic_chat multi image_in_system",
        "anthropic_chat multi block_order",
        "anthropic_chat multi image_no_text",
        "anthropic_chat chat block_order",
        "anthropic_chat chat image_no_text",
    ),
    "the system's content is a text, which is all that a call with it took and that the API takes": (
        "anthropic_chat chat none_mixed",
        "anthropic_chat chat second_system",
        "anthropic_chat chat system_trailing_newline",
        "anthropic_chat chat empty_content",
        "anthropic_chat chat multi_names",
        "anthropic_chat chat audio",
        "anthropic_chat chat image_in_system",
    ),
    "the results of tools are the user's at Anthropic, and texts": (
        "anthropic_chat chat tool_result_structured",
        "anthropic_chat chat two_tool_results",
    ),
}
LISTED = {case for cases in DIFFERENCES.values() for case in cases}


def read_cases() -> list[Any]:
    """Every case of the files: the config, and what is given and expected."""
    return [
        pytest.param(group["config"], case, id=f"{path.stem} {number} {name_case(group['config'], case)}")
        for path in sorted(FOLDER.glob("*_*.json"))
        for number, group in enumerate(json.loads(path.read_text("utf-8")))
        for case in group["cases"]
    ]


def name_case(config: dict[str, Any], case: dict[str, Any]) -> str:
    mode = "multi" if case["multi_agent_mode"] else "chat"
    return f"{config['model_type']} {mode} {case['scenario']}"


def revive(value: Any) -> Any:
    """The arguments of a scenario with their messages as Msg objects; a name ASSETS in them is the folder's."""
    if isinstance(value, list):
        return [revive(item) for item in value]
    if not isinstance(value, dict):
        return value
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Msg(url=...), as old programs have it
        return Msg(**{**value, **({"url": locate(value["url"])} if "url" in value else {})})


def locate(value: Any) -> Any:
    return json.loads(json.dumps(value).replace("ASSETS", FOLDER.as_posix()))


@pytest.mark.parametrize(("config", "case"), read_cases())
def test_agentscopes_layouts(config: dict[str, Any], case: dict[str, Any]) -> None:
    model = ModelRegistry(config).get_model("c")
    found: dict[str, Any]
    try:
        messages = model.format(*revive(SCENARIOS[case["scenario"]]), multi_agent_mode=case["multi_agent_mode"])
        found = {"ok": messages}
    except (TypeError, ValueError) as error:
        found = {"error": type(error).__name__, "msg": str(error)}
    differs = name_case(config, case) in LISTED
    assert found == locate(case["ours" if differs else "upstream"])
    assert (found != locate(case["upstream"])) == differs


def test_every_difference_is_tested() -> None:
    cases = [name_case(*parameters.values) for parameters in read_cases()]
    assert set(cases) >= LISTED
    assert len(cases) > 150


# What format() returns is what the same model takes.

IMAGE = {"type": "image", "url": str(FOLDER / "pixel.png")}
TOOLS = [
    Msg("system", "Be brief.", "system"),
    Msg("Alice", [{"type": "text", "text": "look"}, IMAGE], "user"),
    Msg(
        "bot",
        [{"type": "text", "text": "Hm."}, {"type": "tool_use", "id": "c1", "name": "see", "input": {"wo": "hier äh"}}],
        "assistant",
    ),
    Msg("system", [{"type": "tool_result", "id": "c1", "name": "see", "output": {"k": [1]}}], "system"),
    Msg("Bob", "echo: done", "user"),
]
DATA = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
URI = f"data:image/png;base64,{DATA}"
CALL = {"id": "c1", "type": "function", "function": {"name": "see", "arguments": '{"wo": "hier äh"}'}}
SOURCE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": DATA}}
LINES = "## Conversation History\nAlice: look\nbot: Hm.\nBob: echo: done"
PLAIN_TURNS = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": LINES}]
PLAIN_CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "look"},
    {"role": "assistant", "content": "Hm."},
    {"role": "system", "content": ""},
    {"role": "user", "content": "echo: done"},
]
NAMED = [
    {"role": "system", "name": "system", "content": [{"type": "text", "text": "Be brief."}]},
    {
        "role": "user",
        "name": "Alice",
        "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": URI}}],
    },
    {"role": "assistant", "name": "bot", "content": [{"type": "text", "text": "Hm."}], "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "{'k': [1]}", "name": "see"},
    {"role": "user", "name": "Bob", "content": [{"type": "text", "text": "echo: done"}]},
]
OPENAI = {"model_type": "openai_chat", "model_name": "gpt-4o"}
ON_THE_WIRE: list[tuple[dict[str, Any], bool, Any]] = [
    (OPENAI, True, NAMED),
    (OPENAI, False, NAMED),
    ({"model_type": "openai_chat"}, True, PLAIN_TURNS),
    ({"model_type": "openai_chat"}, False, PLAIN_CHAT),
    ({"model_type": "post_api_chat", "json_args": {"model": "llama"}}, True, PLAIN_TURNS),
    ({"model_type": "post_api_chat", "json_args": {"model": "gpt-4o"}}, True, NAMED),
    (
        {"model_type": "post_api_chat", "json_args": {"model_name": "gemini-pro"}},
        True,
        [{"role": "user", "parts": [f"Be brief.\n\n{LINES}"]}],
    ),
    ({"model_type": "yi_chat"}, True, PLAIN_TURNS),
    ({"model_type": "litellm_chat"}, True, PLAIN_TURNS),
    ({"model_type": "zhipuai_chat"}, False, PLAIN_CHAT),
    ({"model_type": "ollama_chat"}, True, PLAIN_TURNS),
    (
        {"model_type": "gemini_chat"},
        True,
        [{"role": "user", "parts": [{"text": f"Be brief.\n\n{LINES}"}]}],
    ),
    (
        {"model_type": "gemini_chat"},
        False,
        [
            {"role": "user", "parts": [{"text": "Be brief."}]},
            {"role": "user", "parts": [{"text": "look"}]},
            {"role": "model", "parts": [{"text": "Hm."}]},
            {"role": "user", "parts": [{"text": ""}]},
            {"role": "user", "parts": [{"text": "echo: done"}]},
        ],
    ),
    (
        {"model_type": "dashscope_multimodal"},
        True,
        [
            {"role": "system", "content": [{"text": "Be brief."}]},
            {"role": "user", "content": [{"image": URI}, {"text": LINES}]},
        ],
    ),
    (
        {"model_type": "dashscope_multimodal"},
        False,
        [
            {"role": "system", "content": [{"text": "Be brief."}]},
            {"role": "user", "content": [{"text": "look"}, {"image": URI}]},
            {"role": "assistant", "content": [{"text": "Hm."}], "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": [{"text": "{'k': [1]}"}], "name": "see"},
            {"role": "user", "content": [{"text": "echo: done"}]},
        ],
    ),
    (
        {"model_type": "dashscope_chat"},
        False,
        [
            {"role": "system", "content": [{"text": "Be brief."}]},
            {"role": "user", "content": [{"text": "look"}, {"image": URI}]},
            {"role": "assistant", "content": [{"text": "Hm."}], "tool_calls": [CALL]},
            {"role": "tool", "tool_call_id": "c1", "content": "{'k': [1]}", "name": "see"},
            {"role": "user", "content": [{"text": "echo: done"}]},
        ],
    ),
    (
        {"model_type": "anthropic_chat"},
        True,
        [
            {
                "role": "user",
                "content": [
                    {
                        "type": "text",
                        "text": "## Conversation History\nAlice: look\nbot: Hm.\n"
                        "<tool_use>{'type': 'tool_use', 'id': 'c1', 'name': 'see', 'input': {'wo': 'hier äh'}}"
                        "</tool_use>\n"
                        "<tool_result>{'type': 'tool_result', 'id': 'c1', 'output': {'k': [1]}, 'name': 'see'}"
                        "</tool_result>\nBob: echo: done",
                    },
                    SOURCE,
                ],
            },
        ],
    ),
    (
        {"model_type": "anthropic_chat"},
        False,
        [
            {"role": "user", "content": [{"type": "text", "text": "look"}, SOURCE]},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Hm."},
                    {"type": "tool_use", "id": "c1", "name": "see", "input": {"wo": "hier äh"}},
                ],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": '{"k": [1]}'}]},
            {"role": "user", "content": [{"type": "text", "text": "echo: done"}]},
        ],
    ),
]


@pytest.mark.parametrize(("config", "multi", "sent"), ON_THE_WIRE, ids=lambda value: str(value)[:90])
def test_a_model_takes_its_own_layout(
    config: dict[str, Any], multi: bool, sent: Any, server: MockServer, caller: Any
) -> None:
    model = build_model(url=server.url, **config)
    assert caller.call(model, model.format(*TOOLS, multi_agent_mode=multi)).text
    body = server.requests[-1].json
    turns = read_turns(body)
    assert turns == sent
    assert body.get("system", "Be brief.") == "Be brief."


def test_what_anthropic_refuses_is_not_sent(server: MockServer) -> None:
    model = build_model("anthropic_chat", server.url)
    image = {"type": "image", "url": "https://example.com/image"}
    model(model.format(Msg("a", [image], "user")))
    source = {"type": "url", "url": "https://example.com/image"}
    assert server.requests[-1].json["messages"] == [{"role": "user", "content": [{"type": "image", "source": source}]}]
    model(model.format(Msg("a", None, "user"), Msg("a", "hi", "user"), multi_agent_mode=False))
    turn = {"role": "user", "content": [{"type": "text", "text": "hi"}]}
    assert server.requests[-1].json["messages"] == [turn]


# Images and what has no place in a layout.


@pytest.mark.parametrize(
    "url", ["https://example.com/image", "https://example.com/a.png?sig=1", "data:image/gif;base64,R0"]
)
def test_images_that_are_elsewhere(url: str) -> None:
    msg = Msg("a", [{"type": "image", "url": url}], "user")
    (openai,) = OpenAIFormatter.format_chat(msg)
    assert openai["content"] == [{"type": "image_url", "image_url": {"url": url}}]
    assert DashScopeFormatter.format_chat(msg) == [{"role": "user", "content": [{"image": url}]}]
    (anthropic,) = AnthropicFormatter.format_chat(msg)
    data = {"type": "base64", "media_type": "image/gif", "data": "R0"}
    assert anthropic["content"][0]["source"] == (data if url[:4] == "data" else {"type": "url", "url": url})


def test_images_that_are_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a b").write_bytes(b"RIFF\x00\x00\x00\x00WEBPVP8 ")
    for url in (
        "a b",
        f"file://{tmp_path}/a%20b",
        f"file://{tmp_path}/a b",
        "file://a b",
        f"file://localhost{tmp_path}/a b",
    ):
        (message,) = OpenAIFormatter.format_chat(Msg("a", [{"type": "image", "url": url}], "user"))
        assert message["content"][0]["image_url"]["url"].startswith("data:image/webp;base64,UklGR"), url
        (message,) = AnthropicFormatter.format_multi_agent(Msg("a", [{"type": "image", "url": url}], "user"))
        assert message["content"][1]["source"]["media_type"] == "image/webp"
    assert DashScopeFormatter.format_chat(Msg("a", [{"type": "image", "url": "a b"}], "user"))[0]["content"] == [
        {"image": "file://a b"}
    ]


def test_a_file_that_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"%PDF-1.7")
    msg = Msg("a", [{"type": "image", "url": str(tmp_path / "a.png")}], "user")
    with pytest.raises(TypeError, match=r"a.png\" should end with \('.png', "):
        OpenAIFormatter.format_chat(msg)
    with pytest.raises(TypeError, match=r"a.png should be end with \('.png', "):
        AnthropicFormatter.format_chat(msg)


def test_image_jpg_is_no_media_type() -> None:
    msg = Msg("a", [{"type": "image", "url": "data:image/jpg;base64,AAAA"}], "user")
    (message,) = OpenAIFormatter.format_chat(msg)
    assert message["content"][0]["image_url"]["url"] == "data:image/jpeg;base64,AAAA"
    (message,) = AnthropicFormatter.format_chat(msg)
    assert message["content"][0]["source"]["media_type"] == "image/jpeg"


LEFT_OUT = {
    OpenAIFormatter: ["audio", "video", "file"],
    DashScopeFormatter: ["video", "file"],
    AnthropicFormatter: ["audio", "video", "file"],
    CommonFormatter: ["image", "audio", "video", "file"],
    GeminiFormatter: ["image", "audio", "video", "file"],
}


@pytest.mark.parametrize("multi", [True, False])
@pytest.mark.parametrize("formatter", LEFT_OUT)
def test_what_has_no_place_is_left_out_with_a_warning(
    formatter: type[FormatterBase], multi: bool, caplog: pytest.LogCaptureFixture
) -> None:
    blocks = [{"type": kind, "url": f"https://example.com/{kind}"} for kind in ("image", "audio", "video", "file")]
    msg = Msg("Alice", [*blocks, {"type": "text", "text": "hi"}], "user")
    text = json.dumps((formatter.format_multi_agent if multi else formatter.format_chat)(msg))
    left = LEFT_OUT[formatter]
    assert [record.levelname for record in caplog.records] == ["WARNING"] * len(left)
    for kind in ("image", "audio", "video", "file"):
        assert (f"has no place for a {kind} block" in caplog.text) == (kind in left)
        assert (f"https://example.com/{kind}" in text) == (kind not in left)
    assert "'Alice'" in caplog.text


def test_an_image_that_anthropic_cannot_take(caplog: pytest.LogCaptureFixture) -> None:
    for url in ("data:image/svg+xml,%3Csvg/%3E", "data:image/png"):
        msg = Msg("a", [{"type": "image", "url": url}, {"type": "text", "text": "hi"}], "user")
        assert AnthropicFormatter.format_chat(msg) == [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]
    assert "cannot take an image of the type image/svg+xml" in caplog.text
    assert "cannot take an image (a data URI has a comma" in caplog.text


# Which formatter.

CHOICES = [
    ({"model_type": "openai_chat", "model_name": "gpt-4o"}, OpenAIFormatter),
    ({"model_type": "openai_chat", "model_name": "o1-preview"}, OpenAIFormatter),
    ({"model_type": "openai_chat", "model_name": "o3-mini"}, OpenAIFormatter),
    ({"model_type": "openai_chat", "model_name": "openai/gpt-4o"}, CommonFormatter),
    ({"model_type": "openai_chat", "model_name": "chatgpt-4o-latest"}, CommonFormatter),
    ({"model_type": "openai_chat", "model_name": "gpt4"}, CommonFormatter),
    ({"model_type": "openai_chat", "model_name": "${A_MODEL}"}, OpenAIFormatter),
    ({"model_type": "openai_chat", "model_name": "llama", "formatter": "openai"}, OpenAIFormatter),
    ({"model_type": "openai_chat", "model_name": "gpt-4o", "formatter": "common"}, CommonFormatter),
    ({"model_type": "openai_chat", "formatter": "${A_FORMATTER}"}, GeminiFormatter),
    ({"model_type": "litellm_chat", "model_name": "gpt-4o"}, CommonFormatter),
    ({"model_type": "zhipuai_chat", "model_name": "gpt-4o"}, CommonFormatter),
    ({"model_type": "yi_chat", "model_name": "yi-large"}, CommonFormatter),
    ({"model_type": "ollama_chat", "model_name": "gpt-oss"}, CommonFormatter),
    ({"model_type": "dashscope_chat"}, DashScopeFormatter),
    ({"model_type": "dashscope_multimodal"}, DashScopeFormatter),
    ({"model_type": "gemini_chat"}, GeminiFormatter),
    ({"model_type": "anthropic_chat"}, AnthropicFormatter),
    ({"model_type": "post_api_chat", "model_name": "gpt-4o"}, CommonFormatter),
    ({"model_type": "post_api_chat", "json_args": {"model_name": "gpt-4o"}}, OpenAIFormatter),
    ({"model_type": "post_api_chat", "json_args": {"model": "gemini-1.5"}}, GeminiFormatter),
    ({"model_type": "post_api_chat", "json_args": {"model": "gpt-4o"}, "formatter": "dashscope"}, DashScopeFormatter),
]


@pytest.mark.parametrize(("config", "formatter"), CHOICES, ids=lambda value: str(value)[:90])
def test_which_formatter(config: dict[str, Any], formatter: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_MODEL", "gpt-4o")
    monkeypatch.setenv("A_FORMATTER", "gemini")
    model = build_model(url="http://127.0.0.1:1", **config)
    assert model.find_formatter() is formatter
    msgs = [Msg("system", "s", "system"), Msg("a", "hi", "user")]
    assert model.format(msgs) == formatter.format_multi_agent(msgs)  # type: ignore[attr-defined]
    named = "formatter" in config or config["model_type"] != "post_api_chat"  # else AgentScope's flag has no effect
    chat = formatter.format_chat(msgs) if named else formatter.format_multi_agent(msgs)  # type: ignore[attr-defined]
    assert model.format(msgs, multi_agent_mode=False) == chat


def test_agentscopes_switch() -> None:
    with pytest.warns(UserWarning, match="write formatter: openai"):
        model = build_model("openai_chat", "http://127.0.0.1:1", use_openai_formatter=True)
    assert model.find_formatter() is OpenAIFormatter
    with pytest.warns(UserWarning, match="write formatter: openai"):
        model = build_model("openai_chat", "http://127.0.0.1:1", use_openai_formatter=False)
    assert model.find_formatter() is CommonFormatter


@pytest.mark.parametrize(("given", "hint"), [("opnai", "did you mean 'openai'?"), ("sonnet", None)])
def test_an_unknown_formatter_is_a_problem_of_the_config(given: str, hint: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        ModelRegistry({"config_name": "m", "model_type": "gemini_chat", "formatter": given})
    (problem,) = caught.value.problems
    assert (problem.code, problem.path, problem.hint) == ("MH202", ("formatter",), hint)
    assert f"no formatter called {given!r}; there are anthropic, common, dashscope, gemini, openai" in problem.message


def test_an_unknown_formatter_in_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_FORMATTER", "sonnet")
    model = build_model("gemini_chat", "http://127.0.0.1:1", formatter="${A_FORMATTER}")
    with pytest.raises(ConfigError, match="config 'm': there is no formatter 'sonnet'; there are anthropic, common"):
        model.format(Msg("a", "hi", "user"))


NOT_FORMATTED = ["openai_embedding", "openai_dall_e", "ollama_generate", "post_api", "dashscope_image_synthesis"]


@pytest.mark.parametrize("model_type", NOT_FORMATTED)
def test_models_that_take_no_messages(model_type: str) -> None:
    more = {"api_url": "http://127.0.0.1:1"} if model_type == "post_api" else {"model_name": "m"}
    model = ModelRegistry({"config_name": "m", "model_type": model_type, **more}).get_model("m")
    name = type(model).__name__
    with pytest.raises(NotImplementedError, match=rf"^The method `format` is not implemented for .* \[{name}\]\.$"):
        model.format(Msg("a", "hi", "user"))
    with pytest.raises(NotImplementedError, match=rf"`format_tools_json_schemas` is not implemented for .*\[{name}\]"):
        model.format_tools_json_schemas({})


@pytest.mark.parametrize("multi", [True, False])
def test_yi_vision_has_no_layout_unless_one_is_named(multi: bool) -> None:
    msg = Msg("a", "hi", "user")
    with pytest.raises(NotImplementedError, match="formatter: openai"):
        build_model("yi_chat", "http://127.0.0.1:1", model_name="yi-vision").format(msg, multi_agent_mode=multi)
    model = build_model("yi_chat", "http://127.0.0.1:1", model_name="yi-vision", formatter="openai")
    assert model.format(msg, multi_agent_mode=multi) == OpenAIFormatter.format_chat(msg)


@pytest.mark.parametrize("wrong", [("a",), {"role": "user"}, "hi", [["hi"]], [Msg("a", "b", "user"), None]])
@pytest.mark.parametrize("formatter", LEFT_OUT)
def test_what_is_no_msg(formatter: type[FormatterBase], wrong: Any) -> None:
    words = f"The input should be a Msg object or a list of Msg objects, got {type(wrong)}."
    for layout in (formatter.format_chat, formatter.format_multi_agent):
        with pytest.raises(TypeError) as caught:
            layout(wrong)
        assert str(caught.value) == words


# Formatters by themselves.


def test_auto_takes_the_chat_layout_for_two_messages() -> None:
    system, ask, answer = (Msg(role, role, role) for role in ("system", "user", "assistant"))  # type: ignore[arg-type]
    for formatter in (CommonFormatter, CommonFormatter()):
        assert formatter.format_auto([system, ask, answer]) == formatter.format_chat(system, ask, answer)
        assert formatter.format_auto([ask, answer, ask]) == formatter.format_multi_agent(ask, answer, ask)
        assert len(formatter.format_auto([ask, answer, ask])) == 1


def test_supported_models() -> None:
    assert OpenAIFormatter.is_supported_model("gpt-4o")
    assert not OpenAIFormatter().is_supported_model("qwen-max")
    assert DashScopeFormatter.is_supported_model("qwen-max")
    assert GeminiFormatter.is_supported_model("gemini-pro")
    assert AnthropicFormatter.is_supported_model("claude-3-7-sonnet")
    assert not AnthropicFormatter.is_supported_model("my-claude-3-7-sonnet")
    with pytest.raises(NotImplementedError):
        CommonFormatter.is_supported_model("llama")
    for layout in (FormatterBase.format_chat, FormatterBase.format_multi_agent):
        with pytest.raises(NotImplementedError, match="FormatterBase"):
            layout()


def test_models_that_must_be_asked_by_turns() -> None:
    ask, answer = Msg("a", "q", "user"), Msg("b", "r", "assistant")
    chat, alternative = CommonFormatter.format_chat, {"require_alternative": True}
    assert chat(ask, answer, ask, **alternative) == chat(ask, answer, ask)  # type: ignore[arg-type]
    assert chat(ask, ask, **alternative) == CommonFormatter.format_multi_agent(ask, ask)  # type: ignore[arg-type]
    assert chat(answer, ask, require_user_last=True) == chat(answer, ask)
    assert chat(ask, answer, require_user_last=True) == CommonFormatter.format_multi_agent(ask, answer)


PARAMETERS = {"type": "object", "properties": {"q": {"type": "string"}}}
SEARCH = {"type": "function", "function": {"name": "search", "description": "Look.", "parameters": PARAMETERS}}
NOW = {"type": "function", "function": {"name": "now"}}
SCHEMAS = {"search": SEARCH, "now": NOW}
CHATS = ["openai_chat", "dashscope_chat", "anthropic_chat", "gemini_chat", "ollama_chat", "zhipuai_chat", "yi_chat"]


@pytest.mark.parametrize("model_type", [*CHATS, "litellm_chat", "post_api_chat"])
def test_tools(model_type: str, server: MockServer) -> None:
    model = build_model(model_type, server.url)
    tools = model.format_tools_json_schemas(SCHEMAS)
    ours = [
        {"name": "search", "description": "Look.", "input_schema": PARAMETERS},
        {"name": "now", "description": "", "input_schema": {}},
    ]
    assert tools == (ours if model_type == "anthropic_chat" else [SEARCH, NOW])
    model("hi", tools=tools)
    body = server.requests[-1].json
    sent = body.get("tools") or body["parameters"]["tools"]
    if model_type == "gemini_chat":
        sent = sent[0]["functionDeclarations"]
    assert [(tool.get("function") or tool)["name"] for tool in sent] == ["search", "now"]


BAD_SCHEMAS = [
    ([SEARCH], "Expect dict of schemas"),
    ({"a": 3}, "Expect dict schema"),
    ({"a": {"type": "function"}}, "expect keys 'type' and 'function'"),
    ({"a": {"type": "tool", "function": {"name": "a"}}}, "Invalid schema type: tool"),
    ({"a": {"type": "function", "function": {}}}, "expect key 'name' in 'function' field"),
]


@pytest.mark.parametrize(("schemas", "reason"), BAD_SCHEMAS, ids=lambda value: str(value)[:40])
@pytest.mark.parametrize("formatter", [OpenAIFormatter, AnthropicFormatter])
def test_tools_that_are_none(formatter: type[FormatterBase], schemas: Any, reason: str) -> None:
    with pytest.raises(AssertionError, match=reason):
        formatter.format_tools_json_schemas(schemas)


# Formatters of other packages.

PLUGGED = """
import json, sys, warnings
import modelhub
from modelhub import Msg, PluginError
from modelhub.formatters.installed import list_formatters

kinds = ["haiku", "broken", "misfit", "openai"]
kinds += ["modelhub-registry:openai", "modelhub-layouts:openai"]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    ollama = {"model_type": "ollama_chat", "model_name": "m"}
    hub = modelhub.init([{"config_name": k, **ollama, "formatter": k} for k in kinds])
told = {"warned": [str(each.message) for each in caught]}
told |= {"names": list_formatters(), "imported": [name for name in sys.modules if name.startswith("modelhub_layouts")]}
for kind in kinds:
    try:
        told[kind] = hub.get_model(kind).format(Msg("a", "rain", "user"))
    except PluginError as error:
        told[kind] = str(error)
try:
    modelhub.init({"config_name": "a", "model_type": "ollama_chat", "model_name": "m", "formatter": "hiaku"})
except modelhub.ConfigError as error:
    told["wrong"] = error.problems[0].hint
print(json.dumps(told))
"""


def test_formatters_of_an_installed_package(tmp_path: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "-q", "--disable-pip-version-check", "--no-deps"]
    source = tmp_path / "source"
    for path in (TESTS / "plugins" / "layouts").rglob("*"):
        if path.suffix in (".py", ".toml"):
            copy = source / path.relative_to(TESTS / "plugins" / "layouts")
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    target = tmp_path / "packages"
    subprocess.run([*pip, "--no-build-isolation", "--target", str(target), str(source)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(target)}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PLUGGED], env=environment, capture_output=True, text=True, cwd=tmp_path
    )
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["names"] == ["anthropic", "broken", "common", "dashscope", "gemini", "haiku", "misfit", "openai"]
    assert told["imported"] == []
    assert told["haiku"] == [{"role": "user", "content": "rain (as a haiku)"}]
    origin = "config 'broken': formatter broken (modelhub-layouts 0.9, modelhub_layouts.broken:BrokenFormatter)"
    assert told["broken"] == f"{origin} cannot be used: importing it raised RuntimeError: no brush found"
    assert told["misfit"].endswith("cannot be used: it is no subclass of modelhub.formatters.FormatterBase")
    assert told["openai"][0]["name"] == "a"  # ours keeps its name
    assert told["modelhub-registry:openai"] == told["openai"]
    assert "modelhub-layouts" in told["modelhub-layouts:openai"]  # which is none
    (warned,) = told["warned"]
    assert "MH502 formatter 'openai' is claimed by modelhub-registry and modelhub-layouts 0.9" in warned
    assert told["wrong"] == "did you mean 'haiku'?"


# The page about all this.


def test_the_page(tmp_path: Path, server: MockServer, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    monkeypatch.setenv("OPENAI_BASE_URL", f"{server.url}/v1")
    (tmp_path / "cat.png").write_bytes((FOLDER / "pixel.png").read_bytes())
    blocks = re.findall(r"^```(\w+)\n(.*?)^```$", (ROOT / "docs" / "formatting.md").read_text("utf-8"), re.M | re.S)
    kinds = [kind for kind, _ in blocks]
    assert (kinds.count("python"), kinds.count("yaml"), kinds.count("toml"), len(kinds)) == (6, 1, 1, 8)
    texts = dict(blocks)
    (tmp_path / "models.yaml").write_text(texts["yaml"])
    assert list(tomllib.loads(texts["toml"])["project"]["entry-points"]) == [GROUP]
    server.reply("A cat, I think.", "A cat, twice.", "Yes.")
    names: dict[str, Any] = {"__name__": "page"}
    for kind, text in blocks:
        if kind == "python":
            exec(compile(text, "docs/formatting.md", "exec"), names)
    printed = capsys.readouterr().out.splitlines()
    assert printed == [
        "What is this? 1",
        "A cat, I think.",
        "A cat, twice.",
        "## Conversation History",
        "Alice: What is this?",
        "Bob: A cat.",
        "Carol: Are you sure?",
        "[{'role': 'user', 'content': 'What is this?'}, {'role': 'assistant', 'content': 'A cat.'}, "
        "{'role': 'user', 'content': 'Are you sure?'}]",
        "Yes.",
        "Bob: A CAT.",
        "Carol: ARE YOU SURE?",
    ]
    assert server.requests[0].json["messages"][1]["content"][1]["image_url"]["url"] == URI
