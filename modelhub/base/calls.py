"""What calls of models take and return, for type checkers and editors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar, Unpack, overload

from modelhub.base.call_options import (
    AnyOptions,
    ChatOptions,
    EmbeddingOptions,
    ImageOptions,
    Messages,
    Spoken,
    Texts,
)
from modelhub.response import ModelResponse

T = TypeVar("T")


class ModelCall(Protocol):
    """A call of a model of which nothing is known."""

    @overload
    def __call__(
        self, messages: Messages | Texts, *, parse_func: None = None, **options: Unpack[AnyOptions]
    ) -> ModelResponse: ...
    @overload
    def __call__(
        self,
        messages: Messages | Texts,
        *,
        parse_func: Callable[[ModelResponse], T],
        fault_handler: Callable[[ModelResponse], T] | None = None,
        **options: Unpack[AnyOptions],
    ) -> T: ...


class AsyncModelCall(Protocol):
    """An async call of a model of which nothing is known."""

    @overload
    async def __call__(
        self, messages: Messages | Texts, *, parse_func: None = None, **options: Unpack[AnyOptions]
    ) -> ModelResponse: ...
    @overload
    async def __call__(
        self,
        messages: Messages | Texts,
        *,
        parse_func: Callable[[ModelResponse], T],
        fault_handler: Callable[[ModelResponse], T] | None = None,
        **options: Unpack[AnyOptions],
    ) -> T: ...


class ChatCall(Protocol):
    """A call of a model that answers messages."""

    @overload
    def __call__(
        self, messages: Messages, *, parse_func: None = None, **options: Unpack[ChatOptions]
    ) -> ModelResponse: ...
    @overload
    def __call__(
        self,
        messages: Messages,
        *,
        parse_func: Callable[[ModelResponse], T],
        fault_handler: Callable[[ModelResponse], T] | None = None,
        **options: Unpack[ChatOptions],
    ) -> T: ...


class AsyncChatCall(Protocol):
    """An async call of a model that answers messages."""

    @overload
    async def __call__(
        self, messages: Messages, *, parse_func: None = None, **options: Unpack[ChatOptions]
    ) -> ModelResponse: ...
    @overload
    async def __call__(
        self,
        messages: Messages,
        *,
        parse_func: Callable[[ModelResponse], T],
        fault_handler: Callable[[ModelResponse], T] | None = None,
        **options: Unpack[ChatOptions],
    ) -> T: ...


class EmbeddingCall(Protocol):
    """A call of a model that turns texts into vectors."""

    @overload
    def __call__(
        self, texts: Texts, *, parse_func: None = None, **options: Unpack[EmbeddingOptions]
    ) -> ModelResponse: ...
    @overload
    def __call__(
        self,
        texts: Texts,
        *,
        parse_func: Callable[[ModelResponse], T],
        fault_handler: Callable[[ModelResponse], T] | None = None,
        **options: Unpack[EmbeddingOptions],
    ) -> T: ...


class AsyncEmbeddingCall(Protocol):
    """An async call of a model that turns texts into vectors."""

    @overload
    async def __call__(
        self, texts: Texts, *, parse_func: None = None, **options: Unpack[EmbeddingOptions]
    ) -> ModelResponse: ...
    @overload
    async def __call__(
        self,
        texts: Texts,
        *,
        parse_func: Callable[[ModelResponse], T],
        fault_handler: Callable[[ModelResponse], T] | None = None,
        **options: Unpack[EmbeddingOptions],
    ) -> T: ...


class ImageCall(Protocol):
    """A call of a model that draws images."""

    @overload
    def __call__(self, prompt: str, *, parse_func: None = None, **options: Unpack[ImageOptions]) -> ModelResponse: ...
    @overload
    def __call__(
        self,
        prompt: str,
        *,
        parse_func: Callable[[ModelResponse], T],
        fault_handler: Callable[[ModelResponse], T] | None = None,
        **options: Unpack[ImageOptions],
    ) -> T: ...


class AsyncImageCall(Protocol):
    """An async call of a model that draws images."""

    @overload
    async def __call__(
        self, prompt: str, *, parse_func: None = None, **options: Unpack[ImageOptions]
    ) -> ModelResponse: ...
    @overload
    async def __call__(
        self,
        prompt: str,
        *,
        parse_func: Callable[[ModelResponse], T],
        fault_handler: Callable[[ModelResponse], T] | None = None,
        **options: Unpack[ImageOptions],
    ) -> T: ...


class FormatCall(Protocol):
    """How Msg objects become messages, in AgentScope's layouts."""

    def __call__(
        self, *msgs: Spoken | Iterable[Spoken] | None, multi_agent_mode: bool = True
    ) -> list[dict[str, Any]]: ...


class ToolsCall(Protocol):
    """How AgentScope's tool schemas become the ``tools`` of a call."""

    def __call__(self, schemas: dict[str, dict[str, Any]]) -> list[dict[str, Any]]: ...
