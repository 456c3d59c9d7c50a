"""response_format in any form, for every wrapper: the schema is sent and the answer parsed, or it is refused before."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from modelhub.errors import BadRequestError, ResponseParsingError

from .vendors import VENDORS, Vendor

WEATHER: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "degrees": {"type": "number"}},
    "required": ["city", "degrees"],
}
CLOSED = {**WEATHER, "additionalProperties": False}
PARSED = {"city": "Oslo", "degrees": 3}


class Weather:
    """As pydantic's classes are."""

    def __init__(self, city: str, degrees: float) -> None:
        self.city, self.degrees = city, degrees

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        return {**WEATHER, "title": "Weather"}

    @classmethod
    def model_validate(cls, value: dict[str, Any]) -> Weather:
        if value["degrees"] > 60:
            raise ValueError("degrees: too hot")
        return cls(**value)


Bare = type("Bare", (), {"model_json_schema": classmethod(lambda cls: WEATHER)})

FORMS: dict[str, Any] = {
    "README's": {"type": "json_schema", "json_schema": {"name": "weather", "schema": WEATHER}},
    "without a name": {"type": "json_schema", "json_schema": {"schema": WEATHER}},
    "a name with a blank": {"type": "json_schema", "json_schema": {"name": "the weather", "schema": WEATHER}},
    "flat": {"type": "json_schema", "name": "weather", "schema": WEATHER},
    "Anthropic's": {"type": "json_schema", "schema": WEATHER},
    "the schema in its place": {"type": "json_schema", "json_schema": WEATHER},
    "without a type": {"json_schema": {"name": "weather", "schema": WEATHER}},
    "only a schema": {"schema": WEATHER},
    "json_object with a schema": {"type": "json_object", "schema": WEATHER},
    "a bare schema": WEATHER,
    "a class": Bare,
    "a class as the schema": {"type": "json_schema", "json_schema": {"name": "weather", "schema": Bare}},
    "in capitals": {"type": "OBJECT", **{name: value for name, value in WEATHER.items() if name != "type"}},
}
SENT = [vendor for vendor in VENDORS if vendor.model_type != "zhipuai_chat"]  # which has no schemas


