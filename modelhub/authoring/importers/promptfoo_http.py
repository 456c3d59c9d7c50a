"""Converts a promptfoo provider of any HTTP service to a description of its protocol.

https://www.promptfoo.dev/docs/providers/http
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from modelhub.authoring.importers.deployments import Described
from modelhub.authoring.importers.drafts import Place
from modelhub.authoring.importers.keys import Source, as_mapping
from modelhub.authoring.importers.references import translate
from modelhub.configs.readers.positions import Path

_PROMPT = re.compile(r"\{\{\s*prompt\s*(?:\|\s*(?:dump|safe|trim)\s*)*\}\}")
_ASKED = "length(messages) == `1` && input || prompt"  # one question as it is, else the whole conversation
_PATH = re.compile(r"(?:json|\(?json\)?\s*=>\s*json)((?:\??\.?[\w\[\]'\"$]+)+)")
_HANDLED = ("url", "method", "headers", "body", "queryParams", "transformResponse", "responseParser")


class _Unclear(Exception):
    """A template with more in it than the prompt."""


def find_http(source: Source, name: str, address: str, config: dict[str, Any], path: Path) -> Iterator[Described]:
    """The model behind ``address`` or ``url``; where its protocol is told by code, it is lost."""
    document = source.document
    url = config.get("url") or address
    key = next((each for each in ("transformResponse", "responseParser") if each in config), "")
    expression = _read_expression(config.get(key, "json"))
    values: dict[tuple[str, ...], tuple[Any, Place]] = {
        ("model_type",): ("post_api_chat", (document, path)),
        ("api_url",): (url, (document, (*path, "url"))),
    }
    try:
        if expression is None:
            raise _Unclear(key)
        if not isinstance(url, str) or "{{" in translate(url):
            raise _Unclear("url")
        for theirs, ours in (("body", "body"), ("queryParams", "query")):
            if theirs in config:
                built = _build_template(_parse_body(config[theirs]), theirs)
                values["request", ours] = (built, (document, (*path, theirs)))
    except _Unclear as unclear:
        place = (*path, str(unclear)) if str(unclear) in config else path
        source.tell(place, f"'{name}' is not converted: {unclear} says it in code, which is not run", lost=True)
        return
    method = str(config.get("method") or ("POST" if "body" in config else "GET")).upper()
    if method != "POST":
        values["request", "method"] = (method, (document, (*path, "method")))
    headers = as_mapping(config.get("headers"))
    kept = {each: text for each, text in headers.items() if each.lower() != "content-type"}
    if kept:
        values[("headers",)] = (kept, (document, (*path, "headers")))
    if expression:
        values["response", "text"] = (expression, (document, (*path, key)))
    for other in config.keys() - set(_HANDLED):
        source.refuse((*path, other), "it is for an evaluation")
    yield Described(name, (document, path), values)


def _read_expression(value: Any) -> str | None:
    """The path that finds the answer in a reply, in JMESPath; None for code."""
    if not isinstance(value, str):
        return None
    text = value.strip()
    if text in ("json", "text"):
        return ""
    match = _PATH.fullmatch(text)
    if match is None:
        return None
    return match[1].replace("?.", ".").replace("?", "").lstrip(".").replace("['", ".").replace("']", "")


def _parse_body(value: Any) -> Any:
    """A body that is a text may be JSON."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        with suppress(ValueError):
            return json.loads(value)
        raise _Unclear("body")
    return value


def _build_template(value: Any, key: str) -> Any:
    """A body with expressions in place of the prompt."""
    if isinstance(value, dict):
        return {name: _build_template(item, key) for name, item in value.items()}
    if isinstance(value, list):
        return [_build_template(item, key) for item in value]
    if not isinstance(value, str):
        return value
    if _PROMPT.fullmatch(value.strip()):
        return f"={_ASKED}"
    pieces = _PROMPT.split(value)
    if "{{" in translate("".join(pieces)) or "{%" in value:
        raise _Unclear(key)
    if len(pieces) == 1:
        return f"={value}" if value.startswith("=") else value
    quoted = [f"'{piece}'" if piece else "" for piece in (each.replace("'", "\\'") for each in pieces)]
    parts = [part for piece in quoted for part in (piece, f"({_ASKED})")][:-1]
    return f"=join('', [{', '.join(filter(None, parts))}])"
