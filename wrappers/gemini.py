"""Google's Gemini Developer API: https://ai.google.dev/api."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from modelhub.base import (
    Accumulator,
    ChatWrapper,
    Dialect,
    EmbeddingWrapper,
    Endpoint,
    Event,
    HTTPModelWrapperBase,
    ModelResponse,
    Origin,
    Reply,
    Request,
    Timeouts,
    add_path,
    add_query,
    build_origin,
    build_timeouts,
    encode_json,
    find_failure,
    find_request_id,
    override,
    parse_error_body,
    read_texts,
)
from modelhub.errors import AuthenticationError, BadRequestError, ModelCallError
from modelhub.fitting import GEMINI
from modelhub.media import Load
from modelhub.messages import OwnParts
from modelhub.secrets import read_variable

from .gemini_contents import TAKES, adopt_contents, build_parts, is_empty, load_own, sign_calls
from .gemini_reply import find_continuation, parse_chunk, parse_failure, parse_replies, parse_usage
from .gemini_request import build_body, to_camel
from .gemini_turn import DIALECT

MAX_BATCH = 100  # texts that one request may hold: https://ai.google.dev/gemini-api/docs/embeddings
_MAX_REPLIES = 50  # that continue each other
_SIGNING = re.compile(r"gemini-(?:[3-9]|\d\d)")  # models that want each call signed


class GeminiEndpoint(HTTPModelWrapperBase):
    """Address, key and errors, the same for all of Gemini's methods."""

    @override
    def build_endpoint(self) -> Endpoint:
        sdk = self.client_args.get("http_options") or {}  # where Google's own client has these
        args = {**sdk, **self.client_args}
        if args.get("vertexai"):
            raise BadRequestError("client_args.vertexai is not possible: this is the Gemini Developer API alone")
        base_url = args.get("base_url") or read_variable("GOOGLE_GEMINI_BASE_URL")
        key = self.api_key or read_variable("GOOGLE_API_KEY") or read_variable("GEMINI_API_KEY")
        if not key and not base_url:
            raise AuthenticationError(
                "there is no API key: set api_key in the config or GOOGLE_API_KEY or GEMINI_API_KEY in the environment"
            )
        version = args.get("api_version") or read_variable("GOOGLE_GENAI_API_VERSION") or "v1"
        version = {"alpha": "v1alpha", "beta": "v1beta"}.get(version, version)
        base_url = base_url or "https://generativelanguage.googleapis.com"
        headers = {**({"x-goog-api-key": key} if key else {}), **(args.get("headers") or {})}
        return Endpoint(add_path(base_url, f"/{version}/{quote(self.model_path)}"), self.build_headers(headers))

    @override
    def build_timeouts(self) -> Timeouts:
        sdk = self.client_args.get("http_options") or {}
        if sdk.get("timeout") and not (self.timeout or self.client_args.get("timeout")):
            return build_timeouts(sdk["timeout"] / 1000, self.default_timeout)  # it counts milliseconds
        return super().build_timeouts()

    @property
    def model_path(self) -> str:
        """The model as paths and bodies name it: ``models/...``, unless its name says ``tunedModels/...``."""
        name: str = self.model_name
        return name if name.startswith(("models/", "tunedModels/")) else f"models/{name}"

    def build_call(self, method: str, body: Any, stream: bool = False) -> Request:
        """A POST of ``body`` to one of the model's methods."""
        endpoint = self.endpoint
        url = add_query(add_path(endpoint.url, f":{method}"), {"alt": "sse"} if stream else None)
        return Request(url, endpoint.headers, encode_json(body), stream=stream)

    @override
    def parse_error(self, reply: Reply) -> ModelCallError:
        try:
            body = reply.json()
        except ValueError:
            return parse_error_body(reply)
        return parse_failure(reply.status, body, reply.headers)


