"""What the keys of another program mean here: each importer has tables of them, which this module walks."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.drafts import Place
from modelhub.authoring.importers.notes import Notes
from modelhub.authoring.importers.references import translate
from modelhub.authoring.importers.vendors import BY_NAME, find_name, guess_mode
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path
from modelhub.validation.rules.placeholders import is_placeholder

# A key means a parameter of a Deployment ("" is read elsewhere), or what a function makes of its value, or it has a
# table of its own; "!" begins the reason why it means nothing here. "*" is every other key, "=" a parameter called so.
Table = Mapping[str, "str | Callable[[Any], Any] | Table"]
Found = dict[str, tuple[Any, Place]]
NO_PLACE = "modelhub has no place for it"

# What several programs have.
OPTIONS: Table = {"*": "="}
HEADERS = "extra_headers"
PROMPTS = "!a prompt is part of each call"
TOOLS = "!tools are passed with each call"
DISPLAY = "!it is only shown to people"
KNOWN = "!what a model can do is known, or learnt from its server"
CONTEXT = "!the server knows how long a prompt may be"
TLS = "!write `tls` in the config"
RESPONSES = "!it is for OpenAI's Responses API"
CACHES = "!write `cache` in the config to keep answers"
LOGS = "!`observers` tell what happens in calls"
_NO_HTTP = re.compile(r"(?i)(?!https?:)[a-z]+://")
_AWS = ("bedrock", "sagemaker")
_ACCOUNTS: Mapping[str, Mapping[str, str]] = {
    "region": {**dict.fromkeys(_AWS, "aws_region_name"), "vertex_ai": "vertex_location", "watsonx": "region_name"},
    "location": {"vertex_ai": "vertex_location"},
    "project": {"vertex_ai": "vertex_project", "watsonx": "watsonx_project"},
    "profile": dict.fromkeys(_AWS, "aws_profile_name"),
    "access_key": dict.fromkeys(_AWS, "aws_access_key_id"),
    "secret_key": dict.fromkeys(_AWS, "aws_secret_access_key"),
    "session_token": dict.fromkeys(_AWS, "aws_session_token"),
    "endpoint": {"bedrock": "aws_bedrock_runtime_endpoint", "sagemaker": "sagemaker_base_url"},
}


def milliseconds(value: Any) -> Any:
    """A timeout in seconds."""
    if not _is_number(value) or value <= 0:
        return None
    return {"timeout": value // 1000 if value % 1000 == 0 else value / 1000}


def negated(value: Any) -> Any:
    """Streaming that is told not to be."""
    return {"stream": False} if value is False else {}


def thinking(value: Any) -> Any:
    """How long a model may think, as Vercel's AI SDK has it and as vendors have it."""
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        return None
    budget = value.get("budgetTokens", value.get("budget_tokens"))
    return {"thinking": {"type": value["type"]} | ({"budget_tokens": budget} if _is_number(budget) else {})}


