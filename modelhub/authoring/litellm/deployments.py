"""Converts one entry of LiteLLM's ``model_list`` into a model config."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from modelhub.authoring.litellm.base_urls import build_address
from modelhub.authoring.litellm.draft import Draft, Place
from modelhub.authoring.litellm.notes import Notes
from modelhub.authoring.litellm.settings import explain_deployment
from modelhub.authoring.litellm.values import ENVIRON, Values
from modelhub.authoring.litellm.vendors import VENDORS, Vendor, guess_mode, split_model
from modelhub.validation import load_schema
from modelhub.validation.schema.flatten import flatten

LIBRARY = "litellm_chat"
_TASKS = {"chat": "chat", "completion": "chat", "responses": "chat", "embedding": "embedding"}
_TASKS["image_generation"] = "image"
_PLURALS = {"embedding": "embeddings", "image": "images"}
_HANDLED = frozenset({"model", "api_key", "api_base", "base_url", "custom_llm_provider", "litellm_credential_name"})
# What tells LiteLLM's library what to do, and no server.
_LIBRARY_OPTIONS = re.compile(
    r"(?:aws|azure|vertex|watsonx|anthropic|openai|s3|gcs)_\w+|(?:tenant|client)_id|client_secret|region_name"
    r"|ssl_verify|use_xai_oauth|allowed_openai_params|fireworks_forward_user_id"
)
_LIBRARY_KEYS = ("api_version", "organization", "drop_params", "additional_drop_params")
_RETRIES = ("max_retries", "num_retries")


class Deployment:
    """One entry: its parameters, and below them those of its credential, each with its place."""

    def __init__(
        self, name: str, place: Place, params: Mapping[str, tuple[Any, Place]], info: Mapping[str, Any]
    ) -> None:
        self.name = name
        self.place = place
        self.params = params
        self.info = info

    def get(self, *names: str) -> Any:
        """The first of these parameters that is given."""
        return next((self.params[name][0] for name in names if self.params.get(name, (None,))[0] is not None), None)


def find_provider(deployment: Deployment) -> tuple[str | None, str]:
    """The provider that LiteLLM finds for a deployment (None if only LiteLLM knows it), and the name of the model."""
    model = str(deployment.params["model"][0])
    if model.startswith(ENVIRON):
        return None, model
    told, api_base = deployment.get("custom_llm_provider"), deployment.get("api_base", "base_url")
    return split_model(model, told and str(told), api_base if isinstance(api_base, str) else None)


def find_variable(deployment: Deployment) -> str | None:
    """The variable with the key of a deployment that does not name a key."""
    provider, _ = find_provider(deployment)
    vendor = VENDORS.get(provider) if provider else None
    return vendor.key if vendor else None


def build_draft(deployment: Deployment, values: Values, notes: Notes) -> Draft | None:
    """Convert a deployment except for its name; None, with an error among the notes, if that is not possible."""
    model, place = str(deployment.params["model"][0]), deployment.params["model"][1]
    provider, name = find_provider(deployment)
    vendor = VENDORS.get(provider) if provider else None
    mode = str(deployment.info.get("mode") or guess_mode(name, provider))
    task = _TASKS.get(mode)
    if task is None:
        notes.add(*place, f"'{model}' is not converted: there is no model_type for {mode}", is_error=True)
        return None
    own = getattr(vendor, task) if vendor and mode != "responses" else None
    if own is None and task != "chat":
        who = f"{provider or model.partition('/')[0]}'s {_PLURALS[task]}"
        notes.add(*place, f"'{model}' is not converted: there is no model_type for {who}", is_error=True)
        return None
    if vendor and mode == "responses":
        notes.add(*place, f"'{model}' is converted to {LIBRARY}: no other model_type has OpenAI's Responses API")
    if provider == "dashscope" and name.lower().startswith(("qwen-vl", "qwen2-vl", "qwen2.5-vl", "qwen3-vl", "qvq")):
        own = own and own.replace("_chat", "_multimodal")
    builder = _Builder(deployment, values, notes, provider, vendor, name)
    if own is not None and own != LIBRARY:
        model_type, why = builder.choose_type(own, task)
        if why:
            notes.add(*place, f"'{model}' is converted to {LIBRARY}: {why}")
        return builder.build(model_type, name if model_type != LIBRARY else model)
    return builder.build(LIBRARY, name if own else model)


class _Builder:
    """Builds the config of one deployment, for the model_type that is chosen."""

    def __init__(
        self,
        deployment: Deployment,
        values: Values,
        notes: Notes,
        provider: str | None,
        vendor: Vendor | None,
        name: str,
    ) -> None:
        self.deployment, self.values, self.notes = deployment, values, notes
        self.provider, self.vendor, self.name = provider, vendor, name
        self.draft = Draft(deployment.place)

    def choose_type(self, own: str, task: str) -> tuple[str, str | None]:
        """The model_type to use, and the reason if a chat needs LiteLLM's library instead of modelhub's own type."""
        api_base = self.read("api_base") or self.read("base_url")
        if build_address(self.provider, self.vendor, own, api_base) is None:
            if self.provider == "dashscope":  # LiteLLM speaks OpenAI's protocol to it
                own = "openai_" + ("chat" if task == "chat" else task)
            else:
                return LIBRARY, f"{own} cannot use this api_base"
        if task != "chat":
            return own, None
        known = _find_options(own)
        for key in self.deployment.params:
            if key in _HANDLED or key in _TOP_LEVEL or key in _LIBRARY_KEYS or explain_deployment(key):
                continue
            if _LIBRARY_OPTIONS.fullmatch(key) or (own != "openai_chat" and key not in known):
                return LIBRARY, f"{own} has no option '{key}'"
        return own, None

    def read(self, key: str) -> Any:
        """A parameter in modelhub's form."""
        value, place = self.deployment.params.get(key, (None, None))
        if place is None:
            return None
        vendor = self.provider or "litellm"
        if self.provider is None and "/" in self.name:
            vendor = self.name.partition("/")[0]
        vendor = re.sub(r"\W", "_", vendor)
        variable = (self.vendor and self.vendor.key) or f"{vendor}_API_KEY".upper()
        return self.values.read(value, *place, vendor=vendor, key=variable)

    def build(self, model_type: str, name: str) -> Draft:
        """The draft of a config of ``model_type``."""
        draft, params = self.draft, self.deployment.params
        if self.vendor and self.vendor.prefix and "/" not in name and "#" not in name:
            name = self.vendor.prefix + name
        if name.startswith(ENVIRON):
            name = f"${{{name.removeprefix(ENVIRON)}}}"
        draft.put(("model_type",), model_type)
        draft.put(("model_name",), name)
        self.put_key(model_type)
        self.put_address(model_type)
        if model_type == LIBRARY and self.deployment.get("custom_llm_provider"):
            draft.put(("generate_args", "custom_llm_provider"), self.deployment.get("custom_llm_provider"))
        for key, (value, place) in params.items():
            if key not in _HANDLED and value is not None:
                self.put_option(model_type, key, value, place)
        if model_type == "openai_embedding" and "base_url" in draft.config.get("client_args", {}):
            # Not every server has OpenAI's packed vectors, which modelhub asks for.
            draft.config.setdefault("generate_args", {}).setdefault("encoding_format", "float")
        return draft

    def put_key(self, model_type: str) -> None:
        """Write the key that is sent: the key that is given, else the vendor's variable, as LiteLLM does."""
        vendor, key = self.vendor, self.read("api_key")
        own_server = self.provider == "openai" and self.deployment.get("api_base", "base_url")
        if key:
            self.draft.put(("api_key",), key, self.deployment.params["api_key"][1])
        elif vendor and vendor.key and not own_server and (model_type != LIBRARY or vendor.chat == LIBRARY):
            self.draft.put(("api_key",), f"${{{vendor.key}{':-none' if vendor.key_optional else ''}}}")

    def put_address(self, model_type: str) -> None:
        """Write the address of the server."""
        given = next((key for key in ("api_base", "base_url") if self.deployment.get(key)), None)
        place = self.deployment.params[given][1] if given else None
        address = build_address(self.provider, self.vendor, model_type, self.read(given) if given else None)
        for key, value in (address or {}).items():
            for path, item in [((key, name), item) for name, item in value.items()] if key == "client_args" else []:
                self.draft.put(path, item, place)
            if key != "client_args":
                self.draft.put((key,), value, place)

    def put_option(self, model_type: str, key: str, value: Any, place: Place) -> None:
        """Write any other parameter where ``model_type`` expects it, or note that it has no place."""
        draft, notes = self.draft, self.notes
        if key in _RETRIES:
            if re.fullmatch(r"\d+", str(value)):
                draft.put(("retry", "max_attempts"), int(value) + 1, place)
            else:
                notes.add(*place, f"{key} is not converted: it must be a whole number", key=True, is_error=True)
            return
        if key in _LIBRARY_KEYS and model_type == LIBRARY:
            draft.put(("generate_args", key), self.read(key), place)
        elif key == "api_version":
            notes.add(*place, f"{key} is not converted: {model_type} needs none", key=True)
        elif key == "organization" and self.provider != "openai":
            notes.add(*place, f"{key} is not converted: only OpenAI is told", key=True)
        elif reason := explain_deployment(key):
            notes.add(*place, f"{key} is not converted: {reason}", key=True)
        elif key in _TOP_LEVEL:
            draft.put((_TOP_LEVEL[key],), self.read(key), place)
        else:
            draft.put(_find_options(model_type).get(key, ("generate_args", key)), self.read(key), place)


_TOP_LEVEL = {
    "organization": "organization",
    "timeout": "timeout",
    "extra_headers": "headers",
    "stream": "stream",
    "tags": "tags",
    **dict.fromkeys(_RETRIES, "retry"),
}


@cache
def _find_options(model_type: str) -> dict[str, tuple[str, ...]]:
    """Where a config of this type has each option of its calls."""
    properties = flatten(load_schema(model_type) or {}).get("properties", {})
    found: dict[str, tuple[str, ...]] = {}
    for holder in ("options", "generate_args"):
        for name, about in properties.get(holder, {}).get("properties", {}).items():
            if not (isinstance(about, dict) and about.get("deprecated")):
                found[name] = (holder, name)
    return found | {name: (name,) for name in ("keep_alive", "think", "format") if name in properties}
