"""Options beside the mapping that they belong to: AgentScope took and ignored them, and modelhub says so."""

from __future__ import annotations

import pytest

from modelhub.configs import Sources
from modelhub.registry import checking
from modelhub.registry.registry import ModelRegistry
from modelhub.validation import load_schema

TYPES = [
    *("openai_chat", "openai_dall_e", "openai_embedding", "gemini_chat", "gemini_embedding", "litellm_chat"),
    *("dashscope_chat", "dashscope_multimodal", "dashscope_image_synthesis", "dashscope_text_embedding"),
    *("zhipuai_chat", "zhipuai_embedding"),
]
# Also options of the connection, which are errors: a call without them goes somewhere else.
CONNECTION = {"base_url", "workspace"}


def read(config: dict[str, object]) -> list[str]:
    sources = Sources()
    sources.add(config)
    return [f"{problem.severity} {problem.code} {problem.message}" for problem in checking.read(sources).problems]


@pytest.mark.filterwarnings("ignore::modelhub.errors.ConfigWarning")
@pytest.mark.parametrize("model_type", TYPES)
def test_each_option_of_agentscopes_types_loads_with_a_warning(model_type: str) -> None:
    schema = load_schema(model_type) or {}
    top = schema["properties"].keys() | {"stream", "timeout", "tags"}
    options = [key for key in schema["properties"]["generate_args"]["properties"] if key not in top | CONNECTION]
    assert len(options) >= 5
    config = {"config_name": "a", "model_type": model_type, "model_name": "m", **dict.fromkeys(options, "x")}
    said = read(config)
    for key in options:
        assert f"warning MH109 {key} is deprecated: it has no effect here; move it into generate_args" in said
    with ModelRegistry(config) as hub:
        model = hub.get_model("a")
        assert "x" not in (getattr(model, "generate_args", None) or {}).values()


@pytest.mark.parametrize("key", ["max_tokens", "top_p", "top_k", "stop", "temperature", "seed"])
def test_post_api_wants_them_in_json_args(key: str) -> None:
    config = {"config_name": "a", "model_type": "post_api_chat", "api_url": "http://localhost", key: 1}
    assert read(config) == [f"warning MH109 {key} is deprecated: it has no effect here; move it into json_args"]


@pytest.mark.parametrize(
    ("model_type", "key"),
    [
        ("openai_chat", "base_url"),
        ("dashscope_chat", "workspace"),
        ("litellm_chat", "base_url"),
        ("openai_chat", "max_token"),
        ("openai_chat", "colour"),
        ("anthropic_chat", "top_p"),
        ("yi_chat", "top_k"),
    ],
)
def test_what_is_still_an_error(model_type: str, key: str) -> None:
    said = read({"config_name": "a", "model_type": model_type, "model_name": "m", key: "x"})
    assert [line[:11] for line in said] == ["error MH103"]
