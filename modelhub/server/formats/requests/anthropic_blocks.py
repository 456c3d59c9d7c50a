"""Reads the blocks of Anthropic's messages, rebuilt from known fields: https://platform.claude.com/docs/en/api/messages"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from modelhub.server.formats.requests.fields import Fields, name_type, refuse, show
from modelhub.server.formats.requests.links import read_file_id, read_link
from modelhub.server.formats.requests.options import drop_none

Block = dict[str, Any]
THOUGHTS = ("thinking", "redacted_thinking")


def parse_system(fields: Fields) -> Iterator[Block]:
    """The message of the ``system`` of a request, a text or blocks of text."""
    system = fields.given.get("system")
    if not system and isinstance(system, str | list | None):
        return
    if isinstance(system, str):
        yield {"role": "system", "content": system}
        return
    blocks = [Fields(one, f"system[{n}]") for n, one in enumerate(fields.read(*_SYSTEM))]
    for block in blocks:
        block.need_word("type", ("text",))
    yield {"role": "system", "content": [parse_block(block) for block in blocks]}


_SYSTEM = ("system", (str, list), "a string or a list of blocks")


def parse_blocks(items: list[Any], place: str) -> list[Block]:
    """The blocks of a message."""
    return [parse_block(Fields(item, f"{place}[{n}]")) for n, item in enumerate(items)]


def parse_block(fields: Fields) -> Block:
    """One block; raises Failure for one of another type than those that are taken."""
    kind = fields.need_text("type")
    if kind not in _BLOCKS:
        raise refuse(f"{fields.find_place('type')} is {show(kind)}: there are {', '.join(_BLOCKS)}")
    mark = fields.read_object("cache_control")
    return {"type": kind, **_BLOCKS[kind](fields), **drop_none({"cache_control": mark})}


def _text(fields: Fields) -> Block:
    return {"text": fields.read_text("text") or ""}


def _thinking(fields: Fields) -> Block:
    return {"thinking": fields.read_text("thinking") or "", "signature": fields.read_text("signature") or ""}


def _redacted(fields: Fields) -> Block:
    return {"data": fields.need_text("data")}


def _tool_use(fields: Fields) -> Block:
    return {"id": fields.need_text("id"), "name": fields.need_text("name"), "input": fields.read_object("input") or {}}


def _tool_result(fields: Fields) -> Block:
    ident = fields.need_text("tool_use_id")
    given, place = fields.given.get("content"), fields.find_place("content")
    if given is not None and not isinstance(given, str | list):
        raise refuse(f"{place} must be a string or a list of blocks, not {name_type(given)}")
    content = parse_blocks(given, place) if isinstance(given, list) else given or ""
    for n, block in enumerate(content):
        if isinstance(block, dict) and block["type"] not in ("text", "image", "document"):
            raise refuse(f"{place}[{n}].type is {show(block['type'])}: a result holds text, images and documents")
    return {"tool_use_id": ident, "content": content, **({"is_error": True} if fields.read_flag("is_error") else {})}


def _image(fields: Fields) -> Block:
    return {"source": _parse_source(fields, ("base64", "url", "file"))}


def _document(fields: Fields) -> Block:
    told = {"title": fields.read_text("title"), "context": fields.read_text("context")}
    source = _parse_source(fields, ("base64", "url", "file", "text"))
    return {"source": source, **drop_none({**told, "citations": fields.read_object("citations")})}


def _parse_source(fields: Fields, kinds: tuple[str, ...]) -> Block:
    source = Fields(fields.given.get("source"), fields.find_place("source"))
    kind = source.need_word("type", kinds)
    if kind == "url":
        return {"type": "url", "url": read_link(source.given.get("url"), source.find_place("url"))}
    if kind == "file":
        source.need_text("file_id")
        return {"type": "file", "file_id": read_file_id(source)}
    return {"type": kind, "media_type": source.need_text("media_type"), "data": source.need_text("data")}


_BLOCKS: dict[str, Callable[[Fields], Block]] = {
    "text": _text,
    "image": _image,
    "document": _document,
    "tool_use": _tool_use,
    "tool_result": _tool_result,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
}
