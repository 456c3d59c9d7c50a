"""DashScope's own API: https://help.aliyun.com/zh/model-studio/qwen-api-via-dashscope."""

from __future__ import annotations

from typing import Any, ClassVar

from modelhub.base import (
    Accumulator,
    ChatWrapper,
    Event,
    ModelResponse,
    Reply,
    Request,
    ToolCallDelta,
    decode_json,
    find_failure,
    find_request_id,
    override,
    said,
)
from modelhub.errors import BadRequestError
from modelhub.fitting import DASHSCOPE
from modelhub.media import Load, Takes
from modelhub.messages import OwnParts

from .dashscope_embedding import DashScopeTextEmbeddingWrapper as DashScopeTextEmbeddingWrapper
from .dashscope_endpoint import DashScopeEndpoint, parse_body, parse_failure, parse_usage
from .dashscope_image import DashScopeImageSynthesisWrapper as DashScopeImageSynthesisWrapper
from .dashscope_turn import DIALECT
from .openai import refuse
from .openai_answer import find_tool_calls, parse_tool_call_delta, parse_tool_calls
from .openai_endpoint import check_messages

FINISH_REASONS = {name: name for name in ("stop", "length", "tool_calls", "content_filter")}
MEDIA = ("image", "audio", "video")
# https://help.aliyun.com/zh/model-studio/vision
TAKES = Takes(
    "DashScope",
    kinds=frozenset(MEDIA),
    images=frozenset(f"image/{kind}" for kind in ("bmp", "jpeg", "png", "tiff", "webp", "heic")),
)


class DashScopeChatWrapper(DashScopeEndpoint, ChatWrapper):
    """Text generation: https://help.aliyun.com/zh/model-studio/qwen-api-via-dashscope."""

    model_type = "dashscope_chat"
    formatters = ("dashscope",)
    fitting = DASHSCOPE
    answer_dialect = DIALECT
    media = TAKES
    own_parts: ClassVar[OwnParts] = {"": "", "image": "image", "video": "video", "audio": "audio"}
    path = "/services/aigc/text-generation/generation"
    # Older models answer in a form without tool calls unless told otherwise.
    default_parameters: ClassVar[dict[str, Any]] = {"result_format": "message"}

    @override
    def load_own_part(self, part: dict[str, Any], load: Load) -> dict[str, Any]:
        return load_own(part, load)

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        parameters = {**self.default_parameters, **options}
        if parameters.get("enable_search") is False:  # the default; models that cannot search refuse the word
            del parameters["enable_search"]
        parameters.pop("incremental_output", None)
        if stream:  # else each event repeats the text so far
            parameters["incremental_output"] = True
        check_messages(input, "DashScope")
        refuse(parameters, "model", "stream_options", vendor="DashScope")
        messages = [self.build_message(message) for message in input]
        return self.build_call(self.path, {"messages": messages}, parameters, stream)

    def build_message(self, message: dict[str, Any]) -> dict[str, Any]:
        """One neutral message in DashScope's form."""
        role = "system" if message["role"] == "developer" else message["role"]
        for call in message.get("tool_calls") or ():
            check_arguments(call)
        if "is_error" in message:  # Anthropic's word
            message = {name: value for name, value in message.items() if name != "is_error"}
        return {**message, "role": role, "content": self.build_content(message.get("content"))}

    def build_content(self, content: Any) -> Any:
        """The content of a message for a model that takes only text; DashScope's own parts stay as they are."""
        if not isinstance(content, list):
            return "" if content is None else content
        check_parts(content)
        if not any("type" in part for part in content):
            return content
        parts = [build_part(part) for part in content]
        if not all("text" in part for part in parts):
            raise BadRequestError("dashscope_chat takes text alone: use the model_type dashscope_multimodal for media")
        return "".join(part["text"] for part in parts) if all(len(part) == 1 for part in parts) else parts

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        data = parse_body(reply)
        output = data["output"]
        choice = parse_choice(output)
        message = choice["message"]
        text, images = parse_content(message.get("content"))
        return ModelResponse(
            text=text,
            image_urls=images or None,
            reasoning=message.get("reasoning_content") or None,
            tool_calls=parse_tool_calls(message),
            finish_reason=parse_finish_reason(choice),
            usage=parse_usage(data.get("usage")),
            raw=data,
            request_id=data.get("request_id") or find_request_id(reply.headers),
            origin=self.find_origin(),
        )

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        data = event.data
        output = data.get("output")
        if event.name == "error" or find_failure(data, answered=bool(output or data.get("usage"))) is not None:
            raise parse_failure(event.status, data)
        so_far.request_id = data.get("request_id") or so_far.request_id
        if not output or (output.get("choices") is None and output.get("text") is None):
            so_far.raw.append(data)
            return None
        choice = parse_choice(output)
        message = choice["message"]
        text, images = parse_content(message.get("content"))
        if text and output.get("choices") is None:
            # A model that does not know result_format does not know incremental_output either.
            text = text.removeprefix("".join(so_far.text))
        return ModelResponse(
            text=text or "",
            image_urls=images or None,
            reasoning=message.get("reasoning_content") or None,
            tool_calls=[parse_call_delta(piece, so_far) for piece in find_tool_calls(message)] or None,
            finish_reason=parse_finish_reason(choice),
            usage=parse_usage(data.get("usage")),
            raw=data,
        )


