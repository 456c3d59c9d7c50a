"""What users see of models, for type checkers and editors; a running program never imports it.

Its classes are those of ``modelhub.base`` when a program runs. Checkers see in them what users need and no more; all of
it is in the classes that the authors of wrappers extend, which these are bases of for checkers alone.
"""

from __future__ import annotations

from typing import Any, ClassVar, Protocol, Self, TypeVar, Unpack, overload

from modelhub.base.call_options import ChatOptions, Messages
from modelhub.base.calls import (
    AsyncChatCall,
    AsyncEmbeddingCall,
    AsyncImageCall,
    AsyncModelCall,
    ChatCall,
    EmbeddingCall,
    FormatCall,
    ImageCall,
    ModelCall,
    ToolsCall,
)
from modelhub.messages.tokens import TokenCount

Called = TypeVar("Called")
Seen = TypeVar("Seen")


# A slot is a method that is called as Called is on objects of one class; subclasses may give it any signature: to
# checkers a method fits a slot, since it has ``__get__``, too. Seen is the class on whose objects they look it up: on
# those of a subclass that has not said how it is called, a call takes and returns anything. The ``__call__`` of a slot
# is what pyright finds where a model is handed over as a function.


class ModelSlot(Protocol[Seen, Called]):  # type: ignore[misc]  # pyright: ignore[reportInvalidTypeVarUse]
    """A method of ModelWrapperBase."""

    @overload
    def __get__(self: ModelSlot[ModelWrapperBase, Called], instance: object, owner: Any = None, /) -> Called: ...
    @overload
    def __get__(self, instance: object, owner: Any = None, /) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


class ChatSlot(Protocol[Seen, Called]):  # type: ignore[misc]  # pyright: ignore[reportInvalidTypeVarUse]
    """A method of ChatWrapper."""

    @overload
    def __get__(self: ChatSlot[ChatWrapper, Called], instance: object, owner: Any = None, /) -> Called: ...
    @overload
    def __get__(self, instance: object, owner: Any = None, /) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


class EmbeddingSlot(Protocol[Seen, Called]):  # type: ignore[misc]  # pyright: ignore[reportInvalidTypeVarUse]
    """A method of EmbeddingWrapper."""

    @overload
    def __get__(self: EmbeddingSlot[EmbeddingWrapper, Called], instance: object, owner: Any = None, /) -> Called: ...
    @overload
    def __get__(self, instance: object, owner: Any = None, /) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


class ImageSlot(Protocol[Seen, Called]):  # type: ignore[misc]  # pyright: ignore[reportInvalidTypeVarUse]
    """A method of ImageWrapper."""

    @overload
    def __get__(self: ImageSlot[ImageWrapper, Called], instance: object, owner: Any = None, /) -> Called: ...
    @overload
    def __get__(self, instance: object, owner: Any = None, /) -> Any: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...


class ModelWrapperBase:
    """A model, called by name; see ``modelhub.base.wrapper``."""

    model_type: ClassVar[str]
    task: ClassVar[str]
    config_name: str
    model_name: str
    __call__: ModelSlot[Self, ModelCall]
    acall: ModelSlot[Self, AsyncModelCall]
    format: ModelSlot[Self, FormatCall]
    format_tools_json_schemas: ModelSlot[Self, ToolsCall]

    def __init__(self, config_name: str | None = None, model_name: str | None = None, **kwargs: Any) -> None: ...


class ChatWrapper(ModelWrapperBase):
    """A model that answers messages; see ``modelhub.base.chat``."""

    stream: bool
    __call__: ChatSlot[Self, ChatCall]  # pyright: ignore[reportIncompatibleVariableOverride]
    acall: ChatSlot[Self, AsyncChatCall]  # pyright: ignore[reportIncompatibleVariableOverride]
    format: ChatSlot[Self, FormatCall]  # pyright: ignore[reportIncompatibleVariableOverride]
    format_tools_json_schemas: ChatSlot[Self, ToolsCall]  # pyright: ignore[reportIncompatibleVariableOverride]

    def count_tokens(self, messages: Messages, **options: Unpack[ChatOptions]) -> TokenCount:
        """The number of tokens of a prompt: the vendor's count, or an estimate, whose ``estimated`` is true."""
        raise NotImplementedError

    async def acount_tokens(self, messages: Messages, **options: Unpack[ChatOptions]) -> TokenCount:
        """``count_tokens`` for async code."""
        raise NotImplementedError


class EmbeddingWrapper(ModelWrapperBase):
    """A model that turns texts into vectors; see ``modelhub.base.embedding``."""

    __call__: EmbeddingSlot[Self, EmbeddingCall]  # pyright: ignore[reportIncompatibleVariableOverride]
    acall: EmbeddingSlot[Self, AsyncEmbeddingCall]  # pyright: ignore[reportIncompatibleVariableOverride]


class ImageWrapper(ModelWrapperBase):
    """A model that draws images; see ``modelhub.base.image``."""

    __call__: ImageSlot[Self, ImageCall]  # pyright: ignore[reportIncompatibleVariableOverride]
    acall: ImageSlot[Self, AsyncImageCall]  # pyright: ignore[reportIncompatibleVariableOverride]
