"""OpenAI's API and everything that speaks it: https://platform.openai.com/docs/api-reference."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from modelhub.base import ChatWrapper, decode_json, encode_json, override
from modelhub.errors import BadRequestError, ModelCallError
from modelhub.faces import build_face
from modelhub.fitting import OPENAI, VendorRules
from modelhub.late import late
from modelhub.media import Takes

from .openai_dialect import DIALECT
from .openai_endpoint import OpenAIEndpoint as OpenAIEndpoint
from .openai_endpoint import check_messages
from .openai_endpoint import refuse as refuse
from .openai_media import TAKES as OWN
from .openai_media import UNKNOWN_SERVER, find_takes

if TYPE_CHECKING:
    from modelhub import models
    from modelhub.base import Accumulator, Dialect, Event, ModelResponse, Reply, Request
    from modelhub.messages import OwnParts
    from modelhub.vendors import Vendor

    from . import openai_messages, openai_refusals, openai_reply
    from .openai_embedding import OpenAIEmbeddingWrapper as OpenAIEmbeddingWrapper
    from .openai_image import OpenAIDALLEWrapper as OpenAIDALLEWrapper
    from .openai_reply import parse_chunk as parse_chunk
    from .openai_reply import parse_completion as parse_completion
else:
    models = late("modelhub.models")
    openai_messages = late("modelhub.wrappers.openai_messages")
    openai_refusals = late("modelhub.wrappers.openai_refusals")
    openai_reply = late("modelhub.wrappers.openai_reply")

_HOMES = {
    "OpenAIDALLEWrapper": "modelhub.wrappers.openai_image",
    "OpenAIEmbeddingWrapper": "modelhub.wrappers.openai_embedding",
    "parse_chunk": "modelhub.wrappers.openai_reply",
    "parse_completion": "modelhub.wrappers.openai_reply",
}

if not TYPE_CHECKING:
    __getattr__ = build_face(__name__, _HOMES)


class OpenAIChatWrapper(OpenAIEndpoint, ChatWrapper):
    """Chat completions: https://platform.openai.com/docs/api-reference/chat."""

    model_type = "openai_chat"
    formatters: ClassVar[tuple[str, ...]] = ("openai", "common")
    path = "/chat/completions"
    answer_dialect: ClassVar[Dialect | None] = DIALECT
    own_parts: ClassVar[OwnParts] = {"refusal": "refusal", "thinking": "thinking", "audio_url": "audio_url"}
    knows_marks = True  # whether cache_control may stand beside a part; OpenAI itself refuses it
    knows_developer = True  # whether it has the role developer beside system
    fitting: ClassVar[VendorRules | None] = OPENAI
    asks_usage = True  # whether a stream tells its usage only when asked
    media = UNKNOWN_SERVER

    def __init__(self, *args: Any, use_openai_formatter: bool | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if use_openai_formatter and not self.formatter:
            self.formatter = "openai"

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        check_messages(input)
        body = {"model": self.model_name, "messages": self.fit(input), **options}
        other = self.find_other()
        if other:
            fit_options(body, other)
        if stream:
            body["stream"] = True
            if (
                self.asks_usage
                and not (other and "stream_options" in other.lacks)
                and not self.refuses("stream_options")
            ):
                body.setdefault("stream_options", {"include_usage": True})
            if body.get("stream_options") == {}:  # for servers that refuse the key
                del body["stream_options"]
        else:
            body.pop("stream_options", None)  # OpenAI refuses it beside a whole answer, of which it says nothing
        if "max_tokens" in body and self.limits_completion(other):
            limit = body.pop("max_tokens")
            body.setdefault("max_completion_tokens", limit)
        return self.build_call(body, stream)

    @override
    def find_media(self) -> Takes:
        return self.media if self.media is not UNKNOWN_SERVER else find_takes(self.endpoint.url)

    def limits_completion(self, other: Vendor | None) -> bool:
        """Whether the model has ``max_completion_tokens`` for ``max_tokens``: OpenAI's, and who has said so."""
        own = other is None and self.model_type == OpenAIChatWrapper.model_type
        return (own and models.limits_completion(self.model_name)) or self.refuses("max_tokens")

    def refuses(self, name: str) -> bool:
        """Whether the server has refused this option of the model before."""
        refused = self.drivers.refused
        return bool(refused) and name in refused.get((self.endpoint.url, self.model_name), ())

    @override
    def relent(self, request: Request, error: ModelCallError, options: Mapping[str, Any]) -> Request | None:
        body = decode_json(request.body or b"{}")
        name = openai_refusals.find_refused(error.message, body, options)
        if name is None:
            return None
        key = (self.endpoint.url, self.model_name)
        self.drivers.refused[key] = self.drivers.refused.get(key, frozenset()) | {name}
        return request.replace(body=encode_json(openai_refusals.leave_out(body, name)))

    def fit(self, messages: Any) -> Any:
        """``messages`` as this vendor takes them, where earlier answers are another vendor's."""
        if openai_messages.all_plain(messages):
            return messages
        messages = openai_messages.fit_speakers(messages, self.knows_developer and self.find_other() is None)
        if not self.knows_marks or self.find_media() is OWN:
            messages = openai_messages.drop_marks(messages)
        url = self.endpoint.url
        known = self.find_other() is not None or url.startswith(OpenAIChatWrapper.base_url)
        mistral = openai_messages.is_mistral(self.vendor, url, self.model_name)
        thoughts = openai_messages.wants_thoughts(self.vendor, url)
        signatures = openai_messages.wants_signatures(self.vendor, url, self.model_name)
        return openai_messages.fit_messages(messages, mistral, known, thoughts, signatures)

    @override
    def parse_response(self, reply: Reply) -> ModelResponse:
        response = openai_reply.parse_completion(reply.json(), reply, self.error_codes)
        response.request_id = openai_reply.find_request_id(reply.headers)
        response.origin = self.find_origin()
        return response

    @override
    def parse_event(self, event: Event, so_far: Accumulator) -> ModelResponse | None:
        return openai_reply.parse_chunk(event, so_far, self.error_codes)


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
