"""OpenAI's API and everything that speaks it: https://platform.openai.com/docs/api-reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from modelhub.base import (
    Accumulator,
    ChatWrapper,
    Dialect,
    EmbeddingWrapper,
    Endpoint,
    Event,
    HTTPModelWrapperBase,
    ImageWrapper,
    ModelResponse,
    Reply,
    Request,
    add_query,
    find_request_id,
    normalize_prompt,
    normalize_texts,
    override,
    raise_for_failure,
)
from modelhub.errors import AuthenticationError, BadRequestError
from modelhub.messages import tool_choice_name
from modelhub.secrets import read_variable

from .openai_messages import fit_messages, is_mistral, wants_signatures, wants_thoughts
from .openai_reply import parse_chunk as parse_chunk
from .openai_reply import parse_completion as parse_completion
from .openai_reply import parse_images, parse_usage, parse_vectors
from .openai_turn import DIALECT

if TYPE_CHECKING:
    from modelhub.vendors import Vendor


class OpenAIEndpoint(HTTPModelWrapperBase):
    """Where the models of this vendor are, and with which key; ``vendor`` names another one that has the same API."""

    vendor: str | None = None
    base_url = "https://api.openai.com/v1"
    base_url_variable = "OPENAI_BASE_URL"
    key_variable = "OPENAI_API_KEY"
    path = ""

    def __init__(self, *args: Any, organization: str | None = None, vendor: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.organization = organization
        self.vendor = vendor

    def find_other(self) -> Vendor | None:
        """The vendor that the config names, when that is another one than this class's own."""
        if not self.vendor or self.vendor == "openai":
            return None
        from modelhub.vendors import find_compatible

        return find_compatible(self.vendor, where=f"config {self.config_name!r}")

    @override
    def build_endpoint(self) -> Endpoint:
        args, other = self.client_args, self.find_other()
        base_url = args.get("base_url") or (None if other else self.find_variable(self.base_url_variable))
        variables = other.key_variables if other else (self.key_variable,)
        key = self.api_key or next(filter(None, map(self.find_variable, variables)), None)
        if not key and not base_url and not (other and other.key_optional):
            raise AuthenticationError(
                f"there is no API key: set api_key in the config or {variables[0]} in the environment"
            )
        base_url = base_url or (other and other.openai_base_url) or self.base_url
        url = add_query(base_url.rstrip("/") + self.path, args.get("default_query"))
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return Endpoint(
            url, self.build_headers({**headers, **self.build_account_headers(), **args.get("default_headers", {})})
        )

    def build_account_headers(self) -> dict[str, str]:
        """Who is billed; nobody but OpenAI is told."""
        if self.find_other():
            return {}
        args = self.client_args
        organization = self.organization or args.get("organization") or read_variable("OPENAI_ORG_ID")
        project = args.get("project") or read_variable("OPENAI_PROJECT_ID")
        told = {"OpenAI-Organization": organization, "OpenAI-Project": project}
        return {name: value for name, value in told.items() if value}

    def find_variable(self, name: str) -> str | None:
        """An environment variable of the vendor."""
        return read_variable(name)

    def build_call(self, body: dict[str, Any], stream: bool = False) -> Request:
        """A POST of ``body``, less the SDK's ``extra_headers``, ``extra_query`` and ``extra_body``, put in place."""
        headers, query = body.pop("extra_headers", None), body.pop("extra_query", None)
        body.update(body.pop("extra_body", None) or {})
        return self.build_post(body, stream, headers=headers, query=query)


