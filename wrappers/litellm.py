"""All vendors that LiteLLM knows, through its library or its proxy: https://docs.litellm.ai/docs/providers."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from functools import partial
from importlib import import_module
from typing import Any

from modelhub import errors
from modelhub.base import (
    Accumulator,
    Endpoint,
    Event,
    LibraryCall,
    ModelResponse,
    Origin,
    Reply,
    decode_json,
    error_from_json,
    find_request_id,
    override,
)
from modelhub.errors import ModelCallError, ModelHubError, PluginError
from modelhub.secrets import is_secret_name, scrub

from .openai import OpenAIChatWrapper
from .openai_media import LITELLM
from .openai_reply import parse_chunk, parse_completion

LIBRARY = "litellm"


class LiteLLMChatWrapper(OpenAIChatWrapper):
    """A model named ``provider/model``; the library calls it in this process or, with a ``base_url``, a proxy does."""

    model_type = "litellm_chat"
    formatters = ("common",)
    key_variable = "LITELLM_PROXY_API_KEY"
    media = LITELLM

    def __init__(self, *args: Any, api_base: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.api_base = api_base
        self._library: Any = None

    @property
    def proxied(self) -> bool:
        """Whether calls go to a LiteLLM proxy and not to the library."""
        return bool(self.client_args.get("base_url"))

    @override
    def build_endpoint(self) -> Endpoint:
        return super().build_endpoint() if self.proxied else Endpoint("", self.headers)

    @override
    def build_account_headers(self) -> dict[str, str]:
        return {}

    @override
    def check_options(self, options: Mapping[str, Any]) -> None:
        if self.proxied:  # the library takes a key or a timeout of its own for each call
            super().check_options(options)

    @override
    def build_library_call(self, input: Any, options: dict[str, Any], stream: bool) -> LibraryCall | None:
        if self.proxied:
            return None
        if stream:
            options = {"stream_options": {"include_usage": True}, **options, "stream": True}
        kwargs = self.build_arguments(input, options)

        return LibraryCall(
            lambda: self._library.completion(**kwargs),
            lambda: self._library.acompletion(**kwargs),
            load=self._load if self._library is None else None,
            stream=stream,
            parse=partial(parse_answer, origin=self.find_origin()),
            parse_chunk=parse_piece,
            parse_failure=lambda causes: parse_failure(causes, kwargs),
        )

    def _load(self) -> None:
        self._library = load_library(self.config_name)

    def build_arguments(self, messages: Any, options: dict[str, Any]) -> dict[str, Any]:
        """What the library is called with; its own retries are off, since the config's policy counts."""
        arguments = {"max_retries": 0, "timeout": self.timeouts.idle, **options}
        arguments.update(model=self.model_name, messages=self.fit(messages))
        headers = [self.headers, arguments.pop("headers", None), arguments.get("extra_headers")]
        if any(headers):
            arguments["extra_headers"] = {name: value for each in headers for name, value in (each or {}).items()}
        for name, value in (("api_key", self.api_key), ("api_base", self.api_base)):
            if value:
                arguments.setdefault(name, value)
        return arguments


def load_library(config_name: str) -> Any:
    """The library, kept from sending requests while it is imported; raises PluginError if it is not installed."""
    os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
    quiet = LIBRARY not in sys.modules
    try:
        litellm: Any = import_module(LIBRARY)
    except ImportError as error:
        how = "pip install litellm, or set client_args.base_url to use a LiteLLM proxy"
        raise PluginError(f"config {config_name!r} (litellm_chat) needs the library litellm: {how} ({error})") from None
    if quiet:  # else the program uses the library itself and may want what it prints
        litellm.suppress_debug_info = True
    return litellm


def parse_piece(chunk: Any, so_far: Accumulator) -> ModelResponse | None:
    """The delta of one chunk of a stream, which has OpenAI's shape."""
    return parse_chunk(Event(chunk.model_dump(warnings=False)), so_far)


