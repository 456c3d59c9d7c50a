"""Responses, errors, models and registries cross pickle and copy, and come back from another process."""

from __future__ import annotations

import asyncio
import copy
import inspect
import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from modelhub.wrappers.openai import OpenAIChatWrapper

import modelhub
from modelhub import ModelRegistry, ModelResponse, ModelWrapperBase, Msg, ToolCall, ToolCallDelta, Usage, errors, events
from modelhub.base import Endpoint, RetryPolicy
from modelhub.errors import ConfigError, ModelHubError, Problem
from modelhub.messages.tokens import TokenCount
from modelhub.registry.crossing import KEPT
from modelhub.testing import MockServer, Replay

from . import crossed
from .crossed import OwnError, Plain

WAYS: dict[str, Callable[[Any], Any]] = {
    **{f"pickle {n}": lambda value, n=n: pickle.loads(pickle.dumps(value, n)) for n in range(2, 6)},  # type: ignore[misc]
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}
if find_spec("cloudpickle"):  # which Ray brings
    import cloudpickle

    WAYS["cloudpickle"] = lambda value: pickle.loads(cloudpickle.dumps(value))
KEY = "sk-a-secret-key-of-somebody"


@pytest.fixture(params=WAYS.values(), ids=WAYS)
def cross(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    way: Callable[[Any], Any] = request.param
    return way


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("CROSSED_KEY", KEY)
    yield KEY


def config(url: str, **more: Any) -> dict[str, Any]:
    """A config of a model at ``url``, whose key is a reference."""
    at = {"model_name": "tiny", "api_key": "${CROSSED_KEY}", "client_args": {"base_url": f"{url}/v1"}}
    return {"config_name": "m", "model_type": "openai_chat", **at, **more}


def facts(value: Any) -> Any:
    """All that there is to see in a value, for comparing it with a copy."""
    if isinstance(value, BaseException):
        seen = {name: facts(item) for name, item in vars(value).items()}
        return type(value), str(value), facts(value.args), seen, value.__suppress_context__, facts(value.__cause__)
    if isinstance(value, ModelResponse):
        names = ("text", "embedding", *modelhub.response.streamed.FIELDS)
        return type(value), value.is_stream_exhausted, [facts(getattr(value, name)) for name in names], repr(value)
    if isinstance(value, list | tuple):
        return [facts(item) for item in value]
    return repr(value) if type(value).__repr__ is not object.__repr__ else (type(value), facts_of(value))


def facts_of(value: Any) -> dict[str, Any]:
    slots = [name for cls in type(value).__mro__ for name in vars(cls).get("__slots__", ()) if name[:2] != "__"]
    return {name: facts(getattr(value, name)) for name in [*slots, *getattr(value, "__dict__", {})]}


def build_errors() -> list[ModelHubError]:
    """One error of each class, with all attributes."""
    given = {"status": 500, "code": "c", "request_id": "r", "retryable": True, "retry_after": 1.5}
    who = {"config_name": "m", "model_type": "t", "partial": ModelResponse("part", raw=[{"a": 1}])}
    found: list[ModelHubError] = []
    classes = [cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, ModelHubError)]
    for cls in classes:
        call = issubclass(cls, errors.ModelCallError)
        found.append(cls("why", **given, **who) if call else cls("why"))
    found.append(errors.ResponseParsingError("why", raw_response="raw"))
    found.append(ConfigError([Problem("MH1", "a", "hint", "f.yaml", 1, 2, path=("a", 0)), Problem("MH2", "b")]))
    noted = errors.ServerError("why")
    noted.add_note("a note")
    noted.__cause__ = errors.TimeoutError("cause")
    noted.__cause__.__cause__ = KeyError("its cause")
    return [*found, noted]


def build_values() -> list[Any]:
    """One value of each other public class that holds data."""
    usage = Usage(1, 2, 3, 4, 5)
    calls = [ToolCall("c", "n", {"a": [1]})]
    response = ModelResponse(
        "hi", [[1.0]], ["u"], {"r": 1}, {"p": 1}, None, calls, "thinking", "stop", usage, "id", "m"
    )
    problem = Problem("MH1", "a")
    return [
        *(usage, calls[0], ToolCallDelta(0, "c", "n", "{"), response, ModelResponse(), problem),
        *(
            Msg("bob", "hi", "user"),
            TokenCount(3, estimated=True),
            RetryPolicy(max_attempts=5),
            Endpoint("http://h", {"A": "b"}),
        ),
        events.CallStarted("m", "id", 1.0, None, 2.0, "t", "n", "chat", False, {"a": 1}),
    ]


