"""What a call takes, for type checkers and editors: inputs and options, and the types of their values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Literal, Protocol, TypedDict


class Spoken(Protocol):
    """An object with a role and content, as Msg and the messages of SDKs are."""

    @property
    def role(self) -> object:
        """Who speaks."""
        raise NotImplementedError


class Answered(Protocol):
    """An object that says what it is as a message, as a ModelResponse does."""

    def to_message(self) -> dict[str, object]:
        """The message."""
        raise NotImplementedError


class Declared(Protocol):
    """A tool as an object of another library, such as MCP's."""

    @property
    def name(self) -> str:
        """What the tool is called."""
        raise NotImplementedError


Message = str | Mapping[str, object] | Spoken | Answered
Messages = Message | Iterable[Message]
Text = str | Mapping[str, object]
Texts = Text | Iterable[Text | int | Iterable[int]]
Tool = Callable[..., object] | Mapping[str, object] | Declared
Shape = Mapping[str, object] | type[object] | str


class _Own(TypedDict, total=False):
    """modelhub's own options, which are never sent, and what is sent as it is."""

    timeout: float | Mapping[str, float | None] | None
    retry: Mapping[str, float | bool] | None
    headers: Mapping[str, str | None] | None
    cache: bool | Literal["refresh"] | None
    tags: list[str] | tuple[str, ...] | set[str] | frozenset[str] | None
    stream: bool | None
    max_retries: int | None
    extra_body: Mapping[str, object] | None
    extra_headers: Mapping[str, str | None] | None
    extra_query: Mapping[str, object] | None


class ChatOptions(_Own, total=False):
    """The options that chat models of many vendors know."""

    tools: Tool | Iterable[Tool] | None
    tool_choice: str | Mapping[str, object] | None
    parallel_tool_calls: bool | None
    response_format: Shape | None
    temperature: float | None
    top_p: float | None
    top_k: int | None
    max_tokens: int | None
    max_completion_tokens: int | None
    stop: str | list[str] | tuple[str, ...] | None
    seed: int | None
    n: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    logit_bias: Mapping[str, float] | None
    logprobs: bool | None
    top_logprobs: int | None
    reasoning_effort: str | None
    thinking: Mapping[str, object] | None
    service_tier: str | None
    user: str | None


class EmbeddingOptions(_Own, total=False):
    """The options that embedding models of many vendors know."""

    dimensions: int | None
    encoding_format: str | None
    user: str | None


class ImageOptions(_Own, total=False):
    """The options that image models of many vendors know."""

    n: int | None
    size: str | None
    quality: str | None
    style: str | None
    response_format: str | None
    seed: int | None
    user: str | None


class AnyOptions(ChatOptions, total=False):
    """The options of all of them, for a model of which nothing is known."""

    dimensions: int | None
    encoding_format: str | None
    size: str | None
    quality: str | None
    style: str | None
