"""Builds the config of a protocol from what was recorded of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from modelhub.authoring.adapter.access import read_access, read_address, read_query
from modelhub.authoring.adapter.bodies import Body, fill
from modelhub.authoring.adapter.failing import find_failure
from modelhub.authoring.adapter.jobs import find_job, is_submission
from modelhub.authoring.adapter.numbers import is_named, read_images, read_vectors
from modelhub.authoring.adapter.paths import Path
from modelhub.authoring.adapter.recorded import Recorded, Request
from modelhub.authoring.adapter.replies import Part, guess_calls, read_chat
from modelhub.authoring.adapter.streams import read_stream
from modelhub.authoring.yaml_writer import write_block
from modelhub.diagnostics.wording import looks_secret
from modelhub.printable import printable

_TYPES = {"chat": "post_api_chat", "embedding": "post_api_embedding", "image": "post_api_dall_e"}
_HEAD = "Made from a recording; look at what is marked as guessed, then play it: modelhub adapter test"
_ADDRESS = "https://example.internal/v1/generate"


class NothingToRead(Exception):
    """A reply in which there is no answer; the text says what it looks like instead."""


@dataclass(slots=True)
class Inferred:
    """A config, and what of it is a guess."""

    config: dict[str, Any]
    notes: dict[Path, str] = field(default_factory=dict)

    def write(self) -> str:
        """Write it as YAML, with a comment at each guess."""
        return f"# {_HEAD}\n{write_block(self.config, notes=self.notes, packed={'map'})}"


def infer(recorded: Recorded, stream: str | None = None, request: Request | None = None) -> Inferred:
    """Build a config that reads a recorded reply and others like it; raises NothingToRead if it holds no answer."""
    request = request or recorded.request
    asked = list(_list_texts(request.body if request.form is None else request.form)) if request else []
    task, part = _read(recorded, asked, stream)
    made = Inferred({"config_name": "my-model", "model_type": _TYPES[task]})
    config = made.config
    config["model_name"] = "my-model"
    job = find_job(recorded, request)
    handed_in = request if job is None or request is None or request.method != "GET" or recorded.submission else None
    streamed = read_stream(stream, part.value) if stream is not None and task == "chat" else None
    _add_request(made, handed_in, task, streams=streamed is not None)
    if job is not None and request is not None and handed_in is None:
        auth, _, notes = read_access(request)
        config |= {"auth": auth} if auth else {}
        made.notes |= {("auth",): notes["auth"]} if "auth" in notes else {}
    _add(made, "response", part)
    if task == "chat":
        _add_calls(made, streamed)
    if recorded.charset not in ("utf-8", "latin-1"):
        config["response"]["charset"] = recorded.charset
    if not recorded.is_json:
        config["response"]["format"] = "text"
    error, note = find_failure(recorded.document, part.answer)
    config["error"] = error
    made.notes["error",] = note
    if streamed is not None:
        _add(made, "stream", streamed)
        if not streamed.config.get("finish_reason") and task == "chat":
            made.notes.setdefault(("stream",), "the recorded stream does not say why the answer ended")
    if job is not None:
        config["poll"] = job[0]
        made.notes["poll",] = job[1]
    return made


def _read(recorded: Recorded, asked: Iterable[str], stream: str | None) -> tuple[str, Part]:
    """Which task a reply is of, and how it is read."""
    document = recorded.document
    if recorded.is_json:
        told = read_stream(stream, "") if stream else None
        chat = read_chat(document, asked, told.value if told else "")
        others = (("image", read_images(document)), ("embedding", read_vectors(document)))
        for task, other in others:
            if other is not None and (chat is None or not _says(chat) or (task == "embedding" and is_named(other))):
                return task, other
        if chat is not None:
            return "chat", chat
        links = read_images(document, any_link=True)
        if links is not None:
            return "image", links
        if is_submission(document):
            raise NothingToRead("it only says that a job was taken; record the reply that has the result")
        keys = ", ".join(sorted(map(str, document))[:12]) if isinstance(document, dict) else ""
        raise NothingToRead(f"it has {keys}" if keys else "it has no text")
    text = document["body"]
    if not text.strip() or text.lstrip()[:1] in "<{[":
        raise NothingToRead("it is empty" if not text.strip() else "it is neither JSON nor plain text")
    return "chat", Part({"text": "body"}, {}, ("body",), text)


def _says(chat: Part) -> bool:
    """Whether a chat's answer looks like language, not like an address or data."""
    return (
        " " in chat.value.strip() or bool(chat.config.get("tool_calls")) or bool(re.search(r"[^\x00-\xff]", chat.value))
    )


def _list_texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _list_texts(each)


def _add(made: Inferred, key: str, part: Part) -> None:
    made.config[key] = part.config
    made.notes |= {(key, *path): note for path, note in part.notes.items()}


