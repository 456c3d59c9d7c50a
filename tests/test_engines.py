"""The wrappers against servers that we did not write: llama.cpp's and Ollama, with a model whose answers are known."""

from __future__ import annotations

import asyncio
import json
import platform
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import modelhub
from modelhub.errors import AuthenticationError, ConnectionError, NotFoundError, StreamInterruptedError

from .engines import llama_server, ollama

MODELS = Path(__file__).with_name("models")
GGUF = MODELS / "tiny.gguf"

# How each combination of wrapper and server is configured, {} being the server's URL.
COMBINATIONS = {
    "openai_chat on llama-server": ("llama", {"model_type": "openai_chat", "client_args": {"base_url": "{}/v1"}}),
    "openai_chat on Ollama": ("ollama", {"model_type": "openai_chat", "client_args": {"base_url": "{}/v1"}}),
    "ollama_chat on Ollama": ("ollama", {"model_type": "ollama_chat", "host": "{}"}),
}
ON_OLLAMA = [name for name, (server, _) in COMBINATIONS.items() if server == "ollama"]


@pytest.fixture(scope="session", autouse=True)
def plain_environment():
    """No key, address or proxy of the machine's own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OLLAMA_HOST", "OLLAMA_API_KEY"):
            patch.delenv(name, raising=False)
        patch.setenv("NO_PROXY", "127.0.0.1")
        patch.setenv("no_proxy", "127.0.0.1")
        yield


def start(server, folder, *options):
    """The context manager that runs ``server``; skips the test when it is one that may be absent, and is."""
    if server == "ollama":
        binary = ollama.find_ollama()
        if binary is None:
            pytest.skip(ollama.INSTALL)
        return ollama.run_ollama(binary, folder, GGUF)
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip("xllamacpp has wheels for Linux on x86-64 alone")
    return llama_server.run_llama_server(folder, GGUF, *options)


@pytest.fixture(scope="session")
def llama(tmp_path_factory):
    with start("llama", tmp_path_factory.mktemp("llama")) as engine:
        yield engine


@pytest.fixture(scope="session")
def ollama_engine(tmp_path_factory):
    with start("ollama", tmp_path_factory.mktemp("ollama")) as engine:
        yield engine


def build_config(combination, url, **keys):
    """A config of ``combination`` that decodes greedily."""
    template = json.dumps(COMBINATIONS[combination][1]).replace("{}", url)
    greedy = {"temperature": 0, "max_tokens": 80}
    return {"config_name": "tiny", "model_name": "tiny", "generate_args": greedy, **json.loads(template), **keys}


@pytest.fixture
def build_model(request):
    """Build the model of a combination, its server started when first needed, with more keys in its config."""
    hubs = []

    def build(combination, url=None, **keys):
        if url is None:
            fixture = {"llama": "llama", "ollama": "ollama_engine"}[COMBINATIONS[combination][0]]
            url = request.getfixturevalue(fixture).url
        hubs.append(modelhub.init(build_config(combination, url, **keys)))
        return modelhub.get_model("tiny")

    yield build
    for hub in hubs:
        hub.close()


@pytest.fixture(params=COMBINATIONS)
def model(request, build_model):
    return build_model(request.param)


def load_questions():
    """Each known question as (messages, tools) and its answer as (text, calls, finish_reason)."""
    for row in json.loads((MODELS / "known_answers.json").read_text("utf-8")):
        for message in row["messages"]:
            for call in message.get("tool_calls", ()):
                call["id"] = "call_0"
            if message["role"] == "tool":
                message["tool_call_id"] = "call_0"
        answer = (row["answer"], [], "stop")
        if answer[0].startswith("<tool_call>"):
            call = json.loads(answer[0].removeprefix("<tool_call>").removesuffix("</tool_call>"))
            answer = ("", [(call["name"], call["arguments"])], "tool_calls")
        yield (row["messages"], row["tools"]), answer


QUESTIONS = dict(enumerate(load_questions()))


def read(response):
    """What is known beforehand of a response that has arrived."""
    assert response.usage.prompt_tokens > 0 and response.usage.completion_tokens > 0
    assert response.usage.total_tokens == response.usage.prompt_tokens + response.usage.completion_tokens
    calls = response.tool_calls or []
    assert len({call.id for call in calls}) == len(calls)
    return (response.text or "").strip(), [(call.name, call.arguments) for call in calls], response.finish_reason


def read_stream(response, deltas):
    """The same of a streamed response, whose deltas say it too."""
    whole = read(response)
    assert "".join(delta.text for delta in deltas) == response.text
    assert [delta.finish_reason for delta in deltas if delta.finish_reason] == [response.finish_reason]
    if len(whole[0]) > 20:
        assert len(deltas) > 3
    return whole


def ask(model, messages, tools):
    return read(model(messages, tools=tools))


def ask_stream(model, messages, tools):
    response = model(messages, tools=tools, stream=True)
    return read_stream(response, list(response))


async def ask_async(model, messages, tools):
    return read(await model.acall(messages, tools=tools))


async def ask_async_stream(model, messages, tools):
    response = await model.acall(messages, tools=tools, stream=True)
    return read_stream(response, [delta async for delta in response])


@pytest.mark.parametrize("way", [ask, ask_stream, ask_async, ask_async_stream])
def test_known_answers(model, way):
    def ask_all():
        with ThreadPoolExecutor(4) as threads:
            return list(threads.map(lambda question: way(model, *question[0]), QUESTIONS.values()))

    async def ask_all_async():
        return await asyncio.gather(*[way(model, *question) for question, _ in QUESTIONS.values()])

    answers = asyncio.run(ask_all_async()) if asyncio.iscoroutinefunction(way) else ask_all()
    wrong = {n: (answer, known) for (n, (_, known)), answer in zip(QUESTIONS.items(), answers, strict=True)}
    wrong = {n: pair for n, pair in wrong.items() if pair[0] != pair[1]}
    assert len(answers) == 38 and wrong == {}


def test_a_tool_loop(model):
    (messages, tools), _ = next(question for question in QUESTIONS.values() if question[1][2] == "tool_calls")
    (call,) = model(messages, tools=tools).tool_calls
    assert (call.name, call.arguments) == ("get_weather", {"city": "Paris"})
    asked = {
        "type": "function",
        "id": call.id,
        "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
    }
    turns = [{"role": "assistant", "content": None, "tool_calls": [asked]}]
    turns += [{"role": "tool", "tool_call_id": call.id, "content": "sunny"}]
    assert model(messages + turns, tools=tools).text == "It is sunny in Paris."


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_is_cut_off(model, stream):
    response = model("Count to ten.", max_tokens=5, stream=stream)
    assert response.text and "1 2 3 4 5 6 7 8 9 10".startswith(response.text.strip())
    assert response.finish_reason == "length"
    assert response.usage.completion_tokens == 5


def test_the_stop_option(model):
    assert model("Name three colours.", stop=[", blue"]).text == "red, green"


@pytest.mark.parametrize("combination", ON_OLLAMA)
@pytest.mark.parametrize("stream", [False, True])
def test_an_unknown_model(build_model, combination, stream):
    model = build_model(combination, model_name="nope")
    with pytest.raises(NotFoundError, match=r"^tiny \(\w+\): .*nope.* \[HTTP 404") as caught:
        list(model("hello", stream=stream))
    assert not caught.value.retryable


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A llama-server that embeds, for those with its key."""
    with start("llama", tmp_path_factory.mktemp("guarded"), "--api-key", "sesame", "--embeddings") as engine:
        yield engine