class DashScopeMultiModalWrapper(DashScopeChatWrapper):
    """Models that see and hear: https://help.aliyun.com/zh/model-studio/vision."""

    model_type = "dashscope_multimodal"
    path = "/services/aigc/multimodal-generation/generation"
    default_parameters: ClassVar[dict[str, Any]] = {}

    @override
    def build_content(self, content: Any) -> Any:
        """The content as a list of parts, as this service wants it."""
        if isinstance(content, list):
            check_parts(content)
            return [build_part(part) for part in content]
        return [{"text": content}] if content else []


def check_arguments(call: dict[str, Any]) -> None:
    """Raise BadRequestError for a call whose arguments are no JSON, which DashScope refuses for the whole chat."""
    function = call.get("function") or {}
    try:
        decode_json(function.get("arguments") or "{}")
    except ValueError:
        raise BadRequestError(f"the arguments of tool call {function.get('name')!r} are not JSON") from None


def build_part(part: dict[str, Any]) -> dict[str, Any]:
    """One neutral part of a message in DashScope's form; parts in that form, which have no type, stay as they are.

    What stands beside the medium, such as ``min_pixels`` or ``fps``, is kept.
    """
    kind = part.get("type")
    if kind in ("image_url", "video_url", "audio_url"):
        media = part[kind]
        details = {name: value for name, value in media.items() if name not in ("url", "detail")}
        return {kind.removesuffix("_url"): media["url"], **details, **find_beside(part, kind)}
    if kind is None or (kind in part and kind in ("text", *MEDIA)):
        return {name: value for name, value in part.items() if name != "type"}
    if kind in MEDIA and "url" in part:
        return {kind: part["url"], **find_beside(part, "url")}
    if kind == "input_audio":
        audio = part["input_audio"]
        data = audio["data"]
        whole = ":" in data  # of a URL; there is none in base64
        url = data if whole else f"data:audio/{audio.get('format') or 'wav'};base64,{data}"
        return {"audio": url, **find_beside(part, kind)}
    raise BadRequestError(f"DashScope has no message part of type {kind!r}")


def find_beside(part: dict[str, Any], medium: str) -> dict[str, Any]:
    """What a part says beside its type and its medium."""
    return {name: value for name, value in part.items() if name not in ("type", medium, "detail")}


def check_parts(content: list[Any]) -> None:
    """Raise BadRequestError for a part that is no dict."""
    if not all(isinstance(part, dict) for part in content):
        raise BadRequestError("the content of a message must be a str or a list of dicts")


def load_own(part: dict[str, Any], load: Load) -> dict[str, Any]:
    """A part in DashScope's own form with data in place of local media; a video may be a list of its frames."""
    loaded = dict(part)
    for name in MEDIA:
        given = part.get(name)
        if isinstance(given, list | tuple):
            loaded[name] = [load("image" if name == "video" else name, one) for one in given]
        elif given is not None:
            loaded[name] = load(name, given)
    if part.get("type") in MEDIA and part.get("url") is not None:
        loaded["url"] = load(part["type"], part["url"])
    return loaded


def parse_choice(output: dict[str, Any]) -> dict[str, Any]:
    """The first choice of an output; the older form of outputs, which has only text, is accepted too."""
    choices = output.get("choices")
    if choices is None:
        return {"message": {"content": output["text"]}, "finish_reason": output.get("finish_reason")}
    empty: dict[str, Any] = {"message": {}}
    return next((choice for choice in choices if choice.get("index", 0) == 0), empty)


def parse_content(content: Any) -> tuple[str | None, list[str]]:
    """The text of a message and the URLs of its images."""
    if not isinstance(content, list):
        return content, []
    parts = [part if isinstance(part, dict) else {"text": part} for part in content]
    images = [part["image"] for part in parts if said(part.get("image")) is not None]
    return "".join(part["text"] for part in parts if part.get("text")), images


def parse_finish_reason(choice: dict[str, Any]) -> str | None:
    """The finish reason in OpenAI's words; None before the end of a stream, where DashScope says "null"."""
    reason = said(choice.get("finish_reason"))
    return None if reason is None else FINISH_REASONS.get(reason, "other")


def parse_call_delta(piece: dict[str, Any], so_far: Accumulator) -> ToolCallDelta:
    """The new part of a tool call; a fragment may repeat what came in the fragments before it."""
    delta = parse_tool_call_delta(piece)
    same = (call for call in reversed(so_far.calls) if call.index == delta.index and delta.id in (None, call.id))
    call = next(same, None)
    if call is not None:  # no JSON object begins with its own beginning twice, so a repetition is no next fragment
        delta.arguments = delta.arguments.removeprefix(call.arguments)
    return delta
