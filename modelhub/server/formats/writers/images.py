"""Writes images: https://platform.openai.com/docs/api-reference/images/object"""

from __future__ import annotations

from modelhub.media import split_data_uri
from modelhub.overriding import override
from modelhub.response import ModelResponse, Usage
from modelhub.server.formats.protocol import Wanted, Writer
from modelhub.server.formats.replies import Json


class ImageWriter(Writer):
    """Writes each image as its vendor has given it: a URL, or base64; ``kind`` is the format that was asked for."""

    def __init__(self, created: int, kind: str | None = None) -> None:
        self.created, self.kind = created, kind

    @override
    def build_whole(self, response: ModelResponse) -> Json:
        return build_images(
            self.created, [build_row(url) for url in response.image_urls or ()], self.kind, response.usage
        )


def build_image_writer(wanted: Wanted, ident: str, created: int) -> ImageWriter:
    """The writer of the reply to a request."""
    return ImageWriter(created, wanted.form["output_format"])


def build_row(url: str) -> Json:
    """One image."""
    data = split_data_uri(url)
    return {"url": url} if data is None else {"b64_json": data[1]}


def build_images(created: int, rows: list[Json], kind: str | None, usage: Usage | None) -> Json:
    """The body of a reply; what is drawn as data has a format, and its tokens are told."""
    reply: Json = {"created": created, "data": rows}
    if rows and "b64_json" in rows[0]:
        reply["output_format"] = kind or "png"
    if usage is not None:
        reply["usage"] = {
            "input_tokens": usage.prompt_tokens,
            "output_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
        }
    return reply
