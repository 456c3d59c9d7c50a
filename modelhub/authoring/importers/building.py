"""Builds the config of a model that another program has."""

from __future__ import annotations

from typing import Any

from modelhub.authoring.importers.base_urls import build_address
from modelhub.authoring.importers.deployments import Deployment, find_provider, find_vendor
from modelhub.authoring.importers.drafts import Draft, Place
from modelhub.authoring.importers.notes import Notes
from modelhub.authoring.importers.options import (
    COUNTED,
    LIBRARY,
    LIBRARY_KEYS,
    RETRIES,
    find_path,
    find_unknown,
    is_for_library,
    parse_rate,
)
from modelhub.authoring.importers.values import Owner, Values
from modelhub.authoring.importers.vendors import Vendor, find_host, find_hostname, guess_mode, is_elsewhere
from modelhub.authoring.variables import LONGEST, spell

_TASKS = {"chat": "chat", "completion": "chat", "responses": "chat", "embedding": "embedding"}
_TASKS["image_generation"] = "image"
_PLURALS = {"embedding": "embeddings", "image": "images"}
_HANDLED = frozenset({"model", "api_key", "api_base", "base_url", "custom_llm_provider", "litellm_credential_name"})


def build_draft(deployment: Deployment, values: Values, notes: Notes) -> Draft | None:
    """Convert a deployment except for its name; None, with an error among the notes, if that is not possible."""
    model, place = str(deployment.params["model"][0]), deployment.params["model"][1]
    provider, name = find_provider(deployment)
    vendor = find_vendor(deployment)
    mode = str(deployment.info.get("mode") or guess_mode(name, provider))
    if name.startswith("responses/") and not deployment.provider:  # LiteLLM's way to say which API is asked
        mode = "responses"
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
        return builder.build(model_type, name if model_type != LIBRARY else builder.name_for_library(model))
    return builder.build(LIBRARY, name if own else builder.name_for_library(model))


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
        self.is_ours = deployment.provider is not None
        self.draft = Draft(deployment.place)

    def choose_type(self, own: str, task: str) -> tuple[str, str | None]:
        """The model_type to use, and the reason if a chat needs LiteLLM's library instead of modelhub's own type."""
        if self.build_address(own) is None:
            if self.provider == "dashscope" or self.is_ours:  # OpenAI's protocol is spoken there
                own = "openai_" + ("chat" if task == "chat" else task)
            else:
                return LIBRARY, f"{own} cannot use this api_base"
        if task != "chat" or self.is_ours:
            return own, None
        explain = self.deployment.explain
        unknown = find_unknown([key for key in self.deployment.params if key not in _HANDLED and not explain(key)], own)
        return (LIBRARY, f"{own} has no option '{unknown}'") if unknown else (own, None)

    def name_for_library(self, model: str) -> str:
        """The name that LiteLLM's library wants for the model."""
        return f"{self.provider}/{model}" if self.is_ours else model

    def build_address(self, model_type: str) -> dict[str, Any] | None:
        """The keys with the address of the server."""
        address = self.read("api_base") or self.read("base_url")
        return build_address(self.provider, self.vendor, model_type, address, exact=self.is_ours)

    def read(self, key: str) -> Any:
        """A parameter in modelhub's form."""
        value, place = self.deployment.params.get(key, (None, None))
        if place is None:
            return None
        return self.values.read(value, *place, self.find_owner(), name=key)

    def find_owner(self) -> Owner:
        """Whose the secrets are: the vendor's, or those of a server that only speaks OpenAI's protocol."""
        deployment, name = self.deployment, self.deployment.name
        vendor = self.provider or (self.name.partition("/")[0] if "/" in self.name else "litellm")
        key = self.vendor and self.vendor.key
        if is_elsewhere(self.provider, deployment.address):
            row = find_host(deployment.address)
            names = (deployment.owner, name, find_hostname(deployment.address))
            own = next((each for each in names if 0 < len(each) <= LONGEST), "server")
            vendor, key = (row.name, row.key_variables[0]) if row else (own, None)
        return Owner(name, vendor, key or f"{spell(vendor)}_API_KEY")

    def build(self, model_type: str, name: str) -> Draft:
        """The draft of a config of ``model_type``."""
        draft, params = self.draft, self.deployment.params
        if self.vendor and self.vendor.prefix and "/" not in name and "#" not in name:
            name = self.vendor.prefix + name
        draft.put(("model_type",), model_type)
        draft.put(("model_name",), self.values.translate(name))
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
        own_server = not self.is_ours and self.provider == "openai" and self.deployment.address
        if key:
            self.draft.put(("api_key",), key, self.deployment.params["api_key"][1])
        elif self.is_ours and is_elsewhere(self.provider, self.deployment.address):
            self.draft.put(("api_key",), "none")  # OpenAI's key is for OpenAI alone
            if str(self.deployment.address).startswith("https:"):
                place = self.deployment.params["api_base"][1]
                host = find_hostname(self.deployment.address)
                self.notes.add(*place, f"no key is sent to {host}, as none is named; write api_key if it wants one")
        elif (
            vendor
            and vendor.key
            and (self.is_ours or not own_server)
            and (model_type != LIBRARY or vendor.chat == LIBRARY)
        ):
            self.draft.put(("api_key",), f"${{{vendor.key}{':-none' if vendor.key_optional else ''}}}")

    def put_address(self, model_type: str) -> None:
        """Write the address of the server."""
        given = next((key for key in ("api_base", "base_url") if self.deployment.get(key)), None)
        place = self.deployment.params[given][1] if given else None
        for key, value in (self.build_address(model_type) or {}).items():
            for path, item in [((key, name), item) for name, item in value.items()] if key == "client_args" else []:
                self.draft.put(path, item, place)
            if key != "client_args":
                self.draft.put((key,), value, place)

    def put_option(self, model_type: str, key: str, value: Any, place: Place) -> None:
        """Write any other parameter where ``model_type`` expects it, or note that it has no place."""
        draft, notes = self.draft, self.notes
        told = place[1][-1]
        if key in COUNTED:
            rate = parse_rate(value)
            if rate is None:
                notes.add(*place, f"{told} is not converted: it must be a number", key=True)
            else:
                draft.put(COUNTED[key], rate + (key in RETRIES), place)
        elif key == "api_version" and model_type != LIBRARY:
            notes.add(*place, f"{told} is not converted: {model_type} needs none", key=True)
        elif key == "organization" and model_type != LIBRARY and self.provider != "openai":
            notes.add(*place, f"{told} is not converted: only OpenAI is told", key=True)
        elif self.is_ours and model_type != LIBRARY and is_for_library(key):
            notes.add(*place, f"{told} is not converted: {model_type} has no place for it", key=True)
        elif not (model_type == LIBRARY and key in LIBRARY_KEYS) and (reason := self.deployment.explain(key)):
            notes.add(*place, f"{told} is not converted: {reason}", key=True)
        else:
            draft.put(find_path(model_type, key, strict=self.is_ours), self.read(key), place)
