"""Which wrapper is tried on which server, with the config it takes and what the server is known to lack."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from ..paths import TESTS
from .chosen import needs
from .questions import Question

MODEL = TESTS / "models/tiny"  # what the servers that take Hugging Face's form are given
GREEDY = {"temperature": 0, "max_tokens": 80}
V1: dict[str, Any] = {"client_args": {"base_url": "{}/v1"}}
KEY = {"api_key": "sk-proxy"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A wrapper on a server; in the config, {} is the server's URL."""

    engine: str
    model_type: str
    config: dict[str, Any]
    # Of "tools stop string format": `stop` at all or as a lone string, and answers made to fit a JSON Schema.
    lacks: str = ""
    counts: str = "prompt and answer"  # what a stream tells the tokens of: both, "answer" or ""
    cut: tuple[str, str, int] = ("1 2 3", "length", 5)  # text, reason and tokens of max_tokens 5; spaces are tokens too
    selects: Callable[[Question], bool] = field(default=lambda question: True)  # what it can be asked

    def build_config(self, url: str, **keys: Any) -> dict[str, Any]:
        """The config for the server at ``url``, with more keys in it."""
        config = {"config_name": "tiny", "model_type": self.model_type, "model_name": "tiny"}
        if "json_args" not in self.config:
            config["generate_args"] = GREEDY
        config |= json.loads(json.dumps(self.config).replace("{}", url))
        return config | keys


def name_pairs(selects: Callable[[Pair], bool] = lambda pair: True) -> list[Any]:
    """The parameters of a test for each of the pairs, or those that ``selects`` takes."""
    # LiteLLM's library, its HTTP clients and what they leave to the garbage collector warn about themselves.
    noisy = pytest.mark.filterwarnings("ignore")
    return [
        pytest.param(name, marks=(needs(pair.engine), *([noisy] if "in process" in name else [])))
        for name, pair in PAIRS.items()
        if selects(pair)
    ]


def is_plain(question: Question) -> bool:
    """Whether a question needs no tools."""
    return question.tools is None


def is_prompt(question: Question) -> bool:
    """Whether a question is one prompt, perhaps with a system prompt."""
    return is_plain(question) and [m["role"] for m in question.messages if m["role"] != "system"] == ["user"]


BODY = {"model": "tiny", **GREEDY, "stream_options": {"include_usage": True}}
ROOT: dict[str, Any] = {"client_args": {"base_url": "{}"}}
PAIRS = {
    "openai_chat on llama-server": Pair("llama-server", "openai_chat", V1),
    "yi_chat on llama-server": Pair("llama-server", "yi_chat", {**V1, "api_key": "any"}, counts=""),
    "zhipuai_chat on llama-server": Pair(
        "llama-server", "zhipuai_chat", {**V1, "api_key": "any"}, lacks="format", counts=""
    ),
    # It leaves message_start out when the first token is a piece of a character.
    "anthropic_chat on llama-server": Pair("llama-server", "anthropic_chat", ROOT, lacks="format", counts="answer"),
    "post_api_chat on llama-server": Pair(
        "llama-server", "post_api_chat", {"api_url": "{}/v1/chat/completions", "json_args": BODY}
    ),
    "litellm_chat in process on llama-server": Pair(
        "llama-server", "litellm_chat", {"model_name": "openai/tiny", "api_base": "{}/v1", "api_key": "any"}
    ),
    "litellm_chat in process on Ollama": Pair(
        "Ollama", "litellm_chat", {"model_name": "ollama_chat/tiny", "api_base": "{}"}, lacks="string"
    ),
    "openai_chat on Ollama": Pair("Ollama", "openai_chat", V1),
    "ollama_chat on Ollama": Pair("Ollama", "ollama_chat", {"host": "{}"}),
    "ollama_generate on Ollama": Pair("Ollama", "ollama_generate", {"host": "{}"}, lacks="tools", selects=is_prompt),
    "openai_chat on transformers": Pair(
        "transformers", "openai_chat", {**V1, "model_name": str(MODEL)}, lacks="stop format"
    ),
    # It counts one token too few of every answer.
    "openai_chat on FastChat": Pair(
        *("FastChat", "openai_chat", V1, "tools format"), counts="", cut=("1 2 3", "length", 4), selects=is_plain
    ),
    "openai_chat on LiteLLM": Pair("LiteLLM", "openai_chat", {**V1, **KEY}),
    "litellm_chat on LiteLLM": Pair("LiteLLM", "litellm_chat", {**V1, **KEY}),
    # It asks its upstream for 16 tokens at least, and does not say that they were the last ones.
    "anthropic_chat on LiteLLM": Pair(
        *("LiteLLM", "anthropic_chat", {**ROOT, **KEY}, "stop format"), cut=("1 2 3 4 5 6 7 8 ", "stop", 16)
    ),
    # It ends a stream with counts of 0.
    "gemini_chat on LiteLLM": Pair(
        "LiteLLM", "gemini_chat", {"client_args": {"base_url": "{}", "api_version": "v1beta"}, **KEY}, counts=""
    ),
    "openai_chat on vLLM": Pair("vLLM", "openai_chat", V1),
    "anthropic_chat on vLLM": Pair("vLLM", "anthropic_chat", ROOT),
}
