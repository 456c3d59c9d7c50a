"""Anthropic's Messages API: https://platform.claude.com/docs/en/api/messages."""

from __future__ import annotations

from typing import Any, ClassVar

from modelhub.base import (
    Accumulator,
    ChatWrapper,
    Codes,
    Dialect,
    Endpoint,
    Event,
    ModelResponse,
    Origin,
    Reply,
    Request,
    ToolCallDelta,
    add_path,
    add_query,
    build_origin,
    build_tool_calls,
    encode_json,
    error_from_json,
    find_failure,
    find_request_id,
    override,
    raise_for_failure,
    said,
)
from modelhub.errors import (
    AuthenticationError,
    ModelCallError,
    QuotaExceededError,
    RateLimitError,
    ServerError,
)
from modelhub.fitting import ANTHROPIC
from modelhub.media import Load
from modelhub.messages import OwnParts
from modelhub.secrets import read_variable

from .anthropic_media import TAKES, load_own
from .anthropic_reply import (
    find_meaning,
    parse_block_delta,
    parse_block_start,
    parse_stop_reason,
    parse_usage,
    start_message,
)
from .anthropic_request import VERSION, build_body
from .anthropic_turn import DIALECT, add_thoughts, gather_blocks

_COUNTED = frozenset({"messages", "system", "tools", "tool_choice", "thinking", "output_config", "mcp_servers"})