def per_million(value: Any) -> Any:
    """A price of opencode's: dollars for a million tokens, which may be the only one of a list."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if not isinstance(value, dict) or not all(_is_number(value.get(key)) for key in ("input", "output")):
        return None
    return {"price": {"prompt": value["input"], "completion": value["output"]}} if any(value.values()) else {}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def merge(first: Found, second: Found) -> Found:
    """Both, of which the second counts more; headers are put together."""
    merged = first | second
    if HEADERS in first and HEADERS in second:
        merged[HEADERS] = (as_mapping(first[HEADERS][0]) | as_mapping(second[HEADERS][0]), second[HEADERS][1])
    return merged


def as_mapping(value: Any) -> dict[str, Any]:
    """``value``, or nothing where it is no mapping."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """``value``, or nothing where it is no list."""
    return value if isinstance(value, list) else []


class Source:
    """A document, and the notes about it."""

    def __init__(self, document: Document, notes: Notes) -> None:
        self.document = document
        self.notes = notes

    def tell(self, path: Path, message: str, *, key: bool = False, lost: bool = False) -> None:
        """Say something about the value at ``path``, or about its key; ``lost`` is what a model is lost for."""
        self.notes.add(self.document, path, message, key=key, is_error=lost)

    def refuse_rest(self, data: dict[str, Any], reasons: Mapping[str, str], *, read: Collection[str] = ()) -> None:
        """Say why the keys of the whole config are not converted that are not ``read``."""
        for key, value in data.items():
            if key not in read and value not in (None, "", [], {}):
                self.refuse((key,), reasons.get(key, reasons.get("*", NO_PLACE)))

    def list_mappings(self, path: Path, what: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """The mappings in the list or mapping at ``path``; whatever else stands there is a model that is lost."""
        value: Any = self.document.data
        for step in path:
            value = value.get(step) if isinstance(value, dict) else None
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for step, item in items:
            if isinstance(item, dict):
                yield (*path, step), item
            elif item is not None:
                self.tell((*path, step), f"this is not converted: {what} is a mapping", lost=True)

    def refuse(self, path: Path, reason: str) -> None:
        """Say why the key at ``path`` is not converted."""
        self.tell(path, f"{path[-1]} is not converted: {reason}", key=True)

    def gather(self, value: Any, path: Path, table: Table) -> Found:
        """The parameters that the keys of ``value`` mean, each with its place; a note for each key that means none.

        Of keys that mean the same, the last in the table counts.
        """
        found: Found = {}
        order = {key: number for number, key in enumerate(table)}
        items = value.items() if isinstance(value, dict) else ()
        for key, item in sorted(items, key=lambda each: order.get(each[0], len(order))):
            at = (*path, key)
            meaning = table.get(key, table.get("*"))
            if item is None or item == "" or meaning == "":
                continue
            if meaning is None:
                self.refuse(at, NO_PLACE)
            elif isinstance(meaning, Mapping):
                if isinstance(item, dict):
                    found |= self.gather(item, at, meaning)
                else:
                    self.refuse(at, "it must be a mapping")
            elif callable(meaning):
                made = meaning(item)
                if made is None or isinstance(made, str):
                    self.refuse(at, made or NO_PLACE)
                else:
                    found |= {name: (part, (self.document, at)) for name, part in made.items()}
            elif meaning.startswith("!"):
                self.refuse(at, meaning[1:])
            elif meaning in ("api_key", "api_base", "proxy", "api_version") and _is_left(item, meaning):
                self.tell(at, f"{key} is a placeholder, which is left out")
            else:
                found[key if meaning == "=" else meaning] = (item, (self.document, at))
        return found

    def build(
        self,
        name: Any,
        path: Path,
        found: Found,
        vendor: str,
        *,
        mode: str = "",
        owner: str = "",
        description: Any = None,
    ) -> Deployment | None:
        """The model at ``path`` whose vendor the program calls ``vendor``; None, with a note, where it is lost."""
        model, place = found.get("model", (None, (self.document, path)))
        address = found.get("api_base", (None,))[0]
        if not isinstance(model, str):
            self.tell(path, f"'{name}' is not converted: it has no model's name", lost=True)
            return None
        provider = find_name(vendor, address if isinstance(address, str) else None)
        if provider is None and address and not _NO_HTTP.match(str(address)):
            self.tell(path, f"'{name}' is taken for a model of OpenAI's API, as there is no vendor called {vendor}")
            provider = "openai"
        if provider is None:
            self.tell(place[1], f"'{name}' is not converted: there is no model_type for {vendor}", lost=True)
            return None
        if provider not in BY_NAME:
            self.tell(place[1], f"'{name}' is converted to litellm_chat: no other model_type has {provider}'s models")
        if not mode:
            mode = guess_mode(model, provider)
            mode = "chat" if mode == "responses" and (provider != "openai" or address) else mode
        found = self._place_account(found, provider)
        info = {"mode": mode} | ({"description": description} if isinstance(description, str) and description else {})
        return Deployment(str(name), (self.document, path), _sign(found), info, provider=provider, owner=owner)

    def _place_account(self, found: Found, provider: str) -> Found:
        """The same with the names that LiteLLM's library has for what says whose account in a cloud is used, and where.

        Programs have the same names for all clouds; what means nothing at this one is told.
        """
        placed: Found = {}
        for name, (value, place) in found.items():
            meant = _ACCOUNTS[name].get(provider) if name in _ACCOUNTS else name
            if meant:
                placed[meant] = (value, place)
            else:
                self.refuse(place[1], f"{provider} has none")
        return placed


def _sign(found: Found) -> Found:
    """The same with the key from the header where it is in one."""
    headers, place = found.get(HEADERS, ({}, None))
    if place is None or "api_key" in found or not isinstance(headers, dict):
        return found
    for name, value in headers.items():
        if name.lower() == "authorization" and isinstance(value, str) and value.lower().startswith("bearer "):
            rest = {key: item for key, item in headers.items() if key != name}
            document, path = place
            key = {"api_key": (value[len("bearer ") :].strip(), (document, (*path, name)))}
            return {**found, **key, HEADERS: (rest, place)}
    return found


def _is_left(value: Any, meaning: str) -> bool:
    """Whether a value is a placeholder that was left as it is."""
    text = translate(value) if isinstance(value, str) else ""
    return bool(text) and "${" not in text and is_placeholder(text, "base_url" if meaning == "api_base" else meaning)
