"""What all of DashScope's services share: address, key, bodies and errors."""

from __future__ import annotations

from typing import Any, ClassVar

from modelhub.base import (
    Codes,
    Endpoint,
    HTTPModelWrapperBase,
    Reply,
    Request,
    Usage,
    add_path,
    decode_error,
    encode_json,
    error_from_json,
    find_failure,
    override,
    says_too_long,
)
from modelhub.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilterError,
    ContextLengthError,
    ModelCallError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
    ResponseParsingError,
    TimeoutError,
)
from modelhub.secrets import read_variable


class DottedCodes(dict[str, type[ModelCallError]]):
    """Error codes; one that is not in the dict is found without its last part: ``Throttling.X`` as ``Throttling``."""

    @override
    def __contains__(self, code: object) -> bool:
        return super().__contains__(code) or (isinstance(code, str) and "." in code and code.rpartition(".")[0] in self)

    def __missing__(self, code: str) -> type[ModelCallError]:
        head, dot, _ = code.rpartition(".")
        if not dot:
            raise KeyError(code)
        return self[head]


# https://help.aliyun.com/zh/model-studio/error-code; InternalError is left to the status, which may be 400.
ERROR_CODES = DottedCodes(
    {
        "InvalidApiKey": AuthenticationError,
        "AccessDenied": PermissionDeniedError,
        "Model.AccessDenied": PermissionDeniedError,
        "Workspace.AccessDenied": PermissionDeniedError,
        "Model.NotExist": NotFoundError,
        "ModelNotFound": NotFoundError,
        "InvalidParameter": BadRequestError,
        "InternalError.Algo.InvalidParameter": BadRequestError,
        "DataInspectionFailed": ContentFilterError,
        "IPInfringementSuspect": ContentFilterError,
        "Arrearage": QuotaExceededError,
        "AllocationQuota.FreeTierOnly": QuotaExceededError,
        "PrepaidBillOverdue": QuotaExceededError,
        "PostpaidBillOverdue": QuotaExceededError,
        "Throttling": RateLimitError,
        "LimitRequests": RateLimitError,
        "RequestTimeOut": TimeoutError,
        "ResponseTimeout": TimeoutError,
    }
)


_BODY = ("model", "input", "parameters", "resources", "task_group", "task", "function")  # the keys of a body


class DashScopeEndpoint(HTTPModelWrapperBase):
    """Address, key and errors of all of DashScope's services."""

    base_url = "https://dashscope.aliyuncs.com/api/v1"
    error_codes: ClassVar[Codes | None] = ERROR_CODES

    @override
    def build_endpoint(self) -> Endpoint:
        key = self.api_key or read_variable("DASHSCOPE_API_KEY")
        if not key:
            raise AuthenticationError(
                "there is no API key: set api_key in the config or DASHSCOPE_API_KEY in the environment"
            )
        base_url = self.client_args.get("base_url") or read_variable("DASHSCOPE_HTTP_BASE_URL") or self.base_url
        if "/compatible-mode/" in base_url:
            raise BadRequestError(
                "base_url is that of DashScope's OpenAI protocol: end it in /api/v1, or use the model_type openai_chat"
            )
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        workspace = self.client_args.get("workspace") or read_variable("DASHSCOPE_WORKSPACE_ID")
        if workspace:
            headers["X-DashScope-WorkSpace"] = workspace
        return Endpoint(base_url, self.build_headers(headers))

    def build_call(
        self,
        path: str,
        input: dict[str, Any],
        parameters: dict[str, Any],
        stream: bool = False,
        headers: dict[str, str] | None = None,
    ) -> Request:
        """A POST to one of the services; the parameter ``workspace``, known from the SDK, becomes a header."""
        headers = dict(headers or {})
        workspace = parameters.pop("workspace", None)
        if workspace:
            headers["X-DashScope-WorkSpace"] = workspace
        if stream:
            headers.update({"Accept": "text/event-stream", "X-DashScope-SSE": "enable"})
        body = {"model": self.model_name, "input": input, "parameters": parameters}
        return Request(
            add_path(self.endpoint.url, path),
            {**self.endpoint.headers, **headers},
            encode_json(body),
            stream=stream,
        )

    @override
    def place_extra(self, extra_body: dict[str, Any]) -> dict[str, Any]:
        """What is no key of a whole body is a parameter, as where DashScope speaks OpenAI's protocol."""
        placed = {name: value for name, value in extra_body.items() if name in _BODY}
        parameters = {name: value for name, value in extra_body.items() if name not in _BODY}
        return {**placed, "parameters": parameters | placed.get("parameters", {})} if parameters else placed

    @override
    def parse_error(self, reply: Reply) -> ModelCallError:
        data = decode_error(reply)
        if isinstance(data, dict):
            return parse_failure(reply.status, data, reply)
        return super().parse_error(reply)


def parse_failure(status: int | None, data: dict[str, Any], reply: Reply | None = None) -> ModelCallError:
    """The typed error for a reply with ``code`` and ``message``."""
    codes = ERROR_CODES
    message = data.get("message")
    if isinstance(message, str) and says_too_long(message):
        codes = DottedCodes({"InvalidParameter": ContextLengthError})
    return error_from_json(status, data, reply.headers if reply is not None else None, codes)


def parse_body(reply: Reply) -> dict[str, Any]:
    """The decoded reply; raises a typed error if it reports a failure although its status is success."""
    data = reply.json()
    if not isinstance(data, dict):
        raise ResponseParsingError(f"the reply is a JSON {type(data).__name__}, not an object", status=reply.status)
    if find_failure(data, answered=bool(data.get("output"))) is not None:
        raise parse_failure(reply.status, data, reply)
    return data


def parse_usage(usage: Any) -> Usage | None:
    """The tokens of a reply; those to embeddings have only a total, those to images nothing."""
    if not isinstance(usage, dict):
        return None
    total = usage.get("total_tokens") or 0
    given = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    spent = usage.get("output_tokens_details") or {}
    return Usage(
        usage.get("input_tokens", total) or 0,
        usage.get("output_tokens") or 0,
        usage.get("total_tokens"),
        given.get("cached_tokens"),
        spent.get("reasoning_tokens"),
        given.get("cache_creation_input_tokens"),
    )