@pytest.mark.parametrize("stream", [False, True])
def test_a_wrong_key(build_model, guarded, stream):
    model = build_model("openai_chat on llama-server", guarded.url, api_key="thistle")
    with pytest.raises(AuthenticationError, match="HTTP 401") as caught:
        list(model("hello", stream=stream))
    assert caught.value.config_name == "tiny" and "thistle" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_embeddings_of_llama_server(build_model, guarded, encoding):
    generate_args = {"encoding_format": encoding}
    model = build_model(
        "openai_chat on llama-server",
        guarded.url,
        model_type="openai_embedding",
        api_key="sesame",
        generate_args=generate_args,
    )
    check_embeddings(model)


def test_embeddings_of_ollama(build_model):
    check_embeddings(build_model("openai_chat on Ollama", model_type="openai_embedding", generate_args={}))


def check_embeddings(model):
    both = model(["ping", "pong"])
    assert [len(vector) for vector in both.embedding] == [64, 64]
    assert both.embedding[0] != both.embedding[1]
    assert both.usage.prompt_tokens > 0
    (one,) = asyncio.run(model.acall("ping")).embedding
    assert one == pytest.approx(both.embedding[0], abs=1e-4)


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_a_server_that_stops(build_model, combination, tmp_path):
    with start(COMBINATIONS[combination][0], tmp_path) as engine:
        model = build_model(combination, engine.url, retry={"max_attempts": 1})
        assert model("ping").text == "pong"
        assert asyncio.run(model.acall("ping")).text == "pong"
        assert engine.is_alive()
        engine.stop()
        assert not engine.is_alive()
        address = engine.url.removeprefix("http://")
        for stream in (False, True):
            with pytest.raises(ConnectionError, match=rf"^tiny \(\w+\): .*{address}"):
                list(model("ping", stream=stream))
            with pytest.raises(ConnectionError, match=rf"^tiny \(\w+\): .*{address}"):
                asyncio.run(ask_async_stream(model, "ping", None) if stream else ask_async(model, "ping", None))


def test_a_server_that_is_killed_in_mid_stream(build_model, tmp_path):
    with start("llama", tmp_path) as engine:
        model = build_model("openai_chat on llama-server", engine.url)
        deltas = iter(model("Tell me a story.", stream=True, max_tokens=900))
        first = next(deltas)
        engine.kill()
        with pytest.raises(StreamInterruptedError) as caught:
            list(deltas)
    assert caught.value.partial.text.startswith(first.text)
    assert caught.value.config_name == "tiny"