class GeminiChatWrapper(GeminiEndpoint, ChatWrapper):
    """``generateContent``: https://ai.google.dev/api/generate-content.

    Contents in Gemini's own form may be passed as messages or among messages. The ``id`` of a tool call holds the
    thought signature that must be sent back with it; see ``SignedId``.
    """

    model_type = "gemini_chat"
    formatters = ("gemini",)
    fitting = GEMINI
    answer_dialect = DIALECT
    media = TAKES
    own_parts: ClassVar[OwnParts] = {"": ""}

    @override
    def bind(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, messages: Any = None, *args: Any, contents: Any = None, **options: Any
    ) -> tuple[Any, dict[str, Any]]:
        """Contents may be called so, as AgentScope does."""
        return super().bind(messages if contents is None else contents, *args, **options)

    @override
    def merge(self, options: dict[str, Any]) -> dict[str, Any]:
        """The SDK's calls have all options in ``config``."""
        config = options.get("config") or self.generate_args.get("config")
        if config is not None and not isinstance(config, Mapping):
            raise BadRequestError(f"config must be a dict, not {type(config).__name__}")
        return super().merge({**config, **self.generate_args, **options, "config": None} if config else options)

    @override
    def read(self, messages: Any) -> list[dict[str, Any]]:
        return super().read(adopt_contents(messages))

    @override
    def load_own_part(self, part: dict[str, Any], load: Load) -> dict[str, Any]:
        return load_own(part, load)

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        method = "streamGenerateContent" if stream else "generateContent"
        return self.build_call(method, self.build_body(input, options), stream)

    def build_body(self, messages: Any, options: dict[str, Any]) -> dict[str, Any]:
        """The body of a request that generates."""
        body = build_body(messages, options)
        if _SIGNING.search(self.model_name):
            sign_calls(body["contents"])
        return body

    @override
    def exchange(self, input: Any, options: dict[str, Any]) -> Generator[Request, Reply, ModelResponse]:
        """Send one request, and more until the model says that it has finished."""
        body = self.build_body(input, options)
        replies: list[Any] = []
        while True:
            reply = yield self.build_call("generateContent", body)
            replies.append(reply.json())
            token = find_continuation(replies[-1])
            if token is None or len(replies) == _MAX_REPLIES:
                return self.parse_whole(replies, reply)
            body["continuationToken"] = token

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        return self.parse_whole([reply.json()], reply)

    def parse_whole(self, replies: list[Any], last: Reply) -> ModelResponse:
        """The response of replies that continue each other."""
        response = parse_replies(replies, last)
        response.origin = self.find_origin()
        return response

    @override
    def build_origin(self, dialect: Dialect) -> Origin:
        return build_origin(dialect, "", "")  # the signatures are good wherever Gemini is served

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        return parse_chunk(event.data, so_far)

    @override
    def build_count_request(self, messages: list[dict[str, Any]], options: dict[str, Any]) -> Request:
        body = build_body(messages, options)
        if body.keys() - {"contents", "generationConfig"}:  # what else is part of the prompt must be told in full
            body = {"generateContentRequest": {"model": self.model_path, **body}}
        else:
            body = {"contents": body["contents"]}
        return self.build_call("countTokens", body)

    @override
    def parse_count(self, reply: Reply) -> int:
        return int(reply.json()["totalTokens"])


class GeminiEmbeddingWrapper(GeminiEndpoint, EmbeddingWrapper):
    """``batchEmbedContents``: https://ai.google.dev/api/embeddings; a long list takes several requests."""

    model_type = "gemini_embedding"

    @override
    def bind(  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        self, texts: Any = None, *args: Any, content: Any = None, **options: Any
    ) -> tuple[Any, dict[str, Any]]:
        """The texts may be called content, as AgentScope does, and a task type and a title follow them."""
        return super().bind(texts if content is None else content, **name_arguments(args), **options)

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        own = {
            "outputDimensionality" if name == "dimensions" else to_camel(name): value for name, value in options.items()
        }
        requests = [
            {"model": self.model_path, "content": {"role": "user", "parts": build_parts(parts)}, **own}
            for parts in self.split_input(input)
        ]
        return self.build_call("batchEmbedContents", {"requests": requests})

    @override
    def find_batch_size(self) -> int | None:
        return MAX_BATCH

    @override
    def read(self, texts: Any) -> Any:
        read = read_texts(texts, tokens="Gemini takes no tokens", other=is_content)
        for n, content in enumerate(read if isinstance(read, list) else ()):
            if not isinstance(content, str):
                check_content(content, f"texts[{n}]")
        return read

    @override
    def split_input(self, input: Any) -> list[Any]:
        return [input] if isinstance(input, str) else input

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = reply.json()
        if isinstance(data, dict) and find_failure(data, answered="embeddings" in data) is not None:
            raise parse_failure(None, data, reply.headers)
        return ModelResponse(
            embedding=[row["values"] for row in data["embeddings"]],
            raw=data,
            usage=parse_usage(data),
            request_id=find_request_id(reply.headers),
        )


def is_content(value: Any) -> bool:
    """Whether ``value`` is a content of several parts, which gets one vector."""
    return isinstance(value, Mapping) and "parts" in value


def check_content(content: Mapping[str, Any], place: str) -> None:
    """Raise BadRequestError for a content that Gemini cannot take; ``place`` is where it is."""
    try:
        parts = build_parts(content)
    except BadRequestError as error:
        raise BadRequestError(f"{place}: {error.message}") from None
    if all(is_empty(part) for part in parts):
        raise BadRequestError(f"{place} is empty: none of its parts says anything")


def name_arguments(args: tuple[Any, ...]) -> dict[str, Any]:
    """The positional arguments of AgentScope's calls, as options."""
    return dict(zip(("task_type", "title"), args, strict=False))
