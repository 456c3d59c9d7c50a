"""OpenAI's images: https://platform.openai.com/docs/api-reference/images."""

from __future__ import annotations

from typing import Any

from modelhub.base import ImageWrapper, ModelResponse, Reply, Request, find_request_id, override, raise_for_failure
from modelhub.errors import BadRequestError

from .openai_endpoint import OpenAIEndpoint
from .openai_reply import parse_images, parse_usage


class OpenAIDALLEWrapper(OpenAIEndpoint, ImageWrapper):
    """Images: https://platform.openai.com/docs/api-reference/images."""

    model_type = "openai_dall_e"
    path = "/images/generations"

    @override
    def build_request(self, input: Any, options: dict[str, Any], stream: bool) -> Request:
        refuse_image_options(options)
        return self.build_call({"model": self.model_name, "prompt": input, **options})

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


def refuse_image_options(options: dict[str, Any]) -> None:
    """Raise BadRequestError for what only other ways of drawing have; AgentScope's configs say no to it explicitly."""
    for name in ("stream", "partial_images", "save_local"):
        if options.pop(name, None):
            raise BadRequestError(f"images come whole and are not saved: the option {name!r} is not supported")
