"""The wrappers against servers that we did not write: llama.cpp's and Ollama, with a model whose answers are known."""

import asyncio
import json
import platform
import sys
from pathlib import Path

import pytest

import modelhub
from modelhub.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionError,
    ContextLengthError,
    NotFoundError,
    StreamInterruptedError,
)

from .engines import llama_server, ollama
from .engines.asking import WAYS, ask_all
from .engines.questions import load_questions

MODELS = Path(__file__).with_name("models")
GGUF = MODELS / "tiny.gguf"
QUESTIONS = load_questions(MODELS / "known_answers.json")
(WEATHER,) = (question for question in QUESTIONS if question.answer.calls)

# Which server each combination needs, and its config, where {} is the server's URL.
COMBINATIONS = {
    "openai_chat on llama-server": ("llama", {"model_type": "openai_chat", "client_args": {"base_url": "{}/v1"}}),
    "openai_chat on Ollama": ("ollama", {"model_type": "openai_chat", "client_args": {"base_url": "{}/v1"}}),
    "ollama_chat on Ollama": ("ollama", {"model_type": "ollama_chat", "host": "{}"}),
}
GREEDY = {"temperature": 0, "max_tokens": 80}


def start(server, folder, *options):
    """The context manager that runs ``server``; skips the test where there is none to run."""
    if server == "ollama":
        binary = ollama.find_ollama()
        if binary is None:
            pytest.skip(ollama.INSTALL)
        return ollama.run_ollama(binary, folder, GGUF)
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("xllamacpp is installed on Linux on x86-64 alone")
    return llama_server.run_llama_server(folder, GGUF, *options)


@pytest.fixture(scope="session")
def llama_engine(tmp_path_factory):
    with start("llama", tmp_path_factory.mktemp("llama")) as engine:
        yield engine


@pytest.fixture(scope="session")
def ollama_engine(tmp_path_factory):
    with start("ollama", tmp_path_factory.mktemp("ollama")) as engine:
        yield engine


@pytest.fixture(scope="module")
def guarded_engine(tmp_path_factory):
    """A llama-server that embeds, for those who have its key."""
    with start("llama", tmp_path_factory.mktemp("guarded"), "--api-key", "sesame", "--embeddings") as engine:
        yield engine