class AnthropicChatWrapper(ChatWrapper):
    """``/v1/messages``; system messages go to its ``system``, and tool messages become ``tool_result`` blocks.

    Anthropic wants the blocks of its answers back as they came; ``response.to_message()`` keeps them, and the ids of
    the tool calls keep the thinking (``ThoughtId``). Messages in Anthropic's own form are sent as they are.
    """

    model_type = "anthropic_chat"
    formatters = ("anthropic",)
    fitting = ANTHROPIC
    answer_dialect = DIALECT
    media = TAKES
    own_parts: ClassVar[OwnParts] = {
        **dict.fromkeys(("image", "document"), "source"),
        **dict.fromkeys(("tool_use", "tool_result", "thinking", "redacted_thinking"), ""),
    }
    error_codes: ClassVar[Codes | None] = {
        "overloaded_error": ServerError,
        "api_error": ServerError,
        "rate_limit_error": RateLimitError,
        "billing_error": QuotaExceededError,
    }

    def __init__(
        self,
        *args: Any,
        auth_token: str | None = None,
        anthropic_version: str | None = None,
        client_args: dict[str, Any] | None = None,
        client_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, client_args={**(client_kwargs or {}), **(client_args or {})}, **kwargs)
        self.auth_token = auth_token
        self.anthropic_version = anthropic_version

    @override
    def build_endpoint(self) -> Endpoint:
        args = self.client_args
        base_url = args.get("base_url") or read_variable("ANTHROPIC_BASE_URL")
        key, token = self.api_key, self.auth_token or args.get("auth_token")
        if not key and not token:
            key = read_variable("ANTHROPIC_API_KEY")
            token = None if key else read_variable("ANTHROPIC_AUTH_TOKEN")
        if not key and not token and not base_url:
            raise AuthenticationError(
                "there is no API key: set api_key or auth_token in the config, or ANTHROPIC_API_KEY or "
                "ANTHROPIC_AUTH_TOKEN in the environment"
            )
        headers = {"anthropic-version": self.anthropic_version or args.get("anthropic_version") or VERSION}
        if key:
            headers["x-api-key"] = key
        if token:
            headers["Authorization"] = f"Bearer {token}"
        headers = self.build_headers({**headers, **(args.get("default_headers") or {})})
        url = add_path(base_url or "https://api.anthropic.com", "/v1/messages")
        return Endpoint(
            add_query(url, args.get("default_query")), {name.lower(): value for name, value in headers.items()}
        )

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        headers = self.build_betas(options)
        body = build_body(input, options, self.endpoint.headers["anthropic-version"])
        if stream:
            body["stream"] = True
        return self.build_post({"model": self.model_name, **body}, stream, headers=headers)

    def build_betas(self, options: dict[str, Any]) -> dict[str, str]:
        """The header for the ``betas`` of a call, which are added to those of the config."""
        betas = options.pop("betas", None)
        if not betas:
            return {}
        known = self.endpoint.headers.get("anthropic-beta")
        names = [betas] if isinstance(betas, str) else betas
        return {"anthropic-beta": ",".join([known, *names] if known else names)}

    @override
    def load_own_part(self, part: dict[str, Any], load: Load) -> dict[str, Any]:
        return load_own(part, load)

    @override
    def build_count_request(self, messages: list[dict[str, Any]], options: dict[str, Any]) -> Request:
        headers = self.build_betas(options)
        body = build_body(messages, options, self.endpoint.headers["anthropic-version"])
        counted = {name: value for name, value in body.items() if name in _COUNTED}
        request = self.build_post({"model": self.model_name, **counted}, headers=headers)
        url, mark, query = request.url.partition("?")
        request.url = f"{url}/count_tokens{mark}{query}"
        return request

    @override
    def parse_count(self, reply: Reply) -> int:
        return int(reply.json()["input_tokens"])

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = reply.json()
        try:
            raise_for_failure(data, reply, self.error_codes, answered=isinstance(data, dict) and "content" in data)
        except ModelCallError as error:
            raise find_meaning(error) from None
        blocks = data["content"]
        return ModelResponse(
            text="".join(block["text"] for block in blocks if block.get("type") == "text"),
            reasoning="".join(block["thinking"] for block in blocks if block.get("type") == "thinking") or None,
            tool_calls=build_tool_calls(
                (add_thoughts(block["id"], blocks[:n]), block.get("name"), block.get("input"))
                for n, block in enumerate(blocks)
                if block.get("type") == "tool_use"
            ),
            finish_reason=parse_stop_reason(data.get("stop_reason")),
            usage=parse_usage(data.get("usage")),
            raw=data,
            request_id=find_request_id(reply.headers),
            model=said(data.get("model")),
            origin=self.find_origin(),
        )

    @override
    def build_origin(self, dialect: Dialect) -> Origin:
        # Claude's signatures are good wherever Claude is served; what resembles it elsewhere has its own.
        return build_origin(dialect, "" if "claude" in self.model_name.lower() else self.endpoint.url, "")

    @override
    def parse_error(self, reply: Reply) -> ModelCallError:
        error = super().parse_error(reply)
        error.request_id = find_request_id(reply.headers) or error.request_id  # the body may hold another one
        return find_meaning(error)

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        data = event.data
        kind = data.get("type")  # gateways leave out the event's name
        delta = None
        if "over" in so_far.state:
            return None
        if kind == "content_block_delta":
            delta = parse_block_delta(data["index"], data["delta"], so_far)
        elif kind == "content_block_start":
            delta = parse_block_start(data["index"], data["content_block"], so_far)
        elif kind == "content_block_stop":
            whole = so_far.state.get("inputs", {}).pop(data["index"], None)
            if whole:  # compatible servers may give the input at once
                text = whole if isinstance(whole, str) else encode_json(whole).decode()
                pieces = [ToolCallDelta(data["index"], arguments=text)]
                delta = ModelResponse(text="", tool_calls=pieces)
        elif kind == "message_start":
            start_message(data["message"], so_far)  # no delta yet: as long as there is none, it may be tried again
        elif kind == "message_delta":
            told = {name: value for name, value in (data.get("usage") or {}).items() if value is not None}
            usage = {**so_far.state.get("usage", {}), **told}  # cumulative, and only what changed
            reason = parse_stop_reason((data.get("delta") or {}).get("stop_reason"))
            delta = ModelResponse(text="", finish_reason=reason, usage=parse_usage(usage))
        elif kind == "message_stop":
            so_far.state["stopped"] = True
            if so_far.finish_reason is None:
                delta = ModelResponse(text="", finish_reason="stop")
        elif kind != "ping" and (event.name == "error" or find_failure(data, answered=False) is not None):
            raise find_meaning(error_from_json(event.status, data, None, self.error_codes))
        if delta is None:
            so_far.raw.append(data)
        else:
            delta.raw = data
        return delta

    def build_turn(self, response: ModelResponse) -> dict[str, Any]:
        """``response`` as an assistant's message for the next call, with its thinking and signatures unchanged."""
        raw = response.raw
        if isinstance(raw, list):
            return {"role": "assistant", "content": gather_blocks(raw)}
        return {"role": "assistant", "content": raw["content"]}