class OpenAIChatWrapper(OpenAIEndpoint, ChatWrapper):
    """Chat completions: https://platform.openai.com/docs/api-reference/chat."""

    model_type = "openai_chat"
    formatters: ClassVar[tuple[str, ...]] = ("openai", "common")
    path = "/chat/completions"
    answer_dialect: ClassVar[Dialect | None] = DIALECT
    asks_usage = True  # whether a stream tells its usage only when asked

    def __init__(self, *args: Any, use_openai_formatter: bool | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if use_openai_formatter and not self.formatter:
            self.formatter = "openai"

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        body = {"model": self.model_name, "messages": self.fit(input), **options}
        if "tool_choice" in body:
            name = tool_choice_name(body["tool_choice"])
            if isinstance(body["tool_choice"], str) and name is not None:
                body["tool_choice"] = {"type": "function", "function": {"name": name}}
        other = self.find_other()
        if other:
            fit_options(body, other)
        if stream:
            body["stream"] = True
            if self.asks_usage and not (other and "stream_options" in other.lacks):
                body.setdefault("stream_options", {"include_usage": True})
            if body.get("stream_options") == {}:  # for servers that refuse the key
                del body["stream_options"]
        return self.build_call(body, stream)

    def fit(self, messages: Any) -> Any:
        """``messages`` as this vendor takes them, where earlier answers are another vendor's."""
        if not any(message["role"] == "assistant" for message in messages):
            return messages
        url = self.endpoint.url
        known = self.find_other() is not None or url.startswith(OpenAIChatWrapper.base_url)
        mistral = is_mistral(self.vendor, url, self.model_name)
        thoughts = wants_thoughts(self.vendor, url)
        return fit_messages(messages, mistral, known, thoughts, wants_signatures(self.vendor, url, self.model_name))

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        response = parse_completion(reply.json(), reply, self.error_codes)
        response.request_id = find_request_id(reply.headers)
        response.origin = self.find_origin()
        return response

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        return parse_chunk(event, so_far, self.error_codes)


class OpenAIEmbeddingWrapper(OpenAIEndpoint, EmbeddingWrapper):
    """Embeddings: https://platform.openai.com/docs/api-reference/embeddings."""

    model_type = "openai_embedding"
    path = "/embeddings"
    batch_size: int | None = 2048  # texts in a request
    packed = True  # asks for base64, as the vendor's SDK does: a quarter of the bytes and much less to parse

    @override
    def find_batch_size(self) -> int | None:
        other = self.find_other()
        return other.batch_size if other and other.batch_size else self.batch_size

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        texts = normalize_texts(input)
        body = {"model": self.model_name, "input": input if isinstance(input, str) else texts, **options}
        if self.packed and not self.find_other():  # few others pack
            body.setdefault("encoding_format", "base64")
        return self.build_call(body)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = reply.json()
        raise_for_failure(data, reply, self.error_codes)
        return ModelResponse(
            embedding=parse_vectors(data["data"]),
            raw=data,
            usage=parse_usage(data.get("usage")),
            request_id=find_request_id(reply.headers),
            model=data.get("model"),
        )


class OpenAIDALLEWrapper(OpenAIEndpoint, ImageWrapper):
    """Images: https://platform.openai.com/docs/api-reference/images."""

    model_type = "openai_dall_e"
    path = "/images/generations"

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        refuse_image_options(options)
        return self.build_call({"model": self.model_name, "prompt": normalize_prompt(input), **options})

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = reply.json()
        raise_for_failure(data, reply, self.error_codes)
        return ModelResponse(
            image_urls=parse_images(data),
            raw=data,
            usage=parse_usage(data.get("usage")),
            request_id=find_request_id(reply.headers),
        )


def fit_options(body: dict[str, Any], vendor: Vendor) -> None:
    """Call the options of a chat as ``vendor`` does; raises BadRequestError for what it does not have."""
    for name, theirs in vendor.renames.items():
        if name in body:
            body[theirs] = body.pop(name)
    if "tools" in vendor.lacks:
        refuse(body, "tools", vendor=vendor.title)
    wanted = body.get("response_format")
    if "json_schema" in vendor.lacks and isinstance(wanted, dict) and wanted.get("type") == "json_schema":
        raise BadRequestError(
            f"{vendor.title} has no response_format json_schema: use json_object and tell the model the keys"
        )


def refuse(options: dict[str, Any], *names: str, vendor: str) -> None:
    """Raise BadRequestError for an option that ``vendor`` does not have, rather than drop it silently."""
    for name in names:
        if options.get(name) is not None:
            raise BadRequestError(f"{vendor} has no option {name!r}")


def refuse_image_options(options: dict[str, Any]) -> None:
    """Raise BadRequestError for what only other ways of drawing have; AgentScope's configs say no to it explicitly."""
    for name in ("stream", "partial_images", "save_local"):
        if options.pop(name, None):
            raise BadRequestError(f"images come whole and are not saved: the option {name!r} is not supported")