def parse_answer(answer: Any, origin: Origin | None = None) -> ModelResponse:
    """The response for the object that the library returned, which has OpenAI's form."""
    response = parse_completion(answer.model_dump(warnings=False), Reply(200, {}))
    response.origin = origin
    response.request_id = find_request_id(getattr(answer, "_response_headers", None) or {})
    return response


# What the names of the library's exceptions say beyond their status.
_BY_NAME: dict[str, type[ModelCallError]] = {
    "ContextWindowExceededError": errors.ContextLengthError,
    "ContentPolicyViolationError": errors.ContentFilterError,
    "PaymentRequiredError": errors.QuotaExceededError,
    "BudgetExceededError": errors.QuotaExceededError,
    "JSONSchemaValidationError": errors.ResponseParsingError,
}
# What httpx, aiohttp and Python call a connection that failed; the library makes errors of the server of them.
_UNCONNECTED = {"ConnectError", "ConnectTimeout", "ClientConnectorError", "ConnectionTimeoutError"}
_SILENT = {"TimeoutException", "TimeoutError"}
_BROKEN = {"TransportError", "ClientConnectionError", "ClientPayloadError", "ConnectionError"}
_PREFIX = re.compile(r"^(?:litellm\.\w+: |\w+(?:Error|Exception)(?:: | - ))+")


def parse_failure(causes: list[BaseException], arguments: dict[str, Any]) -> ModelHubError:
    """The error to raise for an exception of the library with these causes; keys are removed from its message."""
    missing = next((cause for cause in causes if isinstance(cause, ModuleNotFoundError)), None)
    if missing is not None:
        return PluginError(f"litellm needs a module that is not installed: pip install {missing.name} ({missing})")
    failure = build_failure(causes)
    named = {**os.environ, **arguments}.items()  # the library finds most keys in the environment by itself
    keys = [value for name, value in named if isinstance(value, str) and len(value) >= 8 and is_secret_name(name)]
    failure.message = scrub(failure.message, keys)
    return failure


def build_failure(causes: list[BaseException]) -> ModelCallError:
    """The typed error for the server's reply or, if there was no reply, for what happened to the connection."""
    error: Any = causes[0]
    told = [headers for cause in causes if (headers := _find_headers(cause))]
    name = type(error).__name__
    message = _PREFIX.sub("", str(getattr(error, "message", None) or error)).strip() or name
    status = getattr(error, "status_code", None)
    if not told and (on_the_way := _build_outage(causes, message)) is not None:
        return on_the_way
    if status is None and name not in _BY_NAME:
        return ModelCallError(f"litellm failed: {name}: {message}")
    body = next((body for cause in causes if (body := _find_body(cause))), {"message": message})
    failure = error_from_json(status, body, told[0] if told else None)
    cls = _BY_NAME.get(name)
    if cls is None or isinstance(failure, cls):
        return failure
    return cls(failure.message, status=status, code=failure.code, request_id=failure.request_id)


def _build_outage(causes: list[BaseException], message: str) -> ModelCallError | None:
    """The error of a call without a reply; None if nothing shows that the connection failed."""
    names = {cls.__name__ for cause in causes for cls in type(cause).__mro__ if not cls.__module__.startswith(LIBRARY)}
    if names & _UNCONNECTED:
        return errors.ConnectionError(message)
    if names & _SILENT:
        return errors.TimeoutError(message)
    if names & _BROKEN:
        return errors.ConnectionError(message)
    if message.startswith("Missing ") and re.search("credentials|api.?key", message, re.I):
        return errors.AuthenticationError(message)
    return errors.ResponseParsingError(message) if "JSONDecodeError" in names else None


def _find_headers(cause: Any) -> Any:
    """The headers of the server's reply, if the exception has them."""
    return getattr(cause, "litellm_response_headers", None) or getattr(
        getattr(cause, "response", None), "headers", None
    )


def _find_body(cause: Any) -> Any:
    """The decoded body of the server's reply; some exceptions have it as an attribute, others in their message."""
    body = getattr(cause, "body", None)
    if not isinstance(body, dict):
        try:
            body = decode_json(str(getattr(cause, "message", "")))
        except ValueError:
            return None
    return body if isinstance(body, dict) else None
