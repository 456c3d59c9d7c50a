"""Functions as tools, and classes as the form of an answer, for every vendor: what is sent, and what comes of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Generic, NotRequired, TypedDict, TypeVar

import pytest

from modelhub.errors import BadRequestError, ResponseParsingError
from modelhub.testing import Replay
from tests.typed import sample

from .vendors import BY_TYPE, VENDORS, Vendor


@dataclass
class Weather:
    """The weather somewhere."""

    city: str
    degrees: float


T = TypeVar("T")


class Told(TypedDict):
    """The same as a dict."""

    city: str
    degrees: float
    wind: NotRequired[str]


@dataclass
class Places(Generic[T]):
    """One of many kinds."""

    places: list[T]


@dataclass
class Windy:
    """What the answer does not fit."""

    city: str
    wind: str
    degrees: int = 0


SCHEMAS = [vendor for vendor in VENDORS if vendor.model_type != "zhipuai_chat"]  # which has no schemas
FIND = {"unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "description": "The unit."}}


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
def test_a_function_is_a_tool(vendor: Vendor) -> None:
    for tools in (sample.weather, [sample.weather], (sample.weather,)):
        [(name, schema)] = vendor.tools(vendor.send(tools=tools))
        assert name == "weather" and schema["required"] == ["city"]
        assert {**schema["properties"], **FIND} == schema["properties"]


def test_functions_and_dicts_go_together() -> None:
    vendor = BY_TYPE["openai_chat"]
    port = {"name": "find", "parameters": {"type": "object", "properties": {}}}
    sent = vendor.tools(vendor.send(tools=[port, sample.add, sample.Tools("Oslo").near], tool_choice="add"))
    assert [name for name, _ in sent] == ["find", "add", "near"]


@pytest.mark.parametrize("tool", [lambda x: x, sample.Tools("Oslo")], ids=["lambda", "object"])
def test_a_function_has_its_own_name_back(tool: Any) -> None:
    vendor = BY_TYPE["openai_chat"]
    [(name, _)] = vendor.tools(vendor.send(tools=[tool]))
    assert "<" not in name


@pytest.mark.parametrize("vendor", SCHEMAS, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize("streamed", [False, True])
def test_an_answer_is_an_instance(vendor: Vendor, streamed: bool) -> None:
    for cls, wanted in ((Weather, Weather("Oslo", 3.0)), (Told, {"city": "Oslo", "degrees": 3.0})):
        model, _ = vendor.build()
        reply = model("Hi", response_format=cls, stream=streamed)
        list(reply)
        assert reply.parsed == wanted
        again = asyncio.run(ask(vendor, cls, streamed))
        assert again.parsed == wanted


def test_a_class_of_a_kind_of_generics() -> None:
    vendor = BY_TYPE["openai_chat"]
    for kind, wanted in ((Places[Weather], None), (Places[str], "places")):
        model, _ = vendor.build(text='{"places": [{"city": "Oslo", "degrees": 3}]}')
        if wanted is None:
            assert model("Hi", response_format=kind).parsed == Places([Weather("Oslo", 3.0)])
        else:
            with pytest.raises(ResponseParsingError, match=wanted):
                model("Hi", response_format=kind)


async def ask(vendor: Vendor, cls: Any, streamed: bool) -> Any:
    model, _ = vendor.build()
    reply = await model.acall("Hi", response_format={"type": "json_schema", "json_schema": cls}, stream=streamed)
    return await reply.complete() if streamed else reply


@pytest.mark.parametrize("vendor", SCHEMAS, ids=lambda vendor: vendor.model_type)
def test_an_answer_that_does_not_fit_its_class(vendor: Vendor) -> None:
    model, _ = vendor.build()
    with pytest.raises(ResponseParsingError, match="wind") as caught:
        model("Hi", response_format=Windy)
    assert caught.value.config_name == "v" and caught.value.partial is not None


@dataclass
class Odd:
    """A class with a field that JSON does not have."""

    number: complex


NONE: list[tuple[Any, str]] = [
    (Odd, "Odd has no JSON Schema: number: complex has no form in JSON"),
    (Weather("Oslo", 3), "must not be Weather"),
    (int, "must not be a class"),
    (sample.Unit, "must not be a class"),
    (sample.weather, "must not be function"),
    ([Weather], "must not be list:"),
    (list[int], r"must not be list\[int\]:"),
    (5, "must not be int"),
    ("jsn", "'jsn' is unknown"),
]


@pytest.mark.parametrize("vendor", VENDORS, ids=lambda vendor: vendor.model_type)
@pytest.mark.parametrize(("wanted", "words"), NONE, ids=[words for _, words in NONE])
def test_what_is_no_form_of_an_answer(vendor: Vendor, wanted: Any, words: str) -> None:
    model, connections = vendor.build()
    assert isinstance(connections, Replay)
    for stream in (False, True):
        with pytest.raises(BadRequestError, match=words) as caught:
            model("Hi", response_format=wanted, stream=stream)
        assert caught.value.config_name == "v" and connections.requests == []
