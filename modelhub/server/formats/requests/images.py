"""Reads requests for images: https://platform.openai.com/docs/api-reference/images/create"""

from __future__ import annotations

from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Wanted
from modelhub.server.formats.requests.fields import Fields, Read, read_all, refuse
from modelhub.server.formats.requests.options import read_extra

_HINTS: dict[str, Read] = {
    "response_format": lambda fields, name: fields.need_word(name, ("url", "b64_json")),
    "user": Fields.read_text,
    "moderation": Fields.read_text,
}
_EXTRA: dict[str, Read] = {
    "n": lambda fields, name: fields.read_integer(name, 1),
    "size": Fields.read_text,
    "quality": Fields.read_text,
    "style": Fields.read_text,
    "background": Fields.read_text,
    "output_format": Fields.read_text,
    "output_compression": Fields.read_integer,
}
_OWN = ("model", "prompt", "stream", "partial_images")


def parse_images(ask: Ask) -> Wanted:
    """What a request of ``/v1/images/generations`` wants; raises Failure, which names what is wrong."""
    fields = Fields(ask.body)
    model, prompt = fields.need_text("model"), fields.need_text("prompt")
    if fields.read_flag("stream") or fields.read_integer("partial_images"):
        raise refuse("stream: images come whole here")
    extra = read_all(fields, _EXTRA)
    if extra.get("n") == 1:
        del extra["n"]
    more = read_extra(fields, {*_HINTS, *_EXTRA, *_OWN})
    form = {"output_format": extra.get("output_format")}
    return Wanted(model, "image", prompt, hints=read_all(fields, _HINTS), extra={**extra, **more}, form=form)
