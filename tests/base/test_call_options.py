"""The options of a call, for models of every kind: ours are never sent, some are refused, known ones are checked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.base import ModelWrapperBase, override
from modelhub.base.options import OURS, REFUSED
from modelhub.errors import BadRequestError
from modelhub.testing import Replay

from .every_model import CONFIGS, build

WRONG = {"status": 400, "headers": {}, "body": '{"error": {"message": "no"}}'}
DELTA = 'data: {"choices": [{"index": 0, "delta": {"content": "ok"}, "finish_reason": "stop"}]}\n\n'
STREAM = {"status": 200, "headers": {}, "chunks": [DELTA, "data: [DONE]\n\n"]}
SECRET = "sk-of-somebody-else"
COMPOSITES = ("fallback", "router", "cascade", "chain")
PLAIN = ("plain", "plain_stream", "plain_async")
AWAITED = "plain_async"


def call(caller: Any, model: Any, streamed: bool, **options: Any) -> Any:
    """The answer, or its deltas to the last."""
    return caller.deltas(model, "hi", **options)[0] if streamed else caller.call(model, "hi", **options)


@pytest.mark.parametrize("name", CONFIGS)
def test_what_no_call_takes_is_refused(name: str, caller: Any) -> None:
    if name == AWAITED and type(caller).__name__ == "Blocking":
        pytest.skip("it can only be awaited")
    model = build(name)
    for option in sorted(REFUSED):
        for streamed in (False, True):
            with pytest.raises(BadRequestError, match=f"a call has no option '{option}': .*config") as caught:
                call(caller, model, streamed, **{option: SECRET})
            error = caught.value
            assert error.config_name == name
            assert SECRET not in f"{error!r} {error} {error.args} {error.trail}"
    assert model.drivers.requests == [] and not hasattr(model, "given")


@pytest.mark.parametrize("watched", ["openai_chat", "fallback", "plain"])
def test_who_watches_is_not_told_the_key(watched: str) -> None:
    told: list[Any] = []
    model = build(watched)
    model.home.observers = [told.append]
    with pytest.raises(BadRequestError):
        model("hi", api_key=SECRET)
    assert told and SECRET not in repr(told)


OWN: dict[str, Any] = {
    "timeout": 7.25,
    "retry": {"max_attempts": 1},
    "headers": {"X-Team": "red"},
    "cache": False,
    "tags": ["blue"],
    "parse_func": str,
    "fault_handler": str,
    "max_retries": 1,
}


@pytest.mark.parametrize("name", [n for n in CONFIGS if n not in (*PLAIN, "litellm_chat")])
@pytest.mark.parametrize("streamed", [False, True])
def test_ours_are_never_sent(name: str, streamed: bool, caller: Any) -> None:
    assert {*OWN, "stream"} == set(OURS)
    model = build(name, [WRONG, WRONG])
    with pytest.raises(BadRequestError):
        caller.call(model, "hi", stream=streamed, **OWN)
    request = model.drivers.requests[0]
    assert request.headers["X-Team"] == "red"
    body = json.loads(request.body)
    assert not {*OWN} & {*body, *body.get("options", {}), *body.get("parameters", {})}
    assert not {"blue", "red", "7.25"} & set(json.dumps(body).split('"'))


@pytest.mark.parametrize("name", PLAIN)
def test_plain_python_is_not_given_ours(name: str, caller: Any) -> None:
    if name == AWAITED and type(caller).__name__ == "Blocking":
        pytest.skip("it can only be awaited")
    model = build(name)
    for options in ({}, {"stream": True}):
        given = {**OWN, **options} if name != "plain_stream" else {**OWN, **options, "parse_func": lambda r: r.text}
        assert caller.call(model, "hi", top=1, **given)
    assert model.given == [{"top": 1}] * 2


class Naming(ModelWrapperBase):
    """A model whose call names what others are not given."""

    model_type = "naming"

    @override
    def __call__(
        self, text: str, *, timeout: float = 0, api_key: str = "", stream: bool = False, tags: Any = ()
    ) -> str:
        return f"{timeout} {api_key} {stream} {tags}"


def test_what_a_call_names_itself_it_is_given(caller: Any) -> None:
    model = ModelRegistry([{"config_name": "n", "model_type": "naming"}], wrappers=[Naming]).get_model("n")
    options: dict[str, Any] = {"timeout": 3, "api_key": "k", "stream": True, "tags": "t", "cache": False}
    assert caller.call(model, "hi", **options).text == "3 k True t"
    with pytest.raises(BadRequestError, match="base_url"):
        caller.call(model, "hi", base_url="x")


def test_ours_reach_the_request_through_a_class_that_hands_its_call_on(caller: Any) -> None:
    model = build("thin", [STREAM])
    deltas, response = caller.deltas(model, "hi", headers={"X-Team": "red"}, tags=["blue"])
    (request,) = model.drivers.requests
    assert request.headers["X-Team"] == "red" and json.loads(request.body)["stream"] is True
    assert [delta.text for delta in deltas] == ["ok"] and response.text == "ok"


def test_headers_go_to_all_that_a_composite_asks(caller: Any) -> None:
    configs = [
        *(
            {"config_name": name, "model_type": "openai_chat", "api_key": "k", "retry": {"max_attempts": 1}}
            for name in "ab"
        ),
        {"config_name": "inner", "model_type": "fallback", "models": ["a", "b"]},
        {"config_name": "outer", "model_type": "fallback", "models": ["inner"]},
    ]
    model = ModelRegistry(configs).get_model("outer")
    model.drivers = Replay([{**WRONG, "status": 500}, STREAM])
    caller.deltas(model, "hi", headers={"X-Team": "red"})
    assert [request.headers["X-Team"] for request in model.drivers.requests] == ["red", "red"]


@pytest.mark.parametrize("parsing", [{"parse_func": 5}, *({"parse_func": str, "max_retries": n} for n in ("3", -1))])
def test_a_parse_func_that_is_none(parsing: dict[str, Any], caller: Any) -> None:
    for name in ("openai_chat", "fallback", "plain"):
        if name == "plain" and "max_retries" not in parsing:
            continue
        model = build(name)
        with pytest.raises(BadRequestError, match=rf"^{name} .*(parse_func|max_retries) is") as caught:
            caller.call(model, "hi", **parsing)
        assert caught.value.config_name == name and model.drivers.requests == []


KNOWN: list[tuple[str, dict[str, Any], str]] = [
    ("openai_chat", {"temprature": 1}, "no option 'temprature': did you mean 'temperature'?"),
    ("openai_chat", {"temperature": 5}, "temperature must be between 0 and 2, not 5"),
    ("openai_chat", {"temperature": "0.5"}, "temperature must be a number, not a string ('0.5'): write 0.5"),
    ("openai_chat", {"temperature": True}, "temperature must be a number, not a boolean"),
    ("openai_chat", {"max_tokens": 0}, "max_tokens must be at least 1, not 0"),
    ("openai_chat", {"max_tokens": 1.5}, "max_tokens must be an integer"),
    ("openai_chat", {"logit_bias": {"5": 101}}, "logit_bias does not fit its schema: token ids"),
    ("openai_chat", {"logit_bias": [5]}, "logit_bias must be a mapping, not a list"),
    ("openai_chat", {"stop_token_ids": ["a"]}, "stop_token_ids does not fit"),
    ("openai_chat", {"timout": 5}, "no option 'timout': did you mean 'timeout'?"),
    ("openai_chat", {"tool": []}, "no option 'tool': did you mean 'tools'?"),
    ("openai_chat", {"respone_format": {}}, "did you mean 'response_format'?"),
    ("openai_chat", {"apikey": SECRET}, "no option 'apikey': set it in the config"),
    ("yi_chat", {"top_p": 1.5}, "top_p must be between 0 and 1, not 1.5"),
    ("anthropic_chat", {"temperature": 1.5}, "temperature must be between 0 and 1, not 1.5"),
    ("anthropic_chat", {"max_token": 9}, "did you mean 'max_tokens'?"),
    ("gemini_chat", {"topP": -1}, "topP must be between 0 and 1"),
    ("gemini_chat", {"maxOutputToken": 9}, "did you mean 'maxOutputTokens'?"),
    ("zhipuai_chat", {"do_sample": "yes"}, "do_sample must be a boolean, not a string ('yes'): write true"),
    ("dashscope_chat", {"n": 0}, "n must be"),
    ("dashscope_multimodal", {"seed": 0.5}, "seed must be an integer"),
    ("litellm_chat", {"temperature": 3}, "temperature must be between 0 and 2"),
    ("ollama_chat", {"temperature": -1}, "temperature must be between 0 and 2"),
    ("ollama_generate", {"steps": "many"}, "steps must be"),
    ("openai_embedding", {"dimensions": 0}, "dimensions must be at least 1"),
    ("openai_embedding", {"dimension": 5}, "did you mean 'dimensions'?"),
    ("gemini_embedding", {"task_typ": "x"}, "did you mean 'task_type'?"),
    ("dashscope_text_embedding", {"output_type": 5}, "output_type must be"),
    ("openai_dall_e", {"n": 0}, "n must be"),
    ("openai_dall_e", {"sise": "1x1"}, "did you mean 'size'?"),
    ("dashscope_image_synthesis", {"prompt_extent": True}, "did you mean 'prompt_extend'?"),
    ("thin", {"temprature": 1}, "did you mean 'temperature'?"),
    ("fallback", {"temprature": 1}, "did you mean 'temperature'?"),
    ("router", {"temperature": 5}, "between 0 and 2"),
    ("cascade", {"temperature": 5}, "between 0 and 2"),
    ("chain", {"temperature": 5}, "between 0 and 2"),
]


@pytest.mark.parametrize(("name", "options", "words"), KNOWN, ids=[f"{n}-{o}" for n, o, _ in KNOWN])
def test_known_options_are_checked(name: str, options: dict[str, Any], words: str, caller: Any) -> None:
    model = build(name)
    for stream in (False, True):
        with pytest.raises(BadRequestError) as caught:
            caller.call(model, "hi", stream=stream, **options)
        assert words in caught.value.message and SECRET not in str(caught.value)
        assert caught.value.config_name == ("openai_chat" if name in COMPOSITES else name)
    assert model.drivers.requests == []


PASSED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("openai_chat", {"brand_new": {"a": 5}}, {"brand_new": {"a": 5}}),
    ("openai_chat", {"temperature": None, "seed": None}, {}),
    ("openai_chat", {"max_tokens": 9.0, "temperature": 2}, {"temperature": 2}),
    ("openai_chat", {"stop": ("a", "b")}, {"stop": ["a", "b"]}),
    ("openai_chat", {"extra_body": {"temprature": "x", "temperature": 9}}, {"temprature": "x", "temperature": 9}),
    ("openai_chat", {"extra_headers": {"X-A": "1"}, "extra_query": {"temprature": 1}}, {}),
    ("ollama_chat", {"top_k": 40, "num_ctx": 9, "keep_alive": "1m"}, {"keep_alive": "1m"}),
    ("post_api_chat", {"temprature": "hot", "temperature": 9}, {"temprature": "hot", "temperature": 9}),
    ("openai_embedding", {"temprature": 5}, {"temprature": 5}),
]


@pytest.mark.parametrize(("name", "options", "sent"), PASSED, ids=[f"{n}-{o}" for n, o, _ in PASSED])
def test_what_is_not_known_passes(name: str, options: dict[str, Any], sent: dict[str, Any], caller: Any) -> None:
    model = build(name, [WRONG])
    with pytest.raises(BadRequestError, match="no"):
        caller.call(model, "hi", **options)
    body = json.loads(model.drivers.requests[0].body)
    assert {**body, **sent} == body
    assert not {"extra_body", "extra_headers", "extra_query"} & body.keys()
    if "seed" in options:
        assert "temperature" not in body and "seed" not in body


PLUGIN = """
from modelhub.base import ModelWrapperBase

