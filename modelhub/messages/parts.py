"""The content of messages: texts and parts of any form, as a text or as parts of one form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from modelhub.errors import BadRequestError
from modelhub.messages.plain import read_fields, write_output

Part = dict[str, Any]
OwnParts = Mapping[str, str]
"""The types of parts that a vendor's API itself has, each with the key that such a part has; "" for no type."""

THOUGHTS = ("thinking", "redacted_thinking", "reasoning")


def normalize_content(content: Any, where: str, own: OwnParts) -> Any:
    """A text, or a list of parts with types; None if there is no content. Empty texts among parts are left out.

    Raises BadRequestError that names the part that is none.
    """
    if content is None or isinstance(content, str):
        return content
    if isinstance(content, bytes | bytearray | int | float):
        return read_text(content, where)
    if isinstance(content, Mapping) and "" in own and "parts" in content:
        return content  # Gemini's own
    items = list(content) if isinstance(content, Iterable) and not isinstance(content, Mapping | set) else [content]
    parts = [normalize_part(item, f"{where}[{n}]", own) for n, item in enumerate(items) if item is not None]
    return [part for part in parts if not is_nothing(part)] or ("" if items else None)


def normalize_output(content: Any, where: str, own: OwnParts) -> Any:
    """What a tool returned, as a text or as parts; any other value as JSON."""
    fields = None if isinstance(content, list | tuple) else read_fields(content)
    if fields is not None and is_part(fields):
        return normalize_content([fields], where, own)
    if isinstance(content, list | tuple) and content and all(is_part(read_fields(item)) for item in content):
        return normalize_content(content, where, own)
    try:
        return write_output(content)
    except BadRequestError as error:
        raise BadRequestError(f"{where}: {error.message}") from None


def read_text(value: Any, where: str) -> str:
    """A text, or the text of a number or of bytes; raises BadRequestError for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | bytearray):
        try:
            return bytes(value).decode("utf-8")
        except UnicodeDecodeError:
            raise BadRequestError(f"{where} is bytes that are no UTF-8: pass media as parts of their type") from None
    if isinstance(value, int | float):
        return str(value)
    raise BadRequestError(f"{where} must be a str, not {type(value).__name__}")


def is_nothing(part: Part) -> bool:
    """Whether a part is a text of no length, which vendors refuse."""
    return part.get("type") == "text" and part.get("text") == ""


def is_part(fields: Part | None) -> bool:
    """Whether a dict is a part of a message, and not data that has a key called ``type``."""
    kind = fields.get("type") if fields else None
    form = _FORMS.get(kind) if isinstance(kind, str) else None
    return form is not None and fields is not None and not form[1].isdisjoint(fields)


def normalize_part(item: Any, where: str, own: OwnParts) -> Part:
    """One part with a type that is the same for all vendors; those of the vendor's ``own`` kind stay as they are."""
    if isinstance(item, str | bytes | bytearray | int | float):
        return {"type": "text", "text": read_text(item, where)}
    fields = read_fields(item)
    if fields is None:
        raise BadRequestError(f"{where} must be a str or a dict with a type, not {type(item).__name__}")
    kind = fields.get("type")
    if kind is None and "" not in own:
        kind = next((name for name in ("text", "image", "video", "audio") if name in fields), None)
    if kind is None:
        if "" in own and fields:
            return fields
        raise BadRequestError(f"{where} needs a type, such as text or image_url")
    if not isinstance(kind, str):
        raise BadRequestError(f"{where}.type must be a str, not {type(kind).__name__}")
    if kind in own and (not own[kind] or own[kind] in fields):
        return fields
    form = _FORMS.get(kind)
    return fields if form is None else form[0](fields, where)


def _text(fields: Part, where: str) -> Part:
    text = fields.get("text")
    if type(text) is str and fields.get("type") == "text":
        return fields
    if isinstance(text, Mapping):  # {"type": "text", "text": {"value": ...}}, as assistants have it
        text = text.get("value")
    text = "" if text is None and "text" in fields else read_text(text, f"{where}.text")
    return {**fields, "type": "text", "text": text}


def _refusal(fields: Part, where: str) -> Part:
    return {"type": "text", "text": read_text(fields.get("refusal"), f"{where}.refusal")}


def _medium(kind: str, names: tuple[str, ...]) -> Callable[[Part, str], Part]:
    """A reader of parts with a medium of this ``kind``, whose source may stand under any of ``names``."""

    def read(fields: Part, where: str) -> Part:
        given = fields.get(kind)
        if fields.get("type") == kind and type(given) is dict and given.get("url") is not None:
            return fields
        name = next((name for name in names if fields.get(name) is not None), None)
        if name is None:
            raise BadRequestError(f"{where} needs {kind} with a url: a URL, a data URI, or the path of a file")
        source = fields[name]
        details = read_fields(source) if isinstance(source, Mapping) or hasattr(source, "url") else None
        beside = {key: value for key, value in fields.items() if key not in ("type", name, *_LABELS, "detail")}
        if name in ("data", "base64"):
            source = build_uri(source, fields)
        elif details is not None:
            source = read_source(details, f"{where}.{name}")
        told = {key: value for key, value in (details or {}).items() if key not in _SOURCES}
        if "detail" in fields:
            told["detail"] = fields["detail"]
        return {"type": kind, kind: {**told, "url": source}, **beside}

    return read


