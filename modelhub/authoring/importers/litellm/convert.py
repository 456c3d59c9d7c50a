"""Converts the config of a LiteLLM proxy: https://docs.litellm.ai/docs/proxy/config_settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from modelhub.authoring.importers.deployments import Deployment
from modelhub.authoring.importers.drafts import Place
from modelhub.authoring.importers.engine import Check, Imported, build_models
from modelhub.authoring.importers.litellm.routes import ALIASES, SETTINGS, Routes, build_aliases
from modelhub.authoring.importers.litellm.settings import SECTIONS, explain_deployment, explain_setting
from modelhub.authoring.importers.notes import Notes
from modelhub.authoring.importers.options import LIBRARY
from modelhub.authoring.importers.references import translate_environ
from modelhub.authoring.importers.values import Values
from modelhub.configs import Document
from modelhub.configs.readers.positions import Path

_SETTINGS = ("litellm_settings", "router_settings", "general_settings")
_COSTS = ("input_cost_per_token", "output_cost_per_token")
_READ = ("model_list", "credential_list", "include")


def import_litellm(documents: Sequence[Document], check: Check, *, routes: bool = False) -> Imported:
    """Convert a config and the files that it includes; ``check`` says what is wrong with model configs.

    With ``routes``, there is a router for each group of deployments, and a fallback for what has one.
    A value that modelhub does not accept is left out, with an error among the notes.
    """
    notes = Notes()
    values = Values(notes, translate_environ)
    for document in documents:
        values.reserve(document.data)
    credentials = {name: found for document in documents for name, found in _find_credentials(document)}
    found = [each for document in documents for each in _find_deployments(document, credentials, notes)]
    routing = Routes(documents, found, notes) if routes else None
    models = build_models(found, values, check, notes)
    if not any(document.data.get("model_list") for document in documents):
        notes.add(documents[0], (), "there is no model_list, and so no model to convert", is_error=True)
    defaults = _build_defaults(documents, {model["model_type"] for model in models}, notes, routing)
    count = len(models)
    models += routing.build(models) if routing else ()
    models += build_aliases(documents, [model["config_name"] for model in models], notes)
    data = {"defaults": defaults, "models": models} if defaults else {"models": models}
    return Imported(data, count, notes)


def _find_credentials(document: Document) -> Iterator[tuple[str, dict[str, tuple[Any, Place]]]]:
    listed = document.data.get("credential_list")
    for index, item in enumerate(listed if isinstance(listed, list) else []):
        found = item.get("credential_values") if isinstance(item, dict) else None
        if isinstance(found, dict):
            path = ("credential_list", index, "credential_values")
            yield str(item.get("credential_name")), {k: (v, (document, (*path, k))) for k, v in found.items()}


def _find_deployments(
    document: Document, credentials: dict[str, dict[str, tuple[Any, Place]]], notes: Notes
) -> Iterator[Deployment]:
    listed = document.data.get("model_list") or []
    if not isinstance(listed, list):
        notes.add(document, ("model_list",), "model_list is not converted: it must be a list", is_error=True)
        return
    for index, item in enumerate(listed):
        path: Path = ("model_list", index)
        given = item.get("litellm_params") if isinstance(item, dict) else None
        name = item.get("model_name") if isinstance(item, dict) else None
        if not isinstance(given, dict) or not isinstance(given.get("model"), str) or not isinstance(name, str):
            message = "this is not converted: a model needs model_name and litellm_params with model, all of them text"
            notes.add(document, path, message, is_error=True)
            continue
        star = next(
            (step for step in ("model_name", "litellm_params") if "*" in (name, given["model"])[step != "model_name"]),
            None,
        )
        if star:
            place = (*path, "model_name") if star == "model_name" else (*path, star, "model")
            message = "a pattern is not converted: every model has a config, so write one for each model you use"
            notes.add(document, place, message, is_error=True)
            continue
        for key in item.keys() - {"model_name", "litellm_params", "model_info"}:
            notes.add(document, (*path, key), f"{key} is not converted: {explain_setting(key)}", key=True)
        params = {key: (value, (document, (*path, "litellm_params", key))) for key, value in given.items()}
        credential = str(given.get("litellm_credential_name", ""))
        if credential and credential not in credentials:
            place = (*path, "litellm_params", "litellm_credential_name")
            message = f"'{name}' is not converted: there is no credential '{credential}' in credential_list"
            notes.add(document, place, message, is_error=True)
            continue
        info = item.get("model_info")
        params = {**credentials.get(credential, {}), **params}
        info = dict(info) if isinstance(info, dict) else {}
        params |= _read_price(params, info, (document, path))
        yield Deployment(name, (document, path), params, info, explain=explain_deployment)


def _read_price(
    params: dict[str, tuple[Any, Place]], info: dict[str, Any], place: Place
) -> dict[str, tuple[Any, Place]]:
    """The price of a million tokens, where both costs of one are told; they are then taken from what is left."""
    told = {key: params.get(key, (info.get(key), place)) for key in _COSTS}
    costs = [value for value, _ in told.values()]
    if not all(isinstance(each, int | float) and not isinstance(each, bool) and each >= 0 for each in costs):
        return {}
    for key in _COSTS:
        params.pop(key, None)
        info.pop(key, None)
    prompt, completion = (round(each * 1_000_000, 6) for each in costs)
    return {"price": ({"prompt": prompt, "completion": completion}, told[_COSTS[0]][1])}


def _build_defaults(
    documents: Sequence[Document], model_types: set[str], notes: Notes, routes: Routes | None
) -> dict[str, Any]:
    """The defaults that the settings of the proxy mean for every model; there is a note about every other setting.

    With ``routes`` they are for each type of model, as routers and fallbacks take other keys.
    """
    everyone: dict[str, Any] = {}
    library: dict[str, Any] = {}
    last = {key: document for document in documents for key in document.data}
    for document in documents:
        for key, section in document.data.items():
            if key in _READ or section is None:
                continue
            if last[key] is not document:
                notes.add(document, (key,), f"{key} is not converted: {last[key].name} has it too", key=True)
            elif key == "environment_variables" and isinstance(section, dict):
                message = f"{key} are not copied: set {', '.join(section)} before your program starts"
                notes.add(document, (key,), message, key=True)
            elif key not in _SETTINGS or not isinstance(section, dict):
                reason = SECTIONS.get(key, "there is no such setting")
                notes.add(document, (key,), f"{key} is not converted: {reason}", key=True)
            else:
                for name, value in section.items():
                    if (routes and name in SETTINGS) or name == ALIASES:
                        continue
                    if not _put_default(key, name, value, everyone, library, model_types):
                        message = f"{name} is not converted: {explain_setting(name)}"
                        notes.add(document, (key, name), message, key=True)
    everyone = {key: everyone[key] for key in ("timeout", "retry") if key in everyone}
    defaults = dict.fromkeys(sorted(model_types), everyone) if routes else {"all": everyone}
    if library:
        defaults[LIBRARY] = {**defaults.get(LIBRARY, {}), "generate_args": library}
    return {key: value for key, value in defaults.items() if value}


def _put_default(
    section: str, name: str, value: Any, everyone: dict[str, Any], library: dict[str, Any], model_types: set[str]
) -> bool:
    """Add a setting to the defaults; False if it has no place there. The router's settings win."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    is_router = section == "router_settings"
    if not is_number:
        takes = name == "drop_params" and section == "litellm_settings" and value is True and LIBRARY in model_types
        if takes:
            library["drop_params"] = True
        return takes and model_types == {LIBRARY}
    if name == "num_retries" and isinstance(value, int) and section != "general_settings":
        if is_router or "retry" not in everyone:
            everyone["retry"] = {"max_attempts": value + 1}
        return True
    if name == ("timeout" if is_router else "request_timeout") and value > 0 and section != "general_settings":
        if is_router or "timeout" not in everyone:
            everyone["timeout"] = value
        return True
    return False
