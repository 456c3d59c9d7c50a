"""The content of a message in OpenAI's form: a text, or parts of known types, rebuilt from known fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from modelhub.server.formats.requests.fields import Fields, name_type, refuse, show
from modelhub.server.formats.requests.links import read_file_id, read_link, read_packed

Part = dict[str, Any]


def parse_content(content: Any, place: str) -> str | list[Part] | None:
    """The content of a message; raises Failure for what is none."""
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, list):
        raise refuse(f"{place} must be a string or a list of parts, not {name_type(content)}")
    return [parse_part(Fields(part, f"{place}[{n}]")) for n, part in enumerate(content)]


def parse_part(fields: Fields) -> Part:
    """One part."""
    kind = fields.need_text("type")
    if kind not in _PARTS:
        raise refuse(f"{fields.find_place('type')} is {show(kind)}: there are {', '.join(_PARTS)}")
    part = _PARTS[kind](fields)
    mark = fields.read_object("cache_control")
    return part if mark is None else {**part, "cache_control": mark}


def _text(fields: Fields) -> Part:
    return {"type": "text", "text": fields.read_text("text") or ""}


def _refusal(fields: Fields) -> Part:
    return {"type": "refusal", "refusal": fields.read_text("refusal") or ""}


def _medium(kind: str) -> Callable[[Fields], Part]:
    def read(fields: Fields) -> Part:
        given = fields.read_word_or_object(kind)
        if given is None:
            raise refuse(f"{fields.find_place(kind)} is missing: it must be an object with a url")
        if isinstance(given, str):
            return {"type": kind, kind: {"url": read_link(given, fields.find_place(kind))}}
        inner = Fields(given, fields.find_place(kind))
        medium = {"url": read_link(inner.given.get("url"), inner.find_place("url"))}
        detail = inner.read_text("detail")
        return {"type": kind, kind: medium if detail is None else {**medium, "detail": detail}}

    return read


def _audio(fields: Fields) -> Part:
    inner = Fields(fields.given.get("input_audio"), fields.find_place("input_audio"))
    form = inner.read_text("format")
    data = read_packed(inner.given.get("data"), inner.find_place("data"), f"audio/{form or 'wav'}")
    return {"type": "input_audio", "input_audio": {"data": data, **({"format": form} if form else {})}}


def _file(fields: Fields) -> Part:
    inner = Fields(fields.given.get("file"), fields.find_place("file"))
    file: Part = {}
    if (name := inner.read_text("filename")) is not None:
        file["filename"] = name
    if (ident := read_file_id(inner)) is not None:
        file["file_id"] = ident
    elif inner.given.get("file_data") is None:
        raise refuse(f"{inner.place} needs file_data, a data: URI, or file_id")
    else:
        file["file_data"] = read_packed(inner.given["file_data"], inner.find_place("file_data"))
    return {"type": "file", "file": file}


_PARTS: dict[str, Callable[[Fields], Part]] = {
    "text": _text,
    "image_url": _medium("image_url"),
    "video_url": _medium("video_url"),
    "input_audio": _audio,
    "file": _file,
    "refusal": _refusal,
}