@pytest.mark.parametrize("vendor", SENT, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_understood(vendor: Vendor, form: str, caller: Any) -> None:
    before = copy.deepcopy(FORMS[form]) if isinstance(FORMS[form], dict) and "class" not in form else None
    model, connections = vendor.build()
    assert caller.call(model, "Hi", response_format=FORMS[form]).parsed == PARSED
    assert caller.deltas(model, "Hi", response_format=FORMS[form])[1].parsed == PARSED
    body = vendor.send(response_format=FORMS[form])
    assert vendor.schema(body) == (CLOSED if vendor.model_type == "anthropic_chat" else WEATHER)
    wanted = body.get("response_format") or body.get("parameters", {}).get("response_format")
    if wanted is not None:
        assert wanted["json_schema"].keys() == {"name", "schema"}
        assert wanted["json_schema"]["name"] in ("weather", "answer", "the_weather", "Bare")
    assert before is None or before == FORMS[form]
    assert len(connections.requests) == 2


@pytest.mark.parametrize("vendor", SENT, ids=lambda vendor: vendor.model_type)
def test_the_answer_is_an_instance_of_the_class(vendor: Vendor, caller: Any) -> None:
    model, _ = vendor.build()
    for response in (
        caller.call(model, "Hi", response_format=Weather),
        caller.deltas(model, "Hi", response_format=Weather)[1],
    ):
        assert isinstance(response.parsed, Weather) and response.parsed.city == "Oslo"
    model, _ = vendor.build('{"city": "Oslo", "degrees": 99}')
    with pytest.raises(ResponseParsingError, match="does not fit its class: degrees: too hot") as caught:
        model("Hi", response_format=Weather)
    assert caught.value.partial is not None


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize("form", ["json_object", "json", {"type": "json_object"}, {"type": "json"}], ids=str)
def test_any_json(vendor: Vendor, form: Any) -> None:
    model, connections = vendor.build()
    if vendor.model_type == "anthropic_chat":
        with pytest.raises(BadRequestError, match="json_object"):
            model("Hi", response_format=form)
        return
    assert model("Hi", response_format=form).parsed == PARSED
    assert b"json" in connections.requests[0].body


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize("form", ["text", {"type": "text"}], ids=str)
def test_plain_text(vendor: Vendor, form: Any) -> None:
    model, _ = vendor.build()
    assert model("Hi", response_format=form).parsed is None


def build_broken() -> Any:
    raise TypeError("no schema")


Broken = type("Broken", (), {"model_json_schema": staticmethod(build_broken)})

NONE: list[tuple[Any, str]] = [
    ("xml", "response_format 'xml' is unknown"),
    (5, "response_format must not be int"),
    ([WEATHER], "response_format must not be list"),
    (dict, "response_format must not be a class"),
    (Broken, "has no JSON Schema: no schema"),
    ({}, "response_format.type is None"),
    ({"type": 5}, "response_format.type is 5"),
    ({"type": "json_schema"}, r"response_format\.json_schema\.schema is missing"),
    ({"type": "json_schema", "json_schema": {"name": "x"}}, r"response_format\.json_schema\.schema is missing"),
    ({"type": "json_schema", "json_schema": None}, r"response_format\.json_schema must be an object"),
    ({"type": "json_schema", "json_schema": "x"}, r"response_format\.json_schema must be an object"),
    ({"type": "json_schema", "json_schema": {"schema": "x"}}, r"json_schema\.schema must be a JSON Schema"),
    ({"type": "json_schema", "schema": True}, r"json_schema\.schema must be a JSON Schema"),
    (
        {"type": "object", "properties": {"a": {"type": "str"}}},
        r"json_schema\.schema\.properties\.a\.type: it must be one of",
    ),
    ({"type": "object", "properties": {"a": 5}}, r"json_schema\.schema\.properties\.a: a schema is an object, not 5"),
    ({"type": "object", "required": True}, r"json_schema\.schema\.required: it must be a list"),
    ({"type": "array", "items": {"enum": []}}, r"json_schema\.schema\.items\.enum: it must be a list"),
    ({"anyOf": []}, r"json_schema\.schema\.anyOf: it must be a list"),
    ({"type": "object", "properties": {"a": {"minimum": "1"}}}, r"properties\.a\.minimum: it must be a number"),
]


@pytest.mark.parametrize("vendor", SENT, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize(("form", "words"), NONE, ids=[words for _, words in NONE])
def test_what_is_none_is_refused_before_sending(vendor: Vendor, form: Any, words: str) -> None:
    model, connections = vendor.build()
    with pytest.raises(BadRequestError, match=words) as caught:
        model("Hi", response_format=form)
    assert caught.value.config_name == "v" and connections.requests == []


class Asked:
    """As the objects of OpenAI's SDK are, which are pydantic's themselves."""

    @classmethod
    def model_json_schema(cls) -> dict[str, Any]:
        raise AssertionError("this is the schema of the format itself")

    def model_dump(self, **how: Any) -> dict[str, Any]:
        return {"type": "json_schema", "json_schema": {"name": "weather", "schema": WEATHER}}


def test_an_object_of_an_sdk() -> None:
    for vendor in SENT:
        assert vendor.build()[0]("Hi", response_format=Asked()).parsed == PARSED


@pytest.mark.parametrize("form", FORMS)
def test_ollama_generate_takes_them_too(form: str) -> None:
    def reply(text: str, calls: Any) -> Any:
        body = {"model": "m", "response": text, "done": True, "done_reason": "stop"}
        return body, [json.dumps(body) + "\n"]

    vendor = Vendor("ollama_generate", {"host": "http://server"}, reply)
    model, connections = vendor.build()
    assert model("Hi", response_format=FORMS[form]).parsed == PARSED
    assert json.loads(connections.requests[0].body)["format"] == WEATHER
    with pytest.raises(BadRequestError, match=r"response_format\.json_schema\.schema"):
        model("Hi", response_format={"type": "json_schema"})


def test_zhipuai_has_no_schemas() -> None:
    [vendor] = [vendor for vendor in VENDORS if vendor.model_type == "zhipuai_chat"]
    for form in FORMS.values():
        model, connections = vendor.build()
        with pytest.raises(BadRequestError, match="json_object"):
            model("Hi", response_format=form)
        assert connections.requests == []


def test_forms_that_only_one_server_knows_reach_it() -> None:
    [vendor] = [vendor for vendor in VENDORS if vendor.model_type == "openai_chat"]
    form = {"type": "grammar", "grammar": "root ::= 'a'"}
    assert vendor.send(response_format=form)["response_format"] == form


def test_nulls_of_strict_mode_stand_for_nothing() -> None:
    [vendor] = [vendor for vendor in VENDORS if vendor.model_type == "openai_chat"]
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "rain": {"type": "number"},
            "wind": {"type": ["string", "null"]},
            "days": {"type": "array", "items": {"$ref": "#/$defs/Day"}},
        },
        "required": ["city"],
        "$defs": {"Day": {"type": "object", "properties": {"note": {"type": "string"}}}},
    }
    form = {"type": "json_schema", "json_schema": {"name": "w", "strict": True, "schema": schema}}
    model, connections = vendor.build('{"city": "Oslo", "rain": null, "wind": null, "days": [{"note": null}, {}]}')
    assert model("Hi", response_format=form).parsed == {"city": "Oslo", "wind": None, "days": [{}, {}]}
    assert model("Hi", response_format=form, stream=True).text
    assert len(connections.requests) == 2
    model, _ = vendor.build('{"city": null}')
    with pytest.raises(ResponseParsingError, match="city"):
        model("Hi", response_format=form)
