"""What is known of what a model can do: from its config, its type, its vendor and its name, in this order."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub import ModelRegistry
from modelhub.base import ModelWrapperBase
from modelhub.cli.app import cli
from modelhub.configs import load
from modelhub.overriding import override
from modelhub.registry import checking
from modelhub.validation import View, load_schema
from modelhub.validation.graph import Node
from modelhub.validation.rules.abilities import knows_ability

from .test_cases import check_objects
from .test_schemas import TYPES

OWN = {"client_args": {"base_url": "http://localhost:8000/v1"}}
TABLE: list[tuple[dict[str, Any], str, bool | None]] = [
    ({"model_type": "openai_chat", "model_name": "gpt-4o"}, "tools", True),
    ({"model_type": "openai_chat", "model_name": "gpt-4o"}, "image", True),
    ({"model_type": "openai_chat", "model_name": "gpt-4o"}, "audio", False),
    ({"model_type": "openai_chat", "model_name": "gpt-4o"}, "video", False),
    ({"model_type": "openai_chat", "config_name": "gpt-3.5-turbo"}, "image", False),
    ({"model_type": "openai_chat", "model_name": "nobody-knows-it"}, "tools", None),
    ({"model_type": "openai_chat", "model_name": "nobody-knows-it"}, "video", False),  # the type cannot carry it
    ({"model_type": "openai_chat", "model_name": "${MODEL}"}, "tools", None),
    ({"model_type": "openai_chat", "model_name": "gpt-4o", **OWN}, "tools", None),
    ({"model_type": "openai_chat", "model_name": "llava", **OWN}, "tools", None),
    ({"model_type": "openai_chat", "model_name": "gpt-4o", "client_args": {"base_url": "${URL}"}}, "tools", None),
    (
        {"model_type": "openai_chat", "model_name": "gpt-4o", "client_args": {"base_url": "https://api.openai.com/v1"}},
        "tools",
        True,
    ),
    ({"model_type": "openai_chat", "model_name": "gpt-4o", "vendor": "vllm"}, "tools", None),
    ({"model_type": "openai_chat", "model_name": "openai/gpt-4o", "vendor": "openrouter"}, "tools", True),
    ({"model_type": "openai_chat", "model_name": "sonar", "vendor": "perplexity"}, "tools", False),
    (
        {"model_type": "openai_chat", "model_name": "a", "client_args": {"base_url": "https://api.perplexity.ai"}},
        "tools",
        False,
    ),
    ({"model_type": "ollama_chat", "model_name": "llava:13b", "host": "http://gpu.internal:11434"}, "tools", False),
    ({"model_type": "ollama_chat", "model_name": "llava:13b"}, "image", True),
    ({"model_type": "ollama_generate", "model_name": "anything"}, "tools", False),
    ({"model_type": "post_api_chat", "model_name": "gpt-4o", "api_url": "http://gpu/chat"}, "image", None),
    ({"model_type": "litellm_chat", "model_name": "ollama/llava"}, "tools", False),
    ({"model_type": "openai_embedding", "model_name": "x"}, "tools", False),
    ({"model_type": "openai_chat", "model_name": "gpt-4o", "capabilities": {"tools": False}}, "tools", False),
    ({"model_type": "openai_chat", "model_name": "gpt-4o", "capabilities": {"tools": False}}, "image", True),
    ({"model_type": "ollama_chat", "model_name": "llava", "capabilities": {"tools": True}}, "tools", True),
    ({"model_type": "openai_chat", **OWN, "capabilities": {"input": ["text", "image"]}}, "image", True),
    ({"model_type": "openai_chat", **OWN, "capabilities": {"input": ["text", "image"]}}, "audio", False),
    ({"model_type": "acme"}, "tools", None),
]


@pytest.mark.parametrize(("config", "ability", "known"), TABLE)
def test_what_is_known(config: dict[str, Any], ability: str, known: bool | None) -> None:
    schema = load_schema(config["model_type"]) or {}
    node = Node(config.get("config_name", "a"), config, View([(schema, schema)]), ())
    assert knows_ability(node, ability) is known


def test_a_type_that_is_one_model_is_known_by_its_schema() -> None:
    schema = {"x-capabilities": {"tools": True, "modalities": {"input": ["text"]}}, "properties": {}}
    node = Node("a", {"model_type": "acme"}, View([(schema, schema)]), ())
    assert [knows_ability(node, ability) for ability in ("tools", "image")] == [True, False]


@pytest.mark.parametrize("model_type", TYPES)
def test_every_type_may_say_what_it_can_do(model_type: str) -> None:
    schema = load_schema(model_type)
    assert schema is not None
    example = {**schema["examples"][0], "capabilities": {"tools": True, "input": ["text", "image"]}}
    problems = check_objects(example, types=[model_type])
    assert not any("capabilities" in str(problem) for problem in problems)
    wrong = {**example, "capabilities": {"tool": True, "input": ["smell"]}}
    codes = [p.code for p in check_objects(wrong, types=[model_type]) if "capabilities" in p.path]
    assert codes == ["MH103", "MH202"]


class Silent(ModelWrapperBase):
    """Takes any key."""

    model_type = "silent"

    def __init__(self, config_name: str, **kwargs: Any) -> None:
        super().__init__(config_name)
        self.given = kwargs

    @override
    def __call__(self, text: str) -> str:
        return text


class Told(Silent):
    """Wants to know."""

    model_type = "told"

    def __init__(self, config_name: str, capabilities: Any = None, **kwargs: Any) -> None:
        super().__init__(config_name, capabilities=capabilities, **kwargs)


def test_a_wrapper_is_told_of_it_only_if_it_asks() -> None:
    keys = {"capabilities": {"tools": True}, "extra": 1}
    configs = [{"config_name": kind, "model_type": kind, **keys} for kind in ("silent", "told")]
    with ModelRegistry(configs, wrappers=[Silent, Told]) as hub:
        assert hub.get_model("silent").given == {"extra": 1}
        assert hub.get_model("told").given == keys


def test_show_tells_what_the_config_says(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(
        "{config_name: a, model_type: openai_chat, model_name: gpt-4o, capabilities: {tools: false, input: [text]}}"
    )
    shown = json.loads(CliRunner().invoke(cli, ["show", "a", "--capabilities", "-c", str(path)]).stdout)
    assert shown["tools"] is False
    assert shown["modalities"] == {"input": ["text"], "output": ["text"]}
    assert shown["streaming"] is True


CLASHES: list[tuple[Any, Any, list[str]]] = [
    ({"rpm": 5}, {"rpm": 5}, []),
    ({"rpm": 5}, {}, []),
    ({}, {"rpm": 5}, []),
    ({"rpm": 5}, {"rpm": 5, "max_wait": 60.0}, []),
    ({"rpm": 5}, {"rpm": 5, "max_wait": 61}, ["MH310"]),
    ({"rpm": 5}, {"rpm": 5, "tpm": 5}, ["MH310"]),
    ({"rpm": 5, "tpm": 5}, {"rpm": 5}, ["MH310"]),
    ({"rpm": 5}, {"rpm": "${RPM}"}, []),
    ({}, {"on_limit": "fail"}, ["MH310"]),
    ({}, {}, ["MH310"]),
]


@pytest.mark.parametrize(("first", "second", "codes"), CLASHES)
def test_limits_of_a_group(first: Any, second: Any, codes: list[str]) -> None:
    def build(group: str) -> list[dict[str, Any]]:
        given = [{"group": group, **limits} for limits in (first, second)]
        return [
            {"config_name": f"{group}-{n}", "model_type": "openai_chat", "limits": limits}
            for n, limits in enumerate(given)
        ]

    problems = checking.check(load([*build("x"), *build("y")]).entries)
    assert [problem.code for problem in problems] == [*codes, *codes]
    assert all(problem.path[1:] == ("limits", "group") for problem in problems)


def test_a_program_that_runs_is_not_told_that_something_is_not_known() -> None:
    configs = [
        {"config_name": "own", "model_type": "openai_chat", **OWN},
        {"config_name": "front", "model_type": "router", "routes": [{"to": "own", "when": {"tools": True}}]},
    ]
    assert [problem.severity for problem in checking.check(load(configs).entries)] == ["warning"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ModelRegistry(configs).names() == ["own", "front"]
