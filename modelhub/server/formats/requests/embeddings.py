"""Reads requests for embeddings: https://platform.openai.com/docs/api-reference/embeddings/create"""

from __future__ import annotations

from typing import Any

from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Wanted
from modelhub.server.formats.requests.fields import Fields, name_type, read_all, refuse
from modelhub.server.formats.requests.options import read_extra

_OPTIONS = {"dimensions": lambda fields, name: fields.read_integer(name, 1)}
_HINTS = {"user": Fields.read_text}
_OWN = ("model", "input", "encoding_format")
_FORMATS = ("float", "base64")


def parse_embeddings(ask: Ask) -> Wanted:
    """What a request of ``/v1/embeddings`` wants; raises Failure, which names what is wrong."""
    fields = Fields(ask.body)
    model = fields.need_text("model")
    packed = "encoding_format" in ask.body and fields.need_word("encoding_format", _FORMATS) == "base64"
    return Wanted(
        model,
        "embedding",
        parse_inputs(fields, "input"),
        read_all(fields, _OPTIONS),
        hints=read_all(fields, _HINTS),
        extra=read_extra(fields, {*_OPTIONS, *_HINTS, *_OWN}),
        form={"packed": packed},
    )


def parse_inputs(fields: Fields, name: str) -> str | list[Any]:
    """A text, texts, the tokens of one text, or those of several."""
    given: Any = fields.read(name, (str, list), "a string or a list")
    if not given:
        raise refuse(f"{name} is missing: it must be a string or a list that is not empty")
    if isinstance(given, str):
        return given
    items: list[Any] = given
    kind: type = next((kind for kind in (str, list) if isinstance(items[0], kind)), int)
    for n, item in enumerate(items):
        if not isinstance(item, kind) or isinstance(item, bool):
            raise refuse(f"{name}[{n}] is {name_type(item)}: {name} holds texts, or tokens, or lists of tokens")
        if isinstance(item, list) and not (item and all(type(token) is int for token in item)):
            raise refuse(f"{name}[{n}] must be a list of tokens that is not empty")
    return items
