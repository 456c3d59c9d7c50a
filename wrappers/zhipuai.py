"""ZhipuAI's API, which is OpenAI's with differences: https://docs.bigmodel.cn/api-reference."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import Any

from modelhub import errors
from modelhub.base import Accumulator, Endpoint, Event, ModelResponse, Reply, Request, encode_json, override
from modelhub.errors import AuthenticationError, BadRequestError
from modelhub.fitting import ZHIPUAI
from modelhub.media import Takes, split_data_uri

from .openai import OpenAIChatWrapper, OpenAIEmbeddingWrapper, OpenAIEndpoint

TOKEN_LIFE = 210.0  # seconds

# https://docs.bigmodel.cn/api-reference: only the messages of users have parts.
TAKES = Takes("ZhipuAI", images=frozenset({"image/png", "image/jpeg"}), roles=frozenset({"user"}), files=())

# Business codes: https://docs.z.ai/api-reference/api-code. What is not here means what its status means.
ERROR_CODES: dict[str, type[errors.ModelCallError]] = {
    **dict.fromkeys(("1000", "1001", "1002", "1003", "1004", "1111"), AuthenticationError),
    **dict.fromkeys(("1110", "1112", "1121", "1220"), errors.PermissionDeniedError),
    **dict.fromkeys(("1211", "1221", "1222"), errors.NotFoundError),
    **dict.fromkeys(("1200", "1210", "1212", "1213", "1214", "1215", "1231"), BadRequestError),
    **dict.fromkeys(("1302", "1303", "1305"), errors.RateLimitError),
    **dict.fromkeys(("1113", "1304", "1308", "1309"), errors.QuotaExceededError),  # arrears, and spent allowances
    **dict.fromkeys(("500", "1120", "1230", "1234"), errors.ServerError),
    "1261": errors.ContextLengthError,
    "1301": errors.ContentFilterError,
}


class ZhipuAIEndpoint(OpenAIEndpoint):
    """The keys of ZhipuAI, and of Z.AI, its service outside China; ``auth: jwt`` sends signed tokens, not the key."""

    base_url = "https://open.bigmodel.cn/api/paas/v4"
    base_url_variable = "ZHIPUAI_BASE_URL"
    key_variable = "ZHIPUAI_API_KEY"
    error_codes = ERROR_CODES

    def __init__(self, *args: Any, auth: str = "key", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.auth = auth

    @override
    def build_endpoint(self) -> Endpoint:
        endpoint = super().build_endpoint()
        # The SDK's name for it, which AgentScope's configs pass on.
        signed = self.auth == "jwt" or self.client_args.get("disable_token_cache") is False
        self._signing = split_key(endpoint.headers.get("Authorization", "")[7:]) if signed else None
        return endpoint

    @override
    def build_account_headers(self) -> dict[str, str]:
        return {}

    @override
    def find_variable(self, name: str) -> str | None:
        return super().find_variable(name) or super().find_variable(name.replace("ZHIPUAI", "ZAI"))

    @override
    def build_call(self, body: dict[str, Any], stream: bool = False) -> Request:
        request = super().build_call(body, stream)
        if self._signing is not None:
            token = build_token(*self._signing, now=time.time())
            request.headers = {**request.headers, "Authorization": f"Bearer {token}"}
        return request


class ZhipuAIChatWrapper(ZhipuAIEndpoint, OpenAIChatWrapper):
    """Chat completions: https://docs.z.ai/api-reference/llm/chat-completion."""

    model_type = "zhipuai_chat"
    formatters = ("common",)
    knows_developer = knows_marks = False
    fitting = ZHIPUAI
    asks_usage = False
    media = TAKES

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        response_format = options.get("response_format")
        if isinstance(response_format, dict) and response_format.get("type") == "json_schema":
            raise BadRequestError(
                "ZhipuAI has no response_format json_schema: use json_object and tell the model the keys"
            )
        return super().build_request(build_messages(input), build_options(options), stream)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        response = super().parse_response(reply)
        response.request_id = response.request_id or response.raw.get("request_id")
        return response

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        delta = super().parse_event(event, so_far)
        so_far.request_id = so_far.request_id or event.data.get("request_id")
        return delta


class ZhipuAIEmbeddingWrapper(ZhipuAIEndpoint, OpenAIEmbeddingWrapper):
    """Embeddings: https://docs.bigmodel.cn/api-reference."""

    model_type = "zhipuai_embedding"
    batch_size = 64
    batch_tokens = None
    packed = False
    token_refusal = "ZhipuAI takes no tokens"

    @override
    def find_batch_tokens(self) -> int | None:
        return 8000 if self.model_name == "embedding-2" else super().find_batch_tokens()


def split_key(key: str) -> tuple[str, str]:
    """The id and the secret in a key; raises AuthenticationError if the key does not have these two parts."""
    id, dot, secret = key.partition(".")
    if not (id and dot and secret) or "." in secret:
        raise AuthenticationError(
            "a key that signs tokens has the form id.secret: take auth: jwt out, or check api_key"
        )
    return id, secret


def build_token(id: str, secret: str, now: float) -> str:
    """A JSON Web Token, valid for TOKEN_LIFE from ``now``; its times are in milliseconds."""
    header = {"alg": "HS256", "sign_type": "SIGN", "typ": "JWT"}
    payload = {"api_key": id, "exp": int((now + TOKEN_LIFE) * 1000), "timestamp": int(now * 1000)}
    signed = ".".join(_encode(encode_json(part)) for part in (header, payload))
    return f"{signed}.{_encode(hmac.digest(secret.encode(), signed.encode(), hashlib.sha256))}"


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def build_options(options: dict[str, Any]) -> dict[str, Any]:
    """``options`` in the form that the vendor's SDK sends: ``stop`` is a list, temperature and top_p are more than 0
    and less than 1, and a temperature of 0 also becomes ``do_sample: false``.

    Raises BadRequestError for a temperature or top_p that is not a number.
    """
    if isinstance(options.get("stop"), str):
        options["stop"] = [options["stop"]]
    for name in ("temperature", "top_p"):
        value = options.get(name)
        if value is None:
            continue
        if not isinstance(value, int | float):
            raise BadRequestError(f"{name} must be a number, not {value!r}")
        if name == "temperature" and value <= 0:
            options.setdefault("do_sample", False)
        options[name] = 0.01 if value <= 0 else 0.99 if value >= 1 else value
    return options


def build_messages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``messages`` with images as plain base64, which all vision models of the vendor take, and files by URL."""
    return [
        {**message, "content": [_build_part(part) for part in message["content"]]}
        if isinstance(message.get("content"), list)
        else message
        for message in messages
    ]


def _build_part(part: Any) -> Any:
    kind = part.get("type") if isinstance(part, dict) else None
    if kind == "file" and (url := part["file"].get("file_data")):
        return {"type": "file_url", "file_url": {"url": url}}
    if kind != "image_url":
        return part
    image = part["image_url"]
    data = split_data_uri(image["url"])
    return part if data is None else {**part, "image_url": {**image, "url": data[1]}}