_LABELS = ("mime_type", "mimeType", "media_type", "source_type")
_SOURCES = frozenset({"url", "data", "type", "bytes", "format", *_LABELS})


def build_uri(data: Any, labels: Mapping[str, Any]) -> Any:
    """Base64 text with its type as a data URI; other data as it is."""
    kind = next((labels[name] for name in _LABELS if labels.get(name) not in (None, "base64", "url")), "")
    return f"data:{kind};base64,{data}" if isinstance(data, str) and ":" not in data[:11] else data


def read_source(fields: Part, where: str) -> Any:
    """The URL or the data of a ``source``, as Anthropic's parts have it, or of an object with a ``url``."""
    if fields.get("url") is not None:
        return fields["url"]
    if fields.get("bytes") is not None:
        return fields["bytes"]
    if fields.get("data") is None:
        raise BadRequestError(f"{where} needs a url")
    return build_uri(fields["data"], fields)


def _audio(fields: Part, where: str) -> Part:
    given = fields.get("input_audio")
    if fields.get("type") == "input_audio" and type(given) is dict and given.get("data") is not None:
        return fields
    names = ("input_audio", "audio", "audio_url", "url", "data", "source", "base64")
    name = next((name for name in names if fields.get(name) is not None), None)
    if name is None:
        raise BadRequestError(f"{where} needs input_audio with data and format")
    source = fields[name]
    told: Part = {key: fields[key] for key in ("format",) if key in fields}
    if isinstance(source, Mapping):
        told |= {key: value for key, value in source.items() if key in ("format",)}
        source = read_source(dict(source), f"{where}.{name}")
    elif name in ("data", "base64"):
        source = build_uri(source, fields) if any(label in fields for label in _LABELS) else source
    beside = {key: value for key, value in fields.items() if key not in ("type", name, "format", *_LABELS)}
    return {"type": "input_audio", "input_audio": {**told, "data": source}, **beside}


def _file(fields: Part, where: str) -> Part:
    given = fields.get("file")
    if fields.get("type") == "file" and type(given) is dict and not _FILED.isdisjoint(given):
        return fields
    beside = {key: value for key, value in fields.items() if key in ("cache_control", "citations", "context")}
    told = dict(given) if isinstance(given, Mapping) else fields
    file: Part = {}
    if (name := told.get("filename") or told.get("title") or told.get("name")) is not None:
        file["filename"] = name
    source = told.get("source")
    if isinstance(source, Mapping):
        if source.get("type") == "text":
            return {"type": "text", "text": read_text(source.get("data"), f"{where}.source.data"), **beside}
        told = dict(source)
    if told.get("file_id") is not None:
        file["file_id"] = told["file_id"]
    elif given is not None and not isinstance(given, Mapping):
        file["file_data"] = given
    else:
        data = next((told[key] for key in ("file_data", "file_url", "url", "data", "path") if told.get(key)), None)
        if data is None:
            raise BadRequestError(f"{where} needs file with file_data or file_id")
        file["file_data"] = build_uri(data, told) if "data" in told or "media_type" in told else data
    return {"type": "file", "file": file, **beside}


_FILED = frozenset({"file_data", "file_id"})
_IMAGE = ("image_url", "image", "url", "source", "data", "base64")
_VIDEO = ("video_url", "video", "url", "source", "data", "base64")
_AUDIO = frozenset({"input_audio", "audio", "audio_url", "url", "data", "source", "base64"})
_FILE = frozenset({"file", "file_data", "file_id", "file_url", "url", "source", "data"})
# How parts of each type are read, and the keys of which one is in them.
_FORMS: dict[str, tuple[Callable[[Part, str], Part], frozenset[str]]] = {
    **dict.fromkeys(("text", "input_text", "output_text"), (_text, frozenset({"text"}))),
    "refusal": (_refusal, frozenset({"refusal"})),
    **dict.fromkeys(("image_url", "image", "input_image"), (_medium("image_url", _IMAGE), frozenset(_IMAGE))),
    **dict.fromkeys(("video_url", "video", "input_video"), (_medium("video_url", _VIDEO), frozenset(_VIDEO))),
    **dict.fromkeys(("input_audio", "audio", "audio_url"), (_audio, _AUDIO)),
    **dict.fromkeys(("file", "input_file", "document"), (_file, _FILE)),
}
