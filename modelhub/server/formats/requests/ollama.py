"""Reads Ollama's requests, of which it passes over what it does not know: https://docs.ollama.com/api"""

from __future__ import annotations

from typing import Any

from modelhub.response import ModelResponse
from modelhub.server.formats.format import Ask
from modelhub.server.formats.protocol import Wanted
from modelhub.server.formats.requests.fields import Fields, Read, name_type, read_all, refuse
from modelhub.server.formats.requests.links import read_packed
from modelhub.server.formats.requests.options import drop_none, is_refused
from modelhub.server.formats.requests.thoughts import add_thoughts

_ROLES = frozenset({"system", "user", "assistant", "tool"})
_OPTIONS: dict[str, Read] = {
    "temperature": Fields.read_number,
    "top_p": Fields.read_number,
    "seed": Fields.read_integer,
    "stop": Fields.read_stop,
}


def parse_chat(ask: Ask) -> Wanted:
    """What a request of ``/api/chat`` wants; raises Failure, which names what is wrong."""
    fields = Fields(ask.body)
    messages = [parse_message(one) for one in fields.list_items("messages")]
    tools = {"tools": fields.read_objects("tools") or None}
    return _build(fields, messages, drop_none(tools), {"generate": False}, loads=not messages)


def parse_generate(ask: Ask) -> Wanted:
    """What a request of ``/api/generate`` wants; raises Failure, which names what is wrong."""
    fields = Fields(ask.body)
    for name in ("template", "raw", "context"):
        if fields.given.get(name):
            raise refuse(f"{name} is not taken: the model's own template is used, and earlier turns go to /api/chat")
    prompt, system = fields.read_text("prompt") or "", fields.read_text("system")
    images = fields.read_list("images")
    suffix = drop_none({"suffix": fields.read_text("suffix")})
    turn = parse_message(Fields({"role": "user", "content": prompt, "images": images}))
    before = [{"role": "system", "content": system}] if system else []
    given: Any = [*before, turn] if system or images else prompt
    return _build(fields, given, {}, {"generate": True}, loads=not (prompt or images), extra=suffix)


def _build(
    fields: Fields,
    given: Any,
    options: dict[str, Any],
    form: dict[str, Any],
    *,
    loads: bool,
    extra: dict[str, Any] | None = None,
) -> Wanted:
    model = fields.need_text("model")
    sampling = fields.read_fields("options") or Fields({}, "options")
    known = read_all(sampling, _OPTIONS)
    limit = sampling.read_integer("num_predict")
    if limit is not None and limit > 0:  # less is no limit
        known["max_tokens"] = limit
    hints = {name: value for name, value in sampling.given.items() if name not in {*_OPTIONS, "num_predict"}}
    hints |= {"think": fields.read("think", (bool, str), "true, false or a level")}
    hints |= {name: read(fields, name) for name, read in _HINTS.items()}
    ready = ModelResponse("", finish_reason="load") if loads else None
    return Wanted(
        model,
        "chat",
        given,
        {**known, **drop_none({"response_format": parse_format(fields)}), **options},
        hints={name: value for name, value in drop_none(hints).items() if not is_refused(name)},
        extra=extra or {},
        form=form,
        stream=fields.read_flag("stream") is not False and not loads,
        ready=ready,
    )


_HINTS: dict[str, Read] = {"logprobs": Fields.read_flag, "top_logprobs": Fields.read_integer}


def parse_format(fields: Fields) -> dict[str, Any] | None:
    """OpenAI's ``response_format`` for the word or the schema that Ollama has."""
    form = fields.read_word_or_object("format")
    if isinstance(form, dict):
        return {"type": "json_schema", "json_schema": {"schema": form}}
    if form not in (None, "", "json"):
        raise refuse("format must be 'json' or a JSON Schema")
    return {"type": "json_object"} if form else None


def parse_message(fields: Fields) -> dict[str, Any]:
    """One message: its images become parts, its calls get ids when they are asked."""
    role = fields.need_word("role", _ROLES)
    text = fields.read_text("content") or ""
    images = [read_packed(one, f"{fields.find_place('images')}[{n}]") for n, one in enumerate(_list_images(fields))]
    parts: list[Any] = [{"type": "text", "text": text}] if text else []
    parts += [{"type": "image_url", "image_url": {"url": image}} for image in images]
    message: dict[str, Any] = {"role": role, "content": parts if images else text}
    if role == "tool":
        names = {"name": fields.read_text("tool_name"), "tool_call_id": fields.read_text("tool_call_id")}
        return {**message, **drop_none(names)}
    if role == "assistant":
        calls = [_parse_call(call) for call in fields.list_items("tool_calls")]
        return add_thoughts({**message, **({"tool_calls": calls} if calls else {})}, fields.read_text("thinking"))
    return message


def _list_images(fields: Fields) -> list[Any]:
    images = fields.read_list("images") or []
    for n, image in enumerate(images):
        if not isinstance(image, str) or not image:
            raise refuse(f"{fields.find_place('images')}[{n}] must be base64, not {name_type(image)}")
    return images


def _parse_call(fields: Fields) -> dict[str, Any]:
    function = Fields(fields.given.get("function"), fields.find_place("function"))
    inner = {"name": function.need_text("name"), "arguments": function.read_word_or_object("arguments") or {}}
    return {"type": "function", **drop_none({"id": fields.read_text("id") or None}), "function": inner}


def parse_embed(ask: Ask) -> Wanted:
    """What a request of ``/api/embed`` wants, a text or texts; raises Failure, which names what is wrong."""
    fields = Fields(ask.body)
    given = fields.given.get("input")
    texts = given if isinstance(given, str) else fields.read_texts("input")
    if texts is None or texts == []:
        raise refuse("input is missing: it must be a string or a list of strings")
    options = drop_none({"dimensions": fields.read_integer("dimensions", 1)})
    return Wanted(fields.need_text("model"), "embedding", texts, options, form={"old": False})


def parse_embeddings(ask: Ask) -> Wanted:
    """What a request of the older ``/api/embeddings`` wants, which has one text."""
    fields = Fields(ask.body)
    return Wanted(fields.need_text("model"), "embedding", fields.need_text("prompt"), form={"old": True})