@pytest.mark.parametrize("error", build_errors(), ids=lambda error: type(error).__name__)
def test_an_error_is_what_it_was(error: ModelHubError, cross: Callable[[Any], Any]) -> None:
    other = cross(error)
    assert other is not error
    assert facts(other) == facts(error)
    with pytest.raises(type(error)):
        raise other


@pytest.mark.parametrize("value", build_values(), ids=lambda value: type(value).__name__)
def test_a_value_is_what_it_was(value: Any, cross: Callable[[Any], Any]) -> None:
    assert facts(cross(value)) == facts(value)


def test_an_error_with_an_init_of_its_own(cross: Callable[[Any], Any]) -> None:
    error = OwnError(3, why="busy")
    other = cross(error)
    assert (type(other), str(other), other.why, other.retry_after) == (OwnError, "wait 3 s", "busy", 3.0)
    assert other.retryable
    assert other.lock is None, "what pickle cannot carry stays behind"


def test_a_cause_that_cannot_cross_stays_behind(cross: Callable[[Any], Any]) -> None:
    class Local(Exception):
        pass

    error = errors.ServerError("why")
    error.__cause__ = Local("no")
    assert cross(error).__cause__ is None


def drained(model: Any) -> ModelResponse:
    response: ModelResponse = model("echo: a b c", stream=True)
    assert response.text == "a b c"
    return response


def test_a_response_that_was_streamed(server: MockServer, key: str, cross: Callable[[Any], Any]) -> None:
    with ModelRegistry(config(server.url)) as hub:
        response = drained(hub.get_model("m"))
        other = cross(response)
        assert facts(other) == facts(response)
        assert list(other) == list(response) == []
        assert str(other) == str(response)
        assert other.to_message() == response.to_message()
        other.close()
        assert cross(other).text == "a b c"


def test_a_response_that_was_awaited(server: MockServer, key: str, cross: Callable[[Any], Any]) -> None:
    async def main(model: Any) -> None:
        response = await model.acall("echo: a b c", stream=True)
        with pytest.raises(TypeError, match="still arriving"):
            cross(response)
        await response.complete()
        assert facts(cross(response)) == facts(response)

    with ModelRegistry(config(server.url)) as hub:
        asyncio.run(main(hub.get_model("m")))


def test_a_response_that_is_still_arriving_says_to_read_it(
    server: MockServer, key: str, cross: Callable[[Any], Any]
) -> None:
    with ModelRegistry(config(server.url)) as hub:
        response = hub.get_model("m")("count: 50", stream=True)
        with pytest.raises(TypeError, match="read it to its end first"):
            cross(response)
        next(iter(response))
        with pytest.raises(TypeError, match="read it to its end first"):
            cross(response)
        response.close()
        other = cross(response)
        assert other.raw == response.raw
        assert other.text == response.text


def test_a_raw_answer_that_cannot_cross_stays_behind(cross: Callable[[Any], Any]) -> None:
    response = ModelResponse("hi", raw=threading.Lock())
    assert (cross(response).text, cross(response).raw) == ("hi", None)


def test_a_model_is_called_where_it_arrives(server: MockServer, key: str, cross: Callable[[Any], Any]) -> None:
    with ModelRegistry(config(server.url)) as hub:
        model = hub.get_model("m")
        for _ in range(2):  # before and after its references are resolved
            other = cross(model)
            assert other is not model
            assert type(other) is type(model)
            assert other.config_name == "m"
            assert other("echo: a").text == "a"
            assert asyncio.run(other.acall("echo: b")).text == "b"
            assert model("echo: c").text == "c"
        assert [request.headers["authorization"] for request in server.requests] == [f"Bearer {key}"] * 6


def test_no_key_is_in_a_pickle(server: MockServer, key: str) -> None:
    for hub in (
        ModelRegistry(config(server.url)),
        ModelRegistry([config(server.url, headers={"X-Key": "${CROSSED_KEY}"})]),
    ):
        model = hub.get_model("m")
        model("hi")
        assert key.encode() not in pickle.dumps(model) + pickle.dumps(hub)
        copied = copy.deepcopy(model)
        assert key.encode() not in pickle.dumps(copied)


EXPOSED: dict[str, dict[str, Any]] = {
    "api_key": {"api_key": KEY},
    "header": {"headers": {"Authorization": f"Bearer {KEY}"}},
    "url": {"client_args": {"base_url": f"https://bob:{KEY}@host/v1"}},
    "default": {"api_key": f"${{CROSSED_KEY:-{KEY}}}"},
}