@pytest.fixture
def build_model(request, monkeypatch):
    """Build the model of a combination, with more keys in its config, on its server unless another's URL is given."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OLLAMA_HOST", "OLLAMA_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    hubs = []

    def build(combination, url=None, **keys):
        server, config = COMBINATIONS[combination]
        url = url or request.getfixturevalue(f"{server}_engine").url
        config = json.loads(json.dumps(config).replace("{}", url))
        config |= {"config_name": "tiny", "model_name": "tiny", "generate_args": GREEDY, **keys}
        hubs.append(modelhub.init(model_configs=config))
        return modelhub.get_model("tiny")

    yield build
    for hub in hubs:
        hub.close()


@pytest.fixture(params=COMBINATIONS)
def model(request, build_model):
    return build_model(request.param)


@pytest.mark.parametrize("way", WAYS)
def test_known_answers(model, way):
    answers = ask_all(model, way, QUESTIONS)
    wrong = [(n, answer) for n, answer in enumerate(answers) if answer != QUESTIONS[n].answer]
    assert len(answers) == 38 and wrong == []


def test_a_tool_loop(model):
    (call,) = model(WEATHER.messages, tools=WEATHER.tools).tool_calls
    function = {"name": call.name, "arguments": json.dumps(call.arguments)}
    turns = [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"type": "function", "id": call.id, "function": function}],
        },
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    assert model(WEATHER.messages + turns, tools=WEATHER.tools).text == "It is sunny in Paris."


def test_an_answer_of_a_given_shape(model):
    schema = {"type": "object", "properties": {"answer": {"enum": [7, 8]}, "ok": {"type": "boolean"}}}
    schema["required"] = list(schema["properties"])
    wanted = {"type": "json_schema", "json_schema": {"name": "shape", "schema": schema}}
    assert json.loads(model("Write JSON", response_format=wanted).text) == {"answer": 7, "ok": True}


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_is_cut_off(model, stream):
    response = model("Count to ten.", max_tokens=5, stream=stream)
    assert response.text == "1 2 3"  # the spaces are tokens too
    assert response.finish_reason == "length"
    assert response.usage.completion_tokens == 5


@pytest.mark.parametrize("stop", [", blue", [", blue", "!"]])
def test_an_answer_that_is_stopped(model, stop):
    response = model("Name three colours.", stop=stop)
    assert (response.text, response.finish_reason) == ("red, green", "stop")


@pytest.mark.parametrize("stream", [False, True])
def test_an_option_of_the_wrong_type(model, stream):
    with pytest.raises(BadRequestError, match="temperature") as caught:
        list(model("hello", temperature="hot", stream=stream))
    assert not caught.value.retryable


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("combination", [name for name in COMBINATIONS if name.endswith("Ollama")])
def test_an_unknown_model(build_model, combination, stream):
    model = build_model(combination, model_name="nope")
    with pytest.raises(NotFoundError, match=r"^tiny \(\w+\): .*nope.* \[HTTP 404") as caught:
        list(model("hello", stream=stream))
    assert not caught.value.retryable


def test_a_prompt_that_is_too_long(build_model):
    with pytest.raises(ContextLengthError, match="1024"):
        build_model("openai_chat on llama-server")("hello " * 3000)


@pytest.mark.parametrize("stream", [False, True])
def test_a_wrong_key(build_model, guarded_engine, stream):
    model = build_model("openai_chat on llama-server", guarded_engine.url, api_key="thistle")
    with pytest.raises(AuthenticationError, match=r"^tiny \(openai_chat\): .* \[HTTP 401") as caught:
        list(model("hello", stream=stream))
    assert "thistle" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_embeddings_of_llama_server(build_model, guarded_engine, encoding):
    keys = {"model_type": "openai_embedding", "api_key": "sesame", "generate_args": {"encoding_format": encoding}}
    check_embeddings(build_model("openai_chat on llama-server", guarded_engine.url, **keys))


def test_embeddings_of_ollama(build_model):
    check_embeddings(build_model("openai_chat on Ollama", model_type="openai_embedding", generate_args={}))


def check_embeddings(model):
    both = model(["ping", "pong"])
    assert [len(vector) for vector in both.embedding] == [64, 64]
    assert both.embedding[0] != pytest.approx(both.embedding[1], abs=1e-2)
    assert both.usage.prompt_tokens > 0
    (one,) = asyncio.run(model.acall("ping")).embedding
    assert one == pytest.approx(both.embedding[0], abs=1e-4)


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_a_server_that_has_stopped(build_model, combination, tmp_path):
    with start(COMBINATIONS[combination][0], tmp_path) as engine:
        model = build_model(combination, engine.url, retry={"max_attempts": 1})
        for way in WAYS:
            assert ask_all(model, way, QUESTIONS[:1]) == [QUESTIONS[0].answer]
        assert engine.is_alive()
        engine.stop()
        assert not engine.is_alive()
        for way in WAYS:
            with pytest.raises(ConnectionError, match=rf"^tiny \(\w+\): .*{engine.url.removeprefix('http://')}"):
                ask_all(model, way, QUESTIONS[:1])


def test_a_server_that_is_killed_in_mid_stream(build_model, tmp_path):
    with start("llama", tmp_path) as engine:
        deltas = iter(build_model("openai_chat on llama-server", engine.url)("A story!", stream=True, max_tokens=900))
        first = next(deltas)
        engine.kill()
        with pytest.raises(StreamInterruptedError, match=r"^tiny \(openai_chat\): ") as caught:
            list(deltas)
    assert caught.value.partial.text.startswith(first.text)
