"""Build one JSON Schema for whole config files, which editors use to complete and to check them.

It agrees with `modelhub validate` about the keys and values of modern configs. It cannot express old spellings, names
that must be unique, and references between configs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from modelhub.authoring.editor_keywords import write_for_editors
from modelhub.validation.rules.keys import find_home, is_ignored_above
from modelhub.validation.schema.flatten import flatten
from modelhub.validation.schema.store import BASE, Schema, load_file, load_schema
from modelhub.validation.schema.view import View

_FOR_EDITORS: Schema = {"$schema": {"description": "Where this schema is, for editors.", "type": "string"}}
_IDENTITY: Schema = {
    "config_name": {"type": "string", "minLength": 1},
    "model_type": {},
    "extends": {
        "description": "The config_name of another config, whose keys this one starts from.",
        "type": ["string", "null"],
        "examples": ["base"],
    },
    "abstract": {
        "description": "Whether the config is there for others to extend only, and is no model itself.",
        "type": "boolean",
        "default": False,
    },
    **_FOR_EDITORS,
}
# Configs below their names: mappings, and a model_type in one of them.
_BY_NAME: Schema = {
    "properties": {"$schema": True},
    "additionalProperties": {"type": "object"},
    "not": {"properties": {"$schema": True}, "additionalProperties": {"not": {"required": ["model_type"]}}},
}
_ANY = "_any"
_FILE_KEYS = ("models", "defaults", "profiles", "include")


def load_built_ins() -> dict[str, Schema]:
    """Return the schemas of the built-in model_types, whatever else is installed."""
    from importlib.resources import files

    names = sorted(file.name.removesuffix(".json") for file in files("modelhub.schemas").iterdir())
    return {name: schema for name in names if (schema := load_schema(name)) is not None}


def find_flaw(schema: Schema) -> str | None:
    """Say why a schema, perhaps from a plugin, cannot be bundled; None if it can."""
    from jsonschema import Draft202012Validator, SchemaError

    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return f"its schema is none: {error.message[:200]}"
    return None


def build_bundle(schemas: Mapping[str, Schema]) -> Schema:
    """Return the schema of files with configs of these model_types; the same types give the same text."""
    types = {name: flatten(schemas[name]) for name in sorted(schemas)}
    definitions = {name: _build_type(schema) for name, schema in types.items()}
    definitions[_ANY] = _build_any(definitions)
    definitions["_entry"] = _build_entry(types)
    definitions["_named"] = _build_config(types)
    definitions["_config"] = {**_refer("_named"), "required": ["config_name"]}
    definitions["_file"] = _build_file(list(types))
    is_config = {"anyOf": [{"required": [key]} for key in ("config_name", "model_type")]}
    is_file = {"anyOf": [{"required": [key]} for key in _FILE_KEYS]}
    offered = {"properties": {key: definitions["_file"]["properties"][key] for key in _FILE_KEYS}}
    undecided = {"allOf": [offered, _refer("_config")]}
    by_name = {"if": _BY_NAME, "then": {"properties": _FOR_EDITORS, "additionalProperties": _refer("_named")}}
    without_name = {"if": is_file, "then": _refer("_file"), "else": {**by_name, "else": undecided}}
    mapping = {"if": is_config, "then": _refer("_config"), "else": without_name}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "modelhub configs",
        "description": "One model config, a list of them, or a mapping of them or with models and what goes with them.",
        "type": ["object", "array"],
        "items": _refer("_config"),
        "allOf": [{"if": {"type": "object"}, "then": mapping}],
        "examples": [example for schema in types.values() for example in schema.get("examples", [])[:1]],
        "$defs": definitions,
    }


def print_bundle(bundle: Schema) -> str:
    """Return the text of a bundle as it is kept in files."""
    return json.dumps(bundle, indent=2, ensure_ascii=False) + "\n"


def _refer(name: str) -> Schema:
    from urllib.parse import quote

    return {"$ref": f"#/$defs/{quote(name.replace('~', '~0').replace('/', '~1'))}"}


def _build_type(schema: Schema) -> Schema:
    """The keys of one model_type, all of them optional: the rest may come from defaults, a base or a profile."""
    left_out = ("required", "anyOf", "examples", "title")
    done: Schema = write_for_editors({key: value for key, value in schema.items() if key not in left_out})
    properties = {name: _allow_null(about) for name, about in done.get("properties", {}).items()}
    variable = schema.get("x-capabilities", {}).get("auth", {}).get("variable")
    shown = {"api_key": f"${{{variable}}}" if variable else None, **next(iter(schema.get("examples", ())), {})}
    for key in ("api_key", "model_name"):  # the common schema's examples are another vendor's
        if isinstance(properties.get(key), dict) and shown.get(key):
            properties[key]["examples"] = [shown[key]]
    done["properties"] = {**_build_ignored(schema), **properties, **{key: {} for key in _IDENTITY}}
    return done


def _build_ignored(schema: Schema) -> Schema:
    """The keys that have no effect beside the mapping that they belong to."""
    view = View.of(schema)
    return {
        key: {"deprecated": True, "deprecationMessage": f"move it into {name}", "doNotSuggest": True}
        for name in view.current
        if (mapping := view.child(name)) and is_ignored_above(mapping)
        for key in sorted(mapping.properties)
        if find_home(view, key) == name
    }


def _build_any(definitions: Mapping[str, Schema]) -> Schema:
    """The keys of a config without a model_type, such as a config that extends another one."""
    common = flatten({"$id": f"{BASE}any.json", "$ref": "_common.json#/$defs/common"})["properties"]
    properties = {name: _allow_null(write_for_editors(common[name])) for name in sorted(common)}
    properties |= {key: {} for key in _IDENTITY}
    if not all(schema.get("additionalProperties") is False for schema in definitions.values()):
        return {"properties": properties}
    names = sorted({name for schema in definitions.values() for name in schema["properties"]})
    unknown = {name: {"doNotSuggest": True} for name in names if name not in properties}
    return {"properties": {**properties, **unknown}, "additionalProperties": False}


def _allow_null(schema: Any) -> Any:
    """Allow null, which removes the value of a lower layer."""
    if isinstance(schema, dict) and "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if not isinstance(schema, dict) or "type" not in schema:
        return schema
    named = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return {**schema, "type": [*named, *(["null"] if "null" not in named else [])]}


def _build_entry(types: Mapping[str, Schema]) -> Schema:
    """The schema of a config that may be incomplete."""
    common = (load_file("_common.json") or {})["$defs"]
    properties: Schema = {key: {**common.get(key, {}), **schema} for key, schema in _IDENTITY.items()}
    properties["model_type"] = {
        "description": common["model_type"]["description"],
        "enum": list(types),
        "enumDescriptions": [str(schema.get("description", "")) for schema in types.values()],
    }
    known = {"type": "object", "properties": {"model_type": {"enum": list(types)}}, "required": ["model_type"]}
    return {
        "title": "a model config",
        "type": "object",
        "properties": properties,
        "allOf": [
            *({"if": _is_type(name), "then": _refer(name)} for name in types),
            {"if": known, "else": _refer(_ANY)},
        ],
    }


def _build_config(types: Mapping[str, Schema]) -> Schema:
    """The schema of a config that must be complete, unless it extends another one or is there to be extended.

    Its name is the key above it.
    """
    abstract = {"properties": {"abstract": {"const": True}}, "required": ["abstract"]}
    needs = {name: _list_needs(schema) for name, schema in types.items()}
    return {
        **_refer("_entry"),
        "if": {"anyOf": [{"required": ["extends"]}, abstract]},
        "else": {
            "required": ["model_type"],
            "allOf": [{"if": _is_type(name), "then": needed} for name, needed in needs.items() if needed],
        },
    }


def _list_needs(schema: Schema) -> Schema:
    """Which keys a complete config of a type has, beside those that every config has."""
    required = [key for key in schema.get("required", ()) if key not in _IDENTITY]
    choices = {"anyOf": schema["anyOf"]} if "anyOf" in schema else {}
    return {"required": required, **choices} if required else choices


def _is_type(name: str) -> Schema:
    return {"type": "object", "properties": {"model_type": {"const": name}}, "required": ["model_type"]}


def _build_file(types: list[str]) -> Schema:
    """The schema of a mapping with ``models`` and declarations."""
    named: dict[str, Any] = {"all": _refer("_entry"), **{name: _refer(name) for name in types}}
    defaults = {"type": ["object", "null"], "properties": named, "additionalProperties": False}
    listed = {"items": {**_refer("_entry"), "required": ["config_name"]}}
    nullable = {"if": {"type": "object"}, "then": _refer("_entry"), "else": {"type": "null"}}
    overlays = {"type": ["array", "object", "null"], **listed, "additionalProperties": nullable}
    structured = {"properties": {"models": overlays, "defaults": defaults}, "additionalProperties": False}
    is_structured = {"anyOf": [{"required": ["models"]}, {"required": ["defaults"]}], "type": "object"}
    profile = {"if": is_structured, "then": structured, "else": overlays}
    is_layered = {"anyOf": [{"required": ["defaults"]}, {"required": ["include"]}]}
    models = {
        "type": ["array", "object"],
        "minProperties": 1,
        "description": "The model configs of the file: a list, or a mapping of them by config_name.",
    }
    partial = {**_refer("_entry"), "required": ["config_name"]}
    return {
        "type": "object",
        "properties": {
            **_FOR_EDITORS,
            "version": {"description": "The version of the file format.", "const": 1},
            "models": models,
            "defaults": {
                "description": "Keys that configs start from: those of one model_type, or of all.",
                **defaults,
            },
            "profiles": {
                "description": "What a profile such as prod changes, by its name: a list of configs, or a mapping of "
                "them by config_name, each with the keys that differ.",
                "type": ["object", "null"],
                "additionalProperties": profile,
            },
            "include": {
                "description": "Further files to read: a path or a glob, or a list of them, from this file's folder.",
                "type": ["string", "array", "null"],
                "items": {"type": "string", "minLength": 1},
                "examples": ["teams/*.yaml"],
            },
        },
        "additionalProperties": False,
        "if": is_layered,
        "then": {"properties": {"models": {"items": partial, "additionalProperties": _refer("_entry")}}},
        "else": {"properties": {"models": {"items": _refer("_config"), "additionalProperties": _refer("_named")}}},
    }
