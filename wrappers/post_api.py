"""Any HTTP API that takes JSON by POST; its replies may have the form of AgentScope, OpenAI or Hugging Face."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar, Self

from modelhub.base import (
    Accumulator,
    ChatWrapper,
    EmbeddingWrapper,
    Endpoint,
    Event,
    HTTPModelWrapperBase,
    ImageWrapper,
    ModelResponse,
    Reply,
    Request,
    RetryPolicy,
    add_query,
    build_error,
    find_request_id,
    override,
    raise_for_failure,
    read_prompt,
    read_texts,
)
from modelhub.errors import BadRequestError, ModelCallError, ResponseParsingError
from modelhub.fitting import VendorRules
from modelhub.messages import OwnParts

from .openai_dialect import DIALECT
from .openai_reply import parse_chunk, parse_images, parse_usage, parse_vectors
from .post_api_body import build_body, is_structure, name_input
from .post_api_reply import open_envelope, parse_bare_vectors, parse_known_shape

_DESCRIBING = frozenset({"request", "messages", "response", "error", "poll", "auth"})
_LAST_WORDS = re.compile(r"\n(?=[A-Za-z][\w.]*(?:: |$))")  # the exception, after the indented lines that led to it


class PostAPIModelWrapperBase(HTTPModelWrapperBase):
    """Posts ``{messages_key: input, **json_args}`` to ``api_url``; the JSON of the reply is in ``raw``.

    With the ``messages_key`` ``a.b``, the input is under the key ``b`` of the object ``a``.
    """

    stream_shape: ClassVar[Mapping[str, Any] | None] = None  # how streams are read where a config says only whether

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """A model whose config describes a protocol of its own is one of ``adapted``."""
        streamed = kwargs.get("stream") if cls.stream_shape is None else cls.stream_shape
        if _DESCRIBING.isdisjoint(kwargs) and not isinstance(streamed, Mapping):
            return super().__new__(cls, *args, **kwargs)
        adapted: Any = import_module("modelhub.wrappers.adapted").find_adapted(cls)  # it extends what stands here
        model: Self = super().__new__(adapted, *args, **kwargs)
        return model

    def __init__(
        self,
        config_name: str | None = None,
        api_url: str = "",
        model_name: str | None = None,
        headers: dict[str, str] | None = None,
        max_length: int = 2048,
        timeout: float | None = None,
        json_args: dict[str, Any] | None = None,
        post_args: dict[str, Any] | None = None,
        max_retries: int = 3,
        messages_key: str = "messages",
        retry_interval: float = 1.0,
        **kwargs: Any,
    ) -> None:
        json_args = dict(json_args or {})
        post_args = dict(post_args or {})
        model_name = model_name or json_args.get("model") or json_args.get("model_name")
        headers = {**(headers or {}), **post_args.pop("headers", {})}
        timeout = timeout or post_args.pop("timeout", None)
        super().__init__(config_name, model_name, headers=headers, timeout=timeout, **kwargs)
        self.api_url = api_url
        self.max_length = max_length
        self.json_args = json_args
        self.post_args = post_args
        self.max_retries = max_retries
        self.messages_key = messages_key
        self.retry_interval = retry_interval

    __new__.__wrapped__ = __init__  # type: ignore[attr-defined]  # whose parameters are those of the class

    @override
    def bind(self, *args: Any, **options: Any) -> tuple[Any, dict[str, Any]]:
        """The input, which may be given by AgentScope's name ``input_`` or as the task calls it, and the options."""
        return super().bind(*name_input(args, options), **options)

    @override
    def build_endpoint(self) -> Endpoint:
        url = self.api_url
        unknown = sorted(self.post_args.keys() - {"headers", "timeout", "params"})
        if unknown:
            raise BadRequestError(f"post_args.{unknown[0]} is not supported; use headers, timeout or params")
        url = add_query(url, self.post_args.get("params"))
        key = {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        return Endpoint(url, self.build_headers(key))

    @override
    def build_retry_policy(self) -> RetryPolicy:
        if self.retry or self.client_args.get("max_retries") is not None:
            return super().build_retry_policy()
        # AgentScope's max_retries counts the tries, the first among them.
        return RetryPolicy(max_attempts=max(1, self.max_retries), initial=self.retry_interval)

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        return self.build_post(build_body(self.messages_key, input, {**self.json_args, **options}), stream)

    @override
    def parse_error(self, reply: Reply) -> ModelCallError:
        if reply.body.startswith(b"Traceback (most recent call last):"):  # ModelScope's server: only its end says why
            words = _LAST_WORDS.split(reply.body.decode("utf-8", "replace").strip())[-1]
            return build_error(reply.status, " ".join(words.split())[:300], headers=reply.headers)
        return super().parse_error(reply)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = reply.json()
        if isinstance(data, dict):
            raise_for_failure(data, reply)
            raise_for_failure(open_envelope(data), reply)
        response = self._parse_response(data)
        response.origin = self.find_origin()
        if response.raw is None:
            response.raw = data
        if response.request_id is None:
            response.request_id = find_request_id(reply.headers)
        return response

    def _parse_response(self, response: Any) -> ModelResponse:
        """The response in a decoded reply; AgentScope's subclasses override this method."""
        return ModelResponse(raw=response)


class PostAPIWrapper(PostAPIModelWrapperBase):
    """Takes any input, and any JSON as reply; the response has a ``text`` if the form of the reply is known."""

    model_type = "post_api"

    @override
    def _parse_response(self, response: Any) -> ModelResponse:
        return parse_known_shape(response) or ModelResponse(raw=response)


class PostAPIChatWrapper(PostAPIModelWrapperBase, ChatWrapper):
    """A chat by POST; a stream must have the form of OpenAI's chunks."""

    model_type = "post_api_chat"
    formatters = ("openai", "gemini", "common")
    fitting: ClassVar[VendorRules | None] = None  # what the service takes is the service's own affair
    answer_dialect = DIALECT
    own_parts: ClassVar[OwnParts] = {"": "", "refusal": "refusal", "thinking": "thinking", "audio_url": "audio_url"}

    @override
    def read(self, messages: Any) -> list[dict[str, Any]]:
        turns = messages if isinstance(messages, list) else ()
        if turns and all(isinstance(turn, dict) and "parts" in turn for turn in turns):
            return list(turns)  # Gemini's own, for a service that takes them
        return super().read(messages)

    @override
    def format(self, *msgs: Any, multi_agent_mode: bool = True) -> list[dict[str, Any]]:
        # Only a formatter that the config names knows what a service with turns looks like; AgentScope's have none.
        return super().format(*msgs, multi_agent_mode=multi_agent_mode or not self.formatter)

    @override
    def name_formatted_model(self) -> str:
        return str(self.json_args.get("model") or self.json_args.get("model_name") or "")

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        if stream:
            options["stream"] = True
        return super().build_request(input, options, stream)

    @override
    def _parse_response(self, response: Any) -> ModelResponse:
        parsed = parse_known_shape(response)
        if parsed is None:
            if isinstance(response, dict):
                raise_for_failure(response, Reply(200, {}), answered=False)
            raise ResponseParsingError(
                "the reply has none of the known shapes (choices, data.response.choices, generated_text); "
                "subclass PostAPIChatWrapper and override _parse_response"
            )
        return parsed

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        return parse_chunk(event, so_far)


class PostAPIDALLEWrapper(PostAPIModelWrapperBase, ImageWrapper):
    """Images by POST; the reply has them at ``data.response.data`` or, as with OpenAI, at ``data``."""

    model_type = "post_api_dall_e"

    @override
    def read(self, prompt: Any) -> Any:
        return prompt if is_structure(prompt) else read_prompt(prompt)

    @override
    def _parse_response(self, response: Any) -> ModelResponse:
        inner = open_envelope(response)
        if not isinstance(inner, dict) or not isinstance(inner.get("data"), list):
            raise ResponseParsingError("the reply has none of the known shapes (data.response.data, data)")
        return ModelResponse(image_urls=parse_images(inner), raw=response, usage=parse_usage(inner.get("usage")))


class PostAPIEmbeddingWrapper(PostAPIModelWrapperBase, EmbeddingWrapper):
    """Vectors by POST; the reply has the form of AgentScope, OpenAI or ModelScope, or is only lists of numbers.

    Hugging Face's feature extraction has one vector for each token of a text; ``pooling`` makes one vector of them:
    their "mean", or the "first".
    """

    model_type = "post_api_embedding"

    def __init__(self, *args: Any, pooling: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pooling = pooling

    @override
    def read(self, texts: Any) -> Any:
        return texts if isinstance(texts, Mapping) else read_texts(texts, empty=True, other=is_structure)

    @override
    def split_input(self, input: Any) -> list[Any] | None:
        if isinstance(input, list) and isinstance(input[0], int):  # tokens, of one text or of many
            return None
        if self.messages_key.partition(".")[0] in self.json_args:  # what stands beside the texts may get vectors, too
            return None
        return super().split_input(input)

    @override
    def _parse_response(self, response: Any) -> ModelResponse:
        rows = response.get("text_embedding") if isinstance(response, dict) else response
        if isinstance(rows, list) and rows:
            return ModelResponse(embedding=parse_bare_vectors(rows, self.pooling), raw=response)
        inner = open_envelope(response)
        if not isinstance(inner, dict) or not isinstance(inner.get("data"), list):
            raise ResponseParsingError(
                "the reply has none of the known shapes (data.response.data, data, text_embedding, bare lists)"
            )
        return ModelResponse(
            embedding=parse_vectors(inner["data"]),
            raw=response,
            usage=parse_usage(inner.get("usage")),
            model=inner.get("model"),
        )