@pytest.mark.parametrize("more", EXPOSED.values(), ids=EXPOSED)
@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "https://api.example.com"])
def test_a_key_in_plain_text_does_not_cross(more: dict[str, Any], url: str) -> None:
    hub = ModelRegistry(config(url, **more))
    for value in (hub, hub.get_model("m")):
        with pytest.raises(TypeError, match=r"config 'm' cannot be sent .* write it as|Write it as") as caught:
            pickle.dumps(value)
        assert "send the config_name and fetch the model there" in str(caught.value)
        assert KEY not in str(caught.value)
        copy.deepcopy(value)  # which stays in the process


@pytest.mark.parametrize("part", ["defaults", "profiles"])
def test_a_key_in_plain_text_beside_the_configs_does_not_cross(part: str, key: str) -> None:
    declared = {
        "defaults": {"openai_chat": {"headers": {"X-Api-Key": KEY}}},
        "profiles": {"p": {"m": {"api_key": KEY}}},
    }
    hub = ModelRegistry([{part: declared[part], "models": [config("http://h")]}])
    with pytest.raises(TypeError, match="secret in plain text"):
        pickle.dumps(hub)


def test_a_key_that_is_none_crosses() -> None:
    hub = ModelRegistry(config("http://h", api_key="EMPTY"))
    assert pickle.loads(pickle.dumps(hub)).build_config("m")["api_key"] == "EMPTY"


def test_a_config_in_a_file_crosses_by_its_path(
    server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cross: Callable[[Any], Any]
) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "models.json").write_text(json.dumps([config(server.url, api_key=KEY)]))
    (tmp_path / "here" / "more.json").write_text(json.dumps([config(server.url, config_name="n", api_key=KEY)]))
    (tmp_path / "here" / "key").write_text("sk-in-a-file")
    monkeypatch.chdir(tmp_path / "here")
    own = config(server.url, config_name="o", api_key="${file:key}")
    hub = ModelRegistry(["models.json", Path("more.json"), {"include": "models.json", "models": [own]}])
    model = hub.get_model("m")
    monkeypatch.chdir(tmp_path / "there")
    assert KEY.encode() not in pickle.dumps([hub, model])
    other = cross(hub)
    assert other.names() == ["m", "n", "o"]
    assert cross(model)("echo: a").text == "a"
    assert cross(hub.get_model("n"))("echo: b").text == "b"
    assert pickle.loads(pickle.dumps(hub.get_model("o")))("echo: c").text == "c"
    assert server.requests[-1].headers["authorization"] == "Bearer sk-in-a-file"


def test_a_profile_is_kept(monkeypatch: pytest.MonkeyPatch, key: str, cross: Callable[[Any], Any]) -> None:
    source = {"profiles": {"p": {"models": {"m": {"timeout": 5}}}}, "models": [config("http://h", timeout=9)]}
    with_profile, without = ModelRegistry([source], profile="p"), ModelRegistry([source], profile="")
    for name in ("", "p"):
        monkeypatch.setenv("MODELHUB_PROFILE", name)
        assert cross(with_profile).config("m")["timeout"] == cross(with_profile.get_model("m")).timeout == 5
        assert cross(without).config("m")["timeout"] == cross(without.get_model("m")).timeout == 9


def test_models_of_one_registry_share_its_connections_where_they_arrive(server: MockServer, key: str) -> None:
    hub = ModelRegistry([config(server.url), config(server.url, config_name="n")])
    sent = [pickle.dumps(hub.get_model(name)) for name in ("m", "n", "m")]
    first, second, third = map(pickle.loads, sent)
    assert first is third
    assert first.drivers is second.drivers
    assert first.drivers is not hub.get_model("m").drivers
    for model in (first, second, third):
        model("hi")
    assert server.connections == 1
    hub.close()
    assert first("echo: a").text == "a", "what has crossed does not hang on where it came from"
    for _ in range(KEPT):
        pickle.loads(pickle.dumps(ModelRegistry(config(server.url)).get_model("m")))
    assert pickle.loads(sent[0]) is not first, "no more than a few are kept"


def test_a_registry_arrives_as_one_of_its_own(server: MockServer, key: str, cross: Callable[[Any], Any]) -> None:
    hub = ModelRegistry(config(server.url))
    with cross(hub) as other, cross(hub) as third:
        assert other is not third
        assert other.get_model("m")("echo: a").text == "a"
    with pytest.raises(ModelHubError, match="closed"):
        other.get_model("m")("echo: a")
    assert hub.get_model("m")("echo: b").text == "b"


