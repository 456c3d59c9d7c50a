"""Private protocols that a config describes: what is sent, and what stands where in the replies."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any, ClassVar

from modelhub.base import (
    Accumulator,
    ChatWrapper,
    Endpoint,
    Event,
    EventDecoder,
    ModelResponse,
    Origin,
    Reply,
    Request,
    check_vectors,
    override,
)
from modelhub.errors import ConfigError, ModelCallError
from modelhub.fitting import PLAIN

from .post_api import (
    PostAPIChatWrapper,
    PostAPIDALLEWrapper,
    PostAPIEmbeddingWrapper,
    PostAPIModelWrapperBase,
    PostAPIWrapper,
)
from .post_api_body import build_body

if TYPE_CHECKING:
    from modelhub.adapters.adapter import Adapter
    from modelhub.base import Authorization


class AdaptedWrapper(PostAPIModelWrapperBase):
    """A model behind a protocol of its own, which the config describes by the keys of ``modelhub.adapters``."""

    adapted_task: ClassVar[str] = "any"
    _adapter: Adapter  # compiled when the references of the config are resolved

    def __init__(
        self,
        *args: Any,
        request: dict[str, Any] | None = None,
        messages: dict[str, Any] | None = None,
        response: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
        stream: bool | Mapping[str, Any] = False,
        poll: dict[str, Any] | None = None,
        auth: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, stream=stream is True, **kwargs)
        self.request = request
        self.messages = messages
        self.response = response
        self.error = error
        shape = stream if isinstance(stream, Mapping) else self.stream_shape
        self.streaming = dict(shape) if shape is not None else None
        self.poll = poll
        self.auth = auth
        # A text is an expression if it begins with = as it is written, whatever its references stand for.
        self._written = {"request": request}

    @override
    def build_endpoint(self) -> Endpoint:
        from modelhub.adapters.adapter import Adapter  # only configs that describe a protocol need it

        endpoint = super().build_endpoint()
        given = {name: getattr(self, name) for name in ("request", "messages", "response", "error", "poll")}
        given["stream"] = self.streaming
        try:
            self._adapter = Adapter(self._written, given, endpoint.url, self.adapted_task)
        except ConfigError as error:
            raise ConfigError(f"config {self.config_name!r}: {error.problems[0].message}") from None
        return endpoint

    @override
    def build_authorization(self) -> Authorization | None:
        from modelhub.adapters.auth import compile_auth

        return compile_auth(self.auth, f"config {self.config_name!r}")

    @override
    def can_stream(self) -> bool:
        if self.streaming is not None:
            return True
        bound = self.bound  # with which the adapter is compiled
        return bound is not None and not self._adapter.finds_answer and super().can_stream()

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        from modelhub.adapters.document import Asked

        asked = Asked(
            input,
            options,
            stream,
            model_name=self.model_name,
            config_name=self.config_name,
            task=self.adapted_task,
        )
        built = self._adapter.request.build(asked, self.endpoint.headers, partial(self._build_body, stream))
        return Request(built.url, built.headers, built.body, method=built.method, stream=stream)

    def _build_body(self, stream: bool, input: Any, options: Mapping[str, Any]) -> dict[str, Any]:
        """The body of a config that says none."""
        told = {"stream": True} if stream else {}
        return build_body(self.messages_key, input, {**self.json_args, **options, **told})

    @override
    def exchange(self, input: Any, options: dict[str, Any]) -> Any:
        adapter = self._adapter
        if adapter.poll is None:
            return super().exchange(input, options)
        return adapter.poll.build_job(self.endpoint, adapter.decode, partial(self._parse_last, input), adapter.error)

    def _parse_last(self, input: Any, reply: Reply) -> ModelResponse:
        """The response in the last reply of a job that ``input`` was handed in for."""
        return self.parse_response(reply)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        adapter = self._adapter
        if adapter.finds_answer:
            response = adapter.parse_response(reply)
            response.origin = self.find_origin()
            return response
        error = adapter.find_error(reply)
        if error is not None:
            raise error
        return super().parse_response(reply)

    @override
    def parse_error(self, reply: Reply) -> ModelCallError:
        error = self._adapter.find_error(reply) if self._adapter.knows_errors else None
        return super().parse_error(reply) if error is None else error

    @override
    def build_decoder(self) -> EventDecoder:
        stream = self._adapter.stream
        return super().build_decoder() if stream is None else stream.build_decoder()

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        stream = self._adapter.stream
        return super().parse_event(event, so_far) if stream is None else stream.parse_event(event, so_far)

    @override
    def find_origin(self) -> Origin | None:
        return None if self._adapter.finds_answer else super().find_origin()


class AdaptedAnyWrapper(AdaptedWrapper, PostAPIWrapper):
    """Takes any input; ``input`` is what the caller passed."""


class AdaptedChatWrapper(AdaptedWrapper, PostAPIChatWrapper):
    """A chat behind a protocol of its own."""

    adapted_task = "chat"
    fitting = PLAIN

    @override
    def read(self, messages: Any) -> list[dict[str, Any]]:
        return ChatWrapper.read(self, messages)


class AdaptedEmbeddingWrapper(AdaptedWrapper, PostAPIEmbeddingWrapper):
    """Vectors behind a protocol of its own; ``input`` is the list of texts."""

    adapted_task = "embedding"

    @override
    def read(self, texts: Any) -> Any:
        read = super().read(texts)
        return [read] if isinstance(read, str) and self.request is not None else read

    @override
    def _parse_last(self, input: Any, reply: Reply) -> ModelResponse:
        inputs = self.split_input(input)
        return check_vectors(self.parse_response(reply), None if inputs is None else len(inputs), reply)


class AdaptedImageWrapper(AdaptedWrapper, PostAPIDALLEWrapper):
    """Images behind a protocol of its own; ``input`` is the prompt."""

    adapted_task = "image"


_ADAPTED: tuple[type[AdaptedWrapper], ...] = (
    AdaptedChatWrapper,
    AdaptedEmbeddingWrapper,
    AdaptedImageWrapper,
    AdaptedAnyWrapper,
)


@cache
def find_adapted(cls: Any) -> Any:
    """The class that does what ``cls`` does, behind a protocol that the config describes."""
    if issubclass(cls, AdaptedWrapper):
        return cls
    nearest = next(adapted for adapted in _ADAPTED if issubclass(cls, adapted.__bases__[1]))
    if cls is nearest.__bases__[1]:
        return nearest
    return type(cls.__name__, (nearest, cls), {"__module__": cls.__module__, "__doc__": cls.__doc__})
