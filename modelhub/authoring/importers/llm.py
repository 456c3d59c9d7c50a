"""Converts llm's extra-openai-models.yaml: https://llm.datasette.io/en/stable/other-models.html."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from modelhub.authoring.importers import keys
from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.keys import Source, Table
from modelhub.authoring.importers.notes import Notes
from modelhub.authoring.importers.vendors import BY_NAME, find_name
from modelhub.configs import Document

_MODEL: Table = {
    "model_id": "",
    "model_name": "model",
    "api_base": "api_base",
    "api_key_name": "",
    "api_type": "",
    "api_version": "api_version",
    "api_engine": "model",
    "headers": keys.HEADERS,
    "can_stream": keys.negated,
    "aliases": "!one config has one name; `extends` gives it another",
    "completion": "",
    "responses": keys.RESPONSES,
    **dict.fromkeys(("supports_schema", "supports_tools", "vision", "audio", "reasoning"), keys.KNOWN),
    **dict.fromkeys(("allows_system_prompt", "attachment_types", "service_tier"), keys.KNOWN),
}


def find_models(document: Document, notes: Notes) -> Iterator[Deployment]:
    """The models of the list."""
    source = Source(document, notes)
    for path, item in source.list_mappings((), "a model"):
        name: Any = item.get("model_id")
        if item.get("completion"):
            message = f"'{name}' is not converted: there is no model_type for OpenAI's API of completions"
            source.tell((*path, "completion"), message, key=True, lost=True)
            continue
        found = source.gather(item, path, _MODEL)
        found.setdefault("model", (name, (document, (*path, "model_id"))))
        if key := item.get("api_key_name"):
            place = (*path, "api_key_name")
            variable = _find_variable(str(key))
            found["api_key"] = (f"${{{variable}}}", (document, place))
            source.tell(place, f"the key that llm keeps is not copied: set {variable} to it", key=True)
        if made := source.build(name, path, found, str(item.get("api_type") or "openai"), owner=str(name)):
            yield made


def _find_variable(key: str) -> str:
    """The variable for a key that llm has under this name: the vendor's own, if it is a vendor's."""
    vendor = BY_NAME.get(find_name(key) or "")
    if vendor and vendor.key:
        return vendor.key
    name = "".join(sign if sign.isalnum() and sign.isascii() else "_" for sign in key).upper()
    return f"{name}_API_KEY" if not name[:1].isdigit() else f"KEY_{name}"