def test_observers_that_can_be_imported_cross(server: MockServer, key: str) -> None:
    here: list[Any] = []
    hub = ModelRegistry(config(server.url), observers=[here.append, crossed.observe, lambda event: here.append(event)])
    crossed.EVENTS.clear()
    for model in (pickle.loads(pickle.dumps(hub)).get_model("m"), pickle.loads(pickle.dumps(hub.get_model("m")))):
        model("hi")
    assert here == []
    assert sum(isinstance(event, events.CallEnded) for event in crossed.EVENTS) == 2
    copy.deepcopy(hub.get_model("m"))("hi")
    assert here


def test_a_model_in_python_crosses(cross: Callable[[Any], Any]) -> None:
    given = {"config_name": "m", "model_type": "crossed_plain", "greeting": "hello"}
    for hub in (ModelRegistry(given), ModelRegistry(given, wrappers=[Plain])):
        model = hub.get_model("m")
        assert cross(model)("bob").text == "hello bob"
        assert cross(hub).get_model("m")("bob").text == "hello bob"
    assert cross(Plain("m", greeting="hey"))("bob").text == "hey bob"


def test_a_model_without_a_registry_crosses_by_what_it_was_given(key: str, cross: Callable[[Any], Any]) -> None:
    args = {"api_key": "${CROSSED_KEY}", "client_args": {"base_url": "http://h/v1"}, "generate_args": {"seed": 1}}
    model = OpenAIChatWrapper("m", "tiny", **args)  # type: ignore[arg-type]
    for _ in range(2):
        other = cross(model)
        assert (other.config_name, other.model_name, other.generate_args) == ("m", "tiny", {"seed": 1})
        assert other.endpoint.headers["Authorization"] == f"Bearer {key}"
        assert model.endpoint.headers["Authorization"] == f"Bearer {key}"
    assert key.encode() not in pickle.dumps(model)
    with pytest.raises(TypeError, match="api_key holds a secret in plain text"):
        pickle.dumps(OpenAIChatWrapper("m", "tiny", api_key=KEY))


def test_the_parameters_of_a_class_are_those_of_its_init() -> None:
    class Own(ModelWrapperBase):
        def __init__(self, config_name: str, size: int) -> None:
            super().__init__(config_name)

    assert list(inspect.signature(ModelWrapperBase).parameters) == ["config_name", "model_name", "kwargs"]
    assert list(inspect.signature(Own).parameters) == ["config_name", "size"]


def test_a_copy_of_a_model_has_attributes_of_its_own(server: MockServer, key: str) -> None:
    model = ModelRegistry(config(server.url, generate_args={"stop": ["a"]})).get_model("m")
    shallow, deep = copy.copy(model), copy.deepcopy(model)
    deep.generate_args["stop"].append("b")
    shallow.model_name = "other"
    for each in (model, shallow, deep):
        each("hi")
    assert [request.json["stop"] for request in server.requests] == [["a"], ["a"], ["a", "b"]]
    assert [request.json["model"] for request in server.requests] == ["tiny", "other", "tiny"]
    assert server.connections == 1
    deep.drivers = Replay([])
    assert model("echo: a").text == "a"
    assert pickle.loads(pickle.dumps(deep))("echo: b").text == "b"


WORKERS = """
import multiprocessing, os, pickle, sys
from concurrent.futures import ProcessPoolExecutor
import crossed
from modelhub import errors

model = pickle.load(sys.stdin.buffer)
with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
    assert pool.submit(os.getpid).result() != os.getpid()
    assert pool.submit(model, "echo: a").result().text == "a"
    assert pool.submit(crossed.stream, model, "echo: a b").result().text == "a b"
    assert pool.submit(crossed.ask, crossed.Plain("m"), "bob").result().text == "hi bob"
    for status, error in ((429, errors.RateLimitError), (400, errors.BadRequestError)):
        failed = pool.submit(crossed.ask, model, f"fail: {status}").exception()
        assert type(failed) is error and failed.config_name == "m" and failed.status == status, failed
        assert type(pickle.loads(pickle.dumps(failed))) is error  # with the traceback that came along
    own = pool.submit(crossed.fail, "own").exception()
    assert type(own) is crossed.OwnError and own.why == "busy", own
    configs = pool.submit(crossed.fail, "configs").exception()
    assert [problem.code for problem in configs.problems] == ["MH1", "MH2"], configs
"""


def test_another_process_and_back(server: MockServer, key: str) -> None:
    """Real processes, which import everything anew."""
    server.script("ok", "ok", "429", "400")
    model = ModelRegistry(config(server.url, retry={"max_attempts": 1})).get_model("m")
    program = [sys.executable, "-c", WORKERS]
    path = {"PYTHONPATH": str(Path(__file__).parent)}
    done = subprocess.run(
        program, input=pickle.dumps(model), capture_output=True, env={**os.environ, **path}, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    assert server.connections == 1, "the models that came to the worker shared one connection"
