"""Every built-in wrapper holds to the same contract, by the tests that the authors of plugins inherit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelhub.testing.conformance import WrapperConformance

# Now and then, on a busy machine, the collector finds sockets of clients that nobody has closed; why is not known yet.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
RECORDINGS = Path(__file__).parent / "recordings"


class TestAnthropicChat(WrapperConformance):
    config = {"model_type": "anthropic_chat", "model_name": "claude-sonnet-4-5", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "anthropic_chat"


class TestDashScopeChat(WrapperConformance):
    config = {"model_type": "dashscope_chat", "model_name": "qwen-plus", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "dashscope_chat"


class TestDashScopeEmbedding(WrapperConformance):
    config = {"model_type": "dashscope_text_embedding", "model_name": "text-embedding-v4", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "dashscope_text_embedding"


class TestDashScopeImage(WrapperConformance):
    config = {"model_type": "dashscope_image_synthesis", "model_name": "wanx2.1-t2i-turbo", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "dashscope_image_synthesis"


class TestDashScopeMultiModal(WrapperConformance):
    config = {"model_type": "dashscope_multimodal", "model_name": "qwen-vl-max", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "dashscope_multimodal"
    cannot = {"tools"}


class TestGeminiChat(WrapperConformance):
    config = {"model_type": "gemini_chat", "model_name": "gemini-2.5-flash", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "gemini_chat"


class TestGeminiEmbedding(WrapperConformance):
    config = {"model_type": "gemini_embedding", "model_name": "gemini-embedding-001", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "gemini_embedding"


class TestLiteLLMProxy(WrapperConformance):
    config = {
        "model_type": "litellm_chat",
        "model_name": "gpt-4o-mini",
        "api_key": "${KIT_KEY}",
        "client_args": {"base_url": "http://proxy.invalid"},
    }
    recordings = RECORDINGS / "litellm_chat"


class TestOllamaChat(WrapperConformance):
    config = {"model_type": "ollama_chat", "model_name": "llama3.2", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "ollama_chat"


class TestOllamaEmbedding(WrapperConformance):
    config = {"model_type": "ollama_embedding", "model_name": "all-minilm"}
    recordings = RECORDINGS / "ollama_embedding"


class TestOllamaGenerate(WrapperConformance):
    config = {"model_type": "ollama_generate", "model_name": "llama3.2"}
    recordings = RECORDINGS / "ollama_generate"
    cannot = {"tools", "messages"}


class TestOpenAIChat(WrapperConformance):
    config = {"model_type": "openai_chat", "model_name": "gpt-4o", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "openai_chat"


class TestOpenAIEmbedding(WrapperConformance):
    config = {"model_type": "openai_embedding", "model_name": "text-embedding-3-small", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "openai_embedding"


class TestOpenAIDALLE(WrapperConformance):
    config = {"model_type": "openai_dall_e", "model_name": "dall-e-3", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "openai_dall_e"


class TestPostAPI(WrapperConformance):
    config = {"model_type": "post_api", "api_url": "https://private.invalid/generate", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "post_api"
    cannot = {"stream", "tools", "response_format", "messages", "checks"}


class TestPostAPIChat(WrapperConformance):
    config = {"model_type": "post_api_chat", "api_url": "https://private.invalid/generate", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "post_api_chat"
    cannot = {"tool_choice"}


class TestPostAPIDALLE(WrapperConformance):
    config = {"model_type": "post_api_dall_e", "api_url": "https://private.invalid/draw", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "post_api_dall_e"


class TestPostAPIEmbedding(WrapperConformance):
    config = {"model_type": "post_api_embedding", "api_url": "https://private.invalid/embed", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "post_api_embedding"


class TestYiChat(WrapperConformance):
    config = {"model_type": "yi_chat", "model_name": "yi-large", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "yi_chat"


class TestZhipuAIChat(WrapperConformance):
    config = {"model_type": "zhipuai_chat", "model_name": "glm-4.6", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "zhipuai_chat"


class TestZhipuAIEmbedding(WrapperConformance):
    config = {"model_type": "zhipuai_embedding", "model_name": "embedding-3", "api_key": "${KIT_KEY}"}
    recordings = RECORDINGS / "zhipuai_embedding"


TARGETS: list[dict[str, Any]] = [
    {"config_name": name, "model_type": "openai_chat", "model_name": "gpt-4o", "api_key": "${KIT_KEY}"}
    for name in ("small", "large")
]


class Passing(WrapperConformance):
    """A model that asks another: what the other reads is asked of the router alone."""

    test_any_cutting_of_the_bytes_gives_the_same = None
    test_a_reply_in_pieces = None
    test_a_compressed_reply = None
    test_an_unreadable_success = None
    test_odd_bodies_of_errors = None
    test_replies_of_other_forms = None
    test_arguments_that_are_no_json = None
    test_tool_calls_of_streams = None
    test_unusual_characters_are_sent = None
    test_messages_in_every_form = None


class TestFallback(Passing):
    config = {"model_type": "fallback", "models": ["small"]}
    others = TARGETS
    recordings = RECORDINGS / "openai_chat"


class TestRouter(WrapperConformance):
    config = {"model_type": "router", "routes": [{"to": "small"}]}
    others = TARGETS
    recordings = RECORDINGS / "openai_chat"


class TestCascade(Passing):
    config = {"model_type": "cascade", "steps": [{"model": "small"}]}
    others = TARGETS
    recordings = RECORDINGS / "openai_chat"


class TestChain(Passing):
    config = {"model_type": "chain", "steps": [{"model": "small"}]}
    others = TARGETS
    recordings = RECORDINGS / "openai_chat"