class Harbour(ModelWrapperBase):
    model_type = "harbour_chat"

    def __call__(self, text, ferries=1, **more):
        return f"{ferries} {more}"
"""


def test_a_plugin_in_plain_python_is_checked_by_its_schema(tmp_path: Any, monkeypatch: Any, caller: Any) -> None:
    (tmp_path / "harbour_of_tests" / "schemas").mkdir(parents=True)
    (tmp_path / "harbour_of_tests" / "__init__.py").write_text(PLUGIN)
    options = {"ferry": {"type": "integer", "maximum": 9}, "depth": {"$ref": "_common.json#/$defs/top_p"}}
    schema = {"properties": {"generate_args": {"properties": options}}}
    (tmp_path / "harbour_of_tests" / "schemas" / "harbour_chat.json").write_text(json.dumps(schema))
    monkeypatch.syspath_prepend(str(tmp_path))
    cls = __import__("harbour_of_tests").Harbour
    model = ModelRegistry([{"config_name": "h", "model_type": "harbour_chat"}], wrappers=[cls]).get_model("h")
    assert caller.call(model, "hi", ferries=20, ferry=9, new=5).text == "20 {'ferry': 9, 'new': 5}"
    for wrong, words in (({"ferry": 10}, "at most 9"), ({"depth": 2}, "between 0 and 1"), ({"deph": 1}, "'depth'")):
        with pytest.raises(BadRequestError, match=words) as caught:
            caller.call(model, "hi", **wrong)
        assert caught.value.config_name == "h"
