"""Which options a model knows: by the schema of its type, or by its code."""

from __future__ import annotations

from typing import Any

import pytest
from modelhub.wrappers.anthropic import AnthropicChatWrapper
from modelhub.wrappers.litellm import LiteLLMChatWrapper
from modelhub.wrappers.ollama import OllamaChatWrapper
from modelhub.wrappers.openai import OpenAIChatWrapper

from modelhub.base import ModelWrapperBase, override
from modelhub.routing.known_options import knows_option


class Mine(ModelWrapperBase):
    """A model in plain Python."""

    model_type = "mine_without_schema"

    @override
    def __call__(self, text: str, team: str = "") -> str:
        return text

    @override
    async def acall(self, text: str, house: str = "") -> str:
        return text


KNOWN: list[tuple[Any, str, bool]] = [
    (OpenAIChatWrapper, "user", True),
    (OpenAIChatWrapper, "temperature", True),
    (OpenAIChatWrapper, "team", False),
    (LiteLLMChatWrapper, "user", True),  # by reference to another schema
    (AnthropicChatWrapper, "temperature", True),
    (AnthropicChatWrapper, "user", False),
    (OllamaChatWrapper, "user", False),
    (Mine, "team", True),
    (Mine, "house", True),
    (Mine, "user", False),
]


@pytest.mark.parametrize(("cls", "name", "known"), KNOWN)
def test_known_options(cls: Any, name: str, known: bool) -> None:
    assert knows_option(cls, name) is known