def _add_request(made: Inferred, request: Request | None, task: str, *, streams: bool) -> None:
    """Add how the request is built, as it was recorded, else as most services want it."""
    config = made.config
    if request is None:
        config["api_url"] = _ADDRESS
        made.notes["api_url",] = "guessed: no request was given; add auth if the service wants a key"
        config["request"] = {"body": _build_usual(task, streams=streams), "pass_options": True}
        made.notes["request",] = "guessed: no request was given"
        return
    body = Body(task, given=request.options)
    template = fill(request.form if request.form is not None else request.body, body)
    auth, others = read_query(request)
    body.finds_input = body.finds_input or "=messages" in str(template)
    _take_notes(made, "form" if request.form is not None else "body", body)
    query = fill(others, body)
    _take_notes(made, "query", body)
    config["api_url"], named = read_address(request, body.model)
    if not request.url.startswith("http"):
        made.notes["api_url",] = "guessed: the host"
    _add_name(config, printable((body.model or named).strip()))
    signed, headers, notes = read_access(request)
    config |= {"auth": signed or auth} if signed or auth else {}
    if auth and signed:
        query[auth["name"]] = "${API_QUERY_KEY}"
    made.notes |= {(key,): note for key, note in notes.items() if key == "auth"}
    if body.messages:
        config["messages"] = body.messages
    if body.options:
        config["generate_args"] = body.options
        made.notes["generate_args",] = "as in the recorded request; a call may say otherwise"
    if not body.finds_input and "=messages" not in str(query):
        made.notes["request",] = "the input was not found in it: put =messages, =prompt or =input where it belongs"
    if "headers" in notes:
        made.notes["request",] = notes["headers"]
    sent = _build_sent(config, request, query, headers, template)
    _add_missing(made, sent, body, streams=streams)
    config["request"] = sent


def _take_notes(made: Inferred, where: str, body: Body) -> None:
    made.notes |= {("request", where, *path): note for path, note in body.notes.items()}
    body.notes = {}


def _add_name(config: dict[str, Any], name: str) -> None:
    """Add what the model is called, and the config after it; nothing of what may be a key."""
    if name and not looks_secret(name):
        config["model_name"] = name
        config["config_name"] = re.sub(r"[^\w.-]+", "-", name).strip("-") or "my-model"


def _build_sent(
    config: dict[str, Any], request: Request, query: dict[str, Any], headers: dict[str, Any], template: Any
) -> dict[str, Any]:
    """The config's ``request``, which has what varies of its address, too."""
    sent: dict[str, Any] = {"method": request.method} if request.method in ("GET", "PUT") else {}
    if "{" in config["api_url"]:
        sent["url"] = config["api_url"]
        config["api_url"] = config["api_url"].partition("{")[0].rstrip("/")
    if query:
        sent["query"] = query
    if headers:
        sent["headers"] = headers
    if request.form is not None:
        sent["form"] = template
    elif template is not None and request.method != "GET":
        sent["body"] = template
    if request.charset not in ("utf-8", "utf8", "UTF-8", ""):
        sent["charset"] = request.charset.lower()
    return sent


def _add_missing(made: Inferred, sent: dict[str, Any], body: Body, *, streams: bool) -> None:
    """Add what this request did not need but others will: tools, and that the answer is wanted as a stream."""
    where = "form" if "form" in sent else "body"
    if not isinstance(sent.get(where), dict):
        return
    if not body.has_tools and body.task == "chat" and "=messages" in sent[where].values():
        sent[where] |= {"tools": "=tools", "tool_choice": "=tool_choice"}
        made.notes["request", where, "tools"] = "guessed: the request has no tools"
    if streams and not body.streams:
        sent[where]["stream"] = "=stream || `null`"
        made.notes["request", where, "stream"] = "guessed: the request was not for a stream"


def _add_calls(made: Inferred, streamed: Part | None) -> None:
    """Add where tool calls most likely are, if they can be sent and the recording has none."""
    config = made.config
    body = config["request"].get("body")
    if "tool_calls" not in config["response"] and isinstance(body, dict) and "=tools" in body.values():
        if calls := guess_calls(config["response"].get("text", "")):
            config["response"]["tool_calls"] = calls
            made.notes["response", "tool_calls"] = "guessed: this reply has no tool call"
        else:
            body.pop("tools")
            body.pop("tool_choice", None)
    known = config["response"].get("tool_calls")
    if streamed is None or known is None or "tool_calls" in streamed.config:
        return
    if "in_text" in known:
        streamed.config["tool_calls"] = known
    elif streamed.config.get("text", "").endswith("delta.content"):
        each = {"each": streamed.config["text"].removesuffix("content") + "tool_calls", "index": "index", "id": "id"}
        streamed.config["tool_calls"] = {
            **each,
            "name": "function.name",
            "arguments": "function.arguments",
            "partial": True,
        }
    else:
        last = re.search(r"\.(\w+)$", known["each"])
        each = {"each": f"{last[1]} || {known['each']}" if last else known["each"]}
        streamed.config["tool_calls"] = {**known, **each}
    made.notes["stream", "tool_calls"] = "guessed: this stream has no tool call"


def _build_usual(task: str, *, streams: bool) -> dict[str, Any]:
    if task != "chat":
        return {"model": "=model", "input" if task == "embedding" else "prompt": "=input"}
    body = {"model": "=model", "messages": "=messages", "tools": "=tools", "tool_choice": "=tool_choice"}
    return body | ({"stream": "=stream"} if streams else {})
