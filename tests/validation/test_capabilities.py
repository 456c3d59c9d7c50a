"""What models can do, as data, agrees with what their wrappers do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub import errors
from modelhub.base import ChatWrapper, CompositeWrapper, EmbeddingWrapper, HTTPModelWrapperBase, ImageWrapper
from modelhub.cli.app import cli
from modelhub.registry.installed import WRAPPERS
from modelhub.validation import load_schema
from modelhub.validation.schema.capabilities import capabilities_of, facts_about, find_capabilities, summarize
from modelhub.validation.schema.store import load_file

from ..paths import ROOT

SCHEMAS = ROOT / "schemas"
TYPES = sorted(path.stem for path in SCHEMAS.glob("*.json") if not path.stem.startswith("_"))
FLAGS = {"tools", "streaming", "json_schema", "json_object", "reasoning", "token_counting"}
KEYS = {"modalities", "auth", "limits", *FLAGS}
MODALITIES = {"text", "image", "audio", "video", "file", "embedding", "json"}
LIMITS = {"context_tokens", "output_tokens", "input_tokens", "batch_size", "images"}
AUTH = {"bearer", "key", "query", "headers", "library", "targets"}
MODELS: list[dict[str, Any]] = (load_file("_models.json") or {})["models"]


def wrapper_of(model_type: str) -> Any:
    return WRAPPERS.load(model_type)


def build(model_type: str, **config: Any) -> Any:
    urls = {"client_args": {"base_url": "http://127.0.0.1:9"}, "host": "http://127.0.0.1:9", "api_url": "http://x/y"}
    known = (load_schema(model_type) or {})["properties"]
    kept = {key: value for key, value in urls.items() if key in known or (key == "api_url" and "post" in model_type)}
    model = wrapper_of(model_type)(config_name="x", model_name="m", api_key="k-secret-1", **kept, **config)
    model.model_type = model_type
    return model


@pytest.mark.parametrize("model_type", TYPES)
def test_every_type_tells_its_capabilities(model_type: str) -> None:
    told = capabilities_of(model_type)
    assert told.keys() == KEYS
    assert all(type(told[flag]) is bool for flag in FLAGS)
    assert told["modalities"].keys() == {"input", "output"}
    for side in told["modalities"].values():
        assert side and set(side) <= MODALITIES
    assert told["auth"]["kind"] in AUTH
    assert told["auth"].keys() <= {"kind", "header", "variable", "required"}
    assert type(told["auth"]["required"]) is bool
    assert told["limits"].keys() <= LIMITS


# Those that ask a server themselves; composites do what their targets do.
SINGLE = [name for name in TYPES if not issubclass(wrapper_of(name), CompositeWrapper)]


@pytest.mark.parametrize("model_type", SINGLE)
def test_capabilities_are_those_of_the_class(model_type: str) -> None:
    told = capabilities_of(model_type)
    cls = wrapper_of(model_type)
    output = set(told["modalities"]["output"])
    assert (output == {"embedding"}) is issubclass(cls, EmbeddingWrapper)
    assert (output == {"image"}) is issubclass(cls, ImageWrapper)
    if issubclass(cls, ChatWrapper):
        assert "text" in output
    streams = cls.parse_event is not HTTPModelWrapperBase.parse_event
    assert told["streaming"] is streams
    counts = issubclass(cls, ChatWrapper) and cls.build_count_request is not ChatWrapper.build_count_request
    assert told["token_counting"] is counts


CHATS = [name for name in SINGLE if "text" in capabilities_of(name).get("modalities", {}).get("output", ())]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
FORMS = {
    "json_object": {"type": "json_object"},
    "json_schema": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
}


def try_to_send(model_type: str, **options: Any) -> None:
    """Build the request of a chat; raises BadRequestError for what the wrapper refuses."""
    model = build(model_type)
    assert model.endpoint is not None
    words = "json please"
    messages = model.read([{"role": "user", "content": words}]) if isinstance(model, ChatWrapper) else words
    conversation = model.exchange(messages, dict(options))
    if conversation is None:
        model.build_request(messages, dict(options), False)
    else:
        next(conversation)


@pytest.mark.parametrize("model_type", CHATS)
def test_what_a_type_cannot_do_is_refused_and_what_it_can_is_sent(model_type: str) -> None:
    told = capabilities_of(model_type)
    wanted: dict[str, dict[str, Any]] = {
        "tools": {"tools": [TOOL]},
        **{name: {"response_format": form} for name, form in FORMS.items()},
    }
    for capability, options in wanted.items():
        if told[capability]:
            try_to_send(model_type, **options)
        else:
            with pytest.raises(errors.BadRequestError):
                try_to_send(model_type, **options)


@pytest.mark.parametrize("model_type", SINGLE)
def test_the_key_travels_where_it_is_said_to(model_type: str, monkeypatch: pytest.MonkeyPatch) -> None:
    auth = capabilities_of(model_type)["auth"]
    if "header" not in auth:
        return
    headers = {name.lower(): value for name, value in build(model_type).endpoint.headers.items()}
    expected = "k-secret-1" if auth["kind"] == "key" else "Bearer k-secret-1"
    assert headers[auth["header"].lower()] == expected
    if "variable" not in auth:
        return
    monkeypatch.setenv(auth["variable"], "k-other-2")
    model = build(model_type)
    model.api_key = None
    assert any("k-other-2" in value for value in model.endpoint.headers.values())


@pytest.mark.parametrize("entry", MODELS, ids=lambda entry: entry["match"])
def test_every_fact_about_a_model_has_a_known_name(entry: dict[str, Any]) -> None:
    facts = entry["capabilities"]
    assert facts.keys() <= {"modalities", "limits", "dimensions", *FLAGS}
    assert set(facts.get("limits", {})) <= LIMITS
    assert {item for side in facts.get("modalities", {}).values() for item in side} <= MODALITIES
    assert facts_about(entry["match"].replace("*", "x")) or "[" in entry["match"]


NARROWED = [
    ("openai_chat", "gpt-4o-mini", {"reasoning": False, "tools": True}, ["text", "image", "file"]),
    ("openai_chat", "GPT-3.5-turbo-0125", {"json_schema": False}, ["text"]),
    ("openai_chat", "somebody/unheard-of", {"reasoning": True}, ["text", "image", "audio", "file"]),
    ("litellm_chat", "openai/gpt-4o", {"reasoning": False}, ["text", "image", "file"]),
    ("ollama_chat", "llava:13b", {"tools": False, "streaming": True}, ["text", "image"]),
    ("openai_embedding", "text-embedding-3-small", {"dimensions": 1536}, ["text"]),
]


@pytest.mark.parametrize(("model_type", "name", "facts", "inputs"), NARROWED, ids=lambda value: str(value)[:24])
def test_a_known_model_narrows_its_type(model_type: str, name: str, facts: dict[str, Any], inputs: list[str]) -> None:
    told = capabilities_of(model_type, name)
    assert {key: told[key] for key in facts} == facts
    assert told["modalities"]["input"] == inputs
    assert capabilities_of(model_type) == capabilities_of(model_type, "nobody-knows-it")  # and nothing was changed


def test_types_that_tell_nothing_have_none() -> None:
    assert capabilities_of("acme_chat") == capabilities_of("acme_chat", "gpt-4o", schema={"type": "object"}) == {}
    assert summarize({}) == ("", "")
    schema = {"x-capabilities": {"tools": False, "limits": {}}}
    assert capabilities_of("acme_chat", "gpt-4o", schema=schema)["tools"] is False


def test_the_command_prints_them(tmp_path: Path) -> None:
    rows = json.loads(CliRunner().invoke(cli, ["types", "--json"]).stdout)
    assert {row["model_type"]: row["capabilities"] for row in rows}["openai_chat"] == capabilities_of("openai_chat")
    lines = CliRunner().invoke(cli, ["types"]).stdout.split("\n")
    (line,) = [line for line in lines if line.startswith("openai_embedding ")]
    assert "text > embedding" in line
    path = tmp_path / "models.yaml"
    path.write_text("- config_name: a\n  model_type: openai_chat\n  model_name: gpt-4o\n")
    shown = json.loads(CliRunner().invoke(cli, ["show", "a", "--capabilities", "-c", str(path)]).stdout)
    assert shown == capabilities_of("openai_chat", "gpt-4o")


SENT: dict[str, Any] = {"messages": "=messages", "tools": "=tools", "format": "=response_format"}
ALL = {"tools": True, "json_schema": True, "json_object": True, "streaming": True}


@pytest.mark.parametrize(
    ("keys", "lacks", "inputs"),
    [
        ({}, {}, ["text", "image", "audio", "file"]),
        ({"auth": {"type": "bearer", "token": "${T}"}}, {}, ["text", "image", "audio", "file"]),
        ({"request": {"body": SENT}, "response": {"text": "a"}}, {"streaming": False}, ["text"]),
        (
            {"request": {"body": SENT}, "messages": {"content": "auto"}, "stream": {"framing": "sse", "text": "a"}},
            {},
            ["text", "image", "audio", "file"],
        ),
        (
            {"request": {"form": {"q": "=input"}}},
            {"tools": False, "json_schema": False, "json_object": False},
            ["text"],
        ),
    ],
)
def test_a_model_can_do_what_its_protocol_says(keys: dict[str, Any], lacks: dict[str, Any], inputs: list[str]) -> None:
    config = {"config_name": "a", "model_type": "post_api_chat", "api_url": "http://a", **keys}
    told = find_capabilities(config, load_schema("post_api_chat") or {}, [])
    assert {flag: told[flag] for flag in ALL} == {**ALL, **lacks}
    assert told["modalities"]["input"] == inputs
