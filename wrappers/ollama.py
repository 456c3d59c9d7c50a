"""Ollama's own API: https://github.com/ollama/ollama/blob/main/docs/api.md."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any, ClassVar

from modelhub.base import (
    Accumulator,
    ChatWrapper,
    Dialect,
    EmbeddingWrapper,
    Endpoint,
    Event,
    FittedWrapper,
    HTTPModelWrapperBase,
    LineDecoder,
    ModelResponse,
    Origin,
    Reply,
    Request,
    add_path,
    build_origin,
    find_request_id,
    override,
    read_prompt,
    read_texts,
    said,
)
from modelhub.errors import BadRequestError, ModelCallError
from modelhub.fitting import OLLAMA
from modelhub.secrets import read_variable

from .ollama_reply import parse_answer, parse_delta, parse_usage, read_body
from .ollama_request import DIALECT, TAKES, build_images, build_messages, build_options, parse_host
from .openai import refuse
from .openai_answer import build_image_uri

# An option of the wrong type is answered with 500, as if trying again could help (`Options.FromMap` words it):
# https://github.com/ollama/ollama/blob/main/api/types.go
_WRONG_OPTION = re.compile(r'option "\w+" must be of type')


class OllamaEndpoint(HTTPModelWrapperBase):
    """What Ollama's endpoints share; ``host`` may have any form that ``OLLAMA_HOST`` may have.

    ``top_level`` are the keys that are beside ``options`` in a request; all other keys are put into ``options``.
    """

    decoder = LineDecoder
    path = ""
    top_level: ClassVar[Collection[str]] = ("format", "think", "keep_alive", "logprobs", "top_logprobs")

    def __init__(
        self,
        *args: Any,
        host: str | None = None,
        options: dict[str, Any] | None = None,
        keep_alive: str | float | None = None,
        think: bool | str | None = None,
        format: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.host = host
        self.options = dict(options or {})
        self.keep_alive = keep_alive
        self.think = think
        self.output_format = format

    @override
    def build_endpoint(self) -> Endpoint:
        host = self.host or self.client_args.get("base_url") or read_variable("OLLAMA_HOST")
        key = self.api_key or read_variable("OLLAMA_API_KEY")
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return Endpoint(add_path(parse_host(host), self.path), self.build_headers(headers))

    def build_body(self, body: dict[str, Any], options: dict[str, Any]) -> dict[str, Any]:
        """``body`` with the options of the config and of the call, each at its place for Ollama."""
        for name, value in (("keep_alive", self.keep_alive), ("think", self.think), ("format", self.output_format)):
            if value is not None:
                body[name] = value
        return {**body, **build_options(options, self.top_level, self.options)}

    @override
    def parse_error(self, reply: Reply) -> ModelCallError:
        error = super().parse_error(reply)
        if reply.status == 500 and _WRONG_OPTION.match(error.message):
            return BadRequestError(error.message, status=reply.status)
        return error


class OllamaChatWrapper(OllamaEndpoint, ChatWrapper):
    """``/api/chat``: answers messages."""

    model_type = "ollama_chat"
    path = "/api/chat"
    fitting = OLLAMA
    answer_dialect = DIALECT
    media = TAKES
    top_level = (*OllamaEndpoint.top_level, "tools")

    @override
    def build_origin(self, dialect: Dialect) -> Origin:
        return build_origin(dialect, "", "")  # every server knows the thinking of every model

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        refuse(options, "system", vendor="Ollama's /api/chat")
        # `stream` is said either way: the server streams unless told not to.
        body = {"model": self.model_name, "messages": build_messages(input), "stream": stream}
        return self.build_post(self.build_body(body, options), stream)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = read_body(reply.json(), reply, "message")
        response = parse_answer(data, data["message"], reply)
        response.origin = self.find_origin()
        return response

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        data = read_body(event.data, Reply(200, {}), "message")
        if "message" not in data and ("response" in data or not data.get("done")):
            raise KeyError("message")
        return parse_delta(data, data.get("message") or {}, so_far)


class OllamaGenerationWrapper(OllamaEndpoint, FittedWrapper):
    """``/api/generate``: continues a prompt; with ``suffix``, it writes the text between prompt and suffix."""

    model_type = "ollama_generate"
    path = "/api/generate"
    fitting = OLLAMA
    top_level = (
        *OllamaEndpoint.top_level,
        *("suffix", "system", "template", "context", "raw", "images", "width", "height", "steps"),
    )

    @override
    def bind(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, prompt: Any, stream: bool | None = None, **options: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The prompt to continue, which may be empty to load the model, and the options."""
        return read_prompt(prompt, empty=True, chat="ollama_chat"), {"stream": stream, **options}

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        refuse(options, "tools", "tool_choice", vendor="Ollama's /api/generate")
        if options.get("images"):
            options["images"] = build_images(options["images"])
        body = {"model": self.model_name, "prompt": input, "stream": stream}
        return self.build_post(self.build_body(body, options), stream)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = read_body(reply.json(), reply, "response")
        response = parse_answer(data, {"content": data["response"], "thinking": data.get("thinking")}, reply)
        if said(data.get("image")):
            response.image_urls = [build_image_uri(data["image"], "png")]
        return response

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        data = read_body(event.data, Reply(200, {}), "response")
        return parse_delta(data, {"content": data.get("response"), "thinking": data.get("thinking")}, so_far)


class OllamaEmbeddingWrapper(OllamaEndpoint, EmbeddingWrapper):
    """``/api/embed``: a vector for each text."""

    model_type = "ollama_embedding"
    path = "/api/embed"
    top_level = ("truncate", "dimensions", "keep_alive")

    @override
    def bind(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, prompt: Any = None, *, texts: Any = None, **options: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The texts, which AgentScope calls the prompt."""
        return super().bind(prompt if texts is None else texts, **options)

    @override
    def read(self, texts: Any) -> Any:
        return read_texts(texts, tokens="Ollama takes no tokens", empty=True)

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        body = {"model": self.model_name, "input": input or [input]}  # a text that is empty counts in a list alone
        return self.build_post(self.build_body(body, options))

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = read_body(reply.json(), reply, "embeddings")
        return ModelResponse(
            embedding=data["embeddings"],
            raw=data,
            usage=parse_usage(data),
            request_id=find_request_id(reply.headers),
            model=data.get("model"),
        )
