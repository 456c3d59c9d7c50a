"""What a model answered, whole."""

from __future__ import annotations

import json
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from modelhub.crossing import crosses, is_plain
from modelhub.overriding import override

if TYPE_CHECKING:
    from modelhub.response.origin import Origin
    from modelhub.response.tool_calls import ToolCall, ToolCallDelta
    from modelhub.response.usage import Usage
    from modelhub.trail import Attempt, Entry

_TOLD = (
    *("text", "reasoning", "refusal", "tool_calls", "finish_reason", "usage", "embedding", "image_urls", "parsed"),
    *("request_id", "model", "config_name", "cached", "trail", "raw"),
)
_SHOWN = ("text", "reasoning", "refusal", "tool_calls", "finish_reason", "usage", "parsed")
_UNSHOWN = ("json", "arriving", "forget_raw", "is_begun")


class ModelResponse:
    """The answer of a model.

    With ``stream=True`` a call returns one that is still arriving, a ``StreamedResponse``: iterate it for its deltas
    (``for``, or ``async for`` after ``acall``), once; it is whole when they end. Code that iterates need not know
    which of the two it has: a whole response iterates as its one delta.

    ``text`` is the answer, ``reasoning`` the thinking before it, ``tool_calls`` what the model wants called,
    ``refusal`` what it said instead of an answer that it will not give,
    ``finish_reason`` in OpenAI's words (stop, length, tool_calls, content_filter, other), ``embedding`` a list
    of vectors, ``image_urls`` URLs or data URIs, ``parsed`` the structured answer, ``raw`` the decoded reply
    (of a stream: the list of its events). ``origin`` says which vendor answered, if ``to_message`` keeps what that
    vendor wants back.
    """

    __slots__ = (
        "__weakref__",
        "_arrival",
        "_trail",
        "embedding",
        "finish_reason",
        "image_urls",
        "model",
        "origin",
        "parsed",
        "raw",
        "reasoning",
        "refusal",
        "request_id",
        "text",
        "tool_calls",
        "usage",
    )

    text: str | None
    reasoning: str | None
    tool_calls: list[ToolCall] | None
    finish_reason: str | None
    usage: Usage | None
    embedding: list[list[float]] | None
    image_urls: list[str] | None
    parsed: Any
    raw: Any
    request_id: str | None
    model: str | None
    refusal: str | None
    origin: Origin | None
    _arrival: Any  # of a StreamedResponse, which has the same slots
    _trail: tuple[Entry, ...]  # of the response of a call
    _become_streamed: ClassVar[Callable[[Any, Iterator[str]], None]]  # given by ``cumulative``, which knows how

    def __init__(
        self,
        text: str | None = None,
        embedding: list[list[float]] | None = None,
        image_urls: list[str] | None = None,
        raw: Any = None,
        parsed: Any = None,
        stream: Iterator[str] | None = None,
        tool_calls: list[ToolCall] | list[ToolCallDelta] | None = None,
        reasoning: str | None = None,
        finish_reason: str | None = None,
        usage: Usage | None = None,
        request_id: str | None = None,
        model: str | None = None,
        refusal: str | None = None,
        origin: Origin | None = None,
    ) -> None:
        self.embedding = embedding
        self.origin = origin
        if stream is not None:
            self._become_streamed(stream)
            return
        self.text = text
        self.image_urls = image_urls
        self.raw = raw
        self.parsed = parsed
        self.tool_calls = tool_calls  # type: ignore[assignment]  # pyright: ignore[reportAttributeAccessIssue]
        self.reasoning = reasoning
        self.finish_reason = finish_reason
        self.usage = usage
        self.request_id = request_id
        self.model = model
        self.refusal = refusal

    @property
    def trail(self) -> tuple[Attempt, ...]:
        """What was tried to get this answer, the oldest attempt first; empty for a response that no call gave."""
        from modelhub.trail import build_trail  # few look at it

        return build_trail(getattr(self, "_trail", ()))

    @property
    def config_name(self) -> str | None:
        """The config that answered; None for a response that no call gave."""
        entries: tuple[Entry, ...] = getattr(self, "_trail", ())
        return entries[-1][0][0] if entries else None

    @property
    def cached(self) -> bool:
        """Whether it is an answer that was kept from a call before."""
        entries: tuple[Entry, ...] = getattr(self, "_trail", ())
        return bool(entries) and entries[-1][0][6] == "cached"

    @override
    def __getstate__(self) -> Any:
        """What crosses to another process: all but a ``raw`` of a library's own objects that pickle cannot carry."""
        state: Any = super().__getstate__()
        own, slots = state
        if not (is_plain(slots.get("raw")) or crosses(slots["raw"])):
            slots["raw"] = None
        return own, slots

    def __iter__(self) -> Iterator[ResponseDelta]:
        yield self  # type: ignore[misc]  # pyright: ignore[reportReturnType]  # which is its one delta

    async def __aiter__(self) -> AsyncIterator[ResponseDelta]:
        yield self  # type: ignore[misc]  # pyright: ignore[reportReturnType]  # which is its one delta

    @property
    def ready(self) -> int:
        """How many deltas of a stream have come and are not handed over yet: these need not be waited for."""
        return 0

    async def complete(self) -> ModelResponse:
        """Wait for the rest of an async stream; returns this response, now whole."""
        return self

    def close(self) -> None:
        """Stop a stream that is not wanted any more and give its connection back; a whole response has none."""

    def to_message(self) -> dict[str, Any]:
        """This answer as the message that continues the conversation: OpenAI-shaped, for the models of any vendor.

        Its tool calls want their results right after it: ``call.to_result(output)`` of each. Of a closed or
        interrupted stream it is what had arrived. Its key ``received``, if it has one, is what only the vendor that
        answered understands and wants back, such as signed thoughts; models of other vendors are not sent it.
        """
        text = self.text
        calls = [call.to_message() for call in self.tool_calls or ()]
        message: dict[str, Any] = {"role": "assistant", "content": text or self.refusal or (None if calls else "")}
        if calls:
            message["tool_calls"] = calls
        kept = self.origin.gather(self.raw, message) if self.origin is not None else None
        return {**message, "received": {"from": self.origin.name, **kept}} if self.origin and kept else message

    def to_dict(self) -> dict[str, Any]:
        """This answer by its attributes, for ``json.dumps``, which always takes it.

        What has no form in JSON, as a library's own objects in ``raw``, is a text in it. Of a stream it waits as
        ``text`` does.
        """
        from modelhub.jsonable import build_jsonable  # few programs write JSON

        return {name: build_jsonable(getattr(self, name)) for name in _TOLD}

    @property
    def stream(self) -> Iterator[tuple[bool, str]] | None:
        """AgentScope's view of a stream: pairs of (is it the last, the text so far); None if there is none."""
        return None

    @property
    def is_stream_exhausted(self) -> bool:
        """Whether all of a stream has been read; False where there is none."""
        return False

    if not TYPE_CHECKING:

        @property
        def json(self) -> Any:
            """The old name of ``parsed``."""
            warnings.warn("ModelResponse.json is the old name of .parsed", DeprecationWarning, stacklevel=2)
            return self.parsed

    @override
    def __dir__(self) -> list[str]:
        """What users need; not its old names, and not what modelhub itself asks of a stream."""
        return [name for name in super().__dir__() if name not in _UNSHOWN]

    @override
    def __str__(self) -> str:
        fields = {name: getattr(self, name) for name in ("text", "embedding", "image_urls", "parsed", "raw")}
        return json.dumps(fields, indent=4, ensure_ascii=False, default=str)

    @override
    def __repr__(self) -> str:
        shown = {n: getattr(self, n) for n in _SHOWN}
        if self.embedding is not None:
            shown["embedding"] = f"<{len(self.embedding)} vectors>"
        if self.image_urls is not None:
            shown["image_urls"] = [url[:60] for url in self.image_urls]
        return f"{type(self).__name__}({', '.join(f'{n}={v!r}' for n, v in shown.items() if v is not None)})"


if TYPE_CHECKING:

    class ResponseDelta(ModelResponse):
        """A piece of an answer that streams: a ModelResponse that holds what is new, and of tool calls their pieces."""

        tool_calls: list[ToolCallDelta] | None  # type: ignore[assignment]  # pyright: ignore[reportIncompatibleVariableOverride]
else:
    ResponseDelta = ModelResponse
