"""The wrappers against servers that we did not write, with a model whose answers are known."""

import asyncio
import json

import pytest

from modelhub.errors import BadRequestError, ConnectionError, ResponseParsingError, ServerError, StreamInterruptedError

from .asking import STREAMED, WAYS, ask_all
from .chosen import needs
from .pairs import PAIRS, name_pairs
from .questions import QUESTIONS, WEATHER, Answer, Question

with_tools = pytest.mark.parametrize("name", name_pairs(lambda pair: "tools" not in pair.lacks))
each_way = pytest.mark.parametrize("way", WAYS)


@each_way
@pytest.mark.parametrize("name", name_pairs())
def test_known_answers(build_model, name, way):
    pair = PAIRS[name]
    questions = [question for question in QUESTIONS if pair.selects(question)]
    answers = ask_all(build_model(name), way, questions)
    wrong = [
        (question, answer) for question, answer in zip(questions, answers, strict=True) if answer != question.answer
    ]
    assert wrong == []
    usages = [answer.usage for answer in answers]
    counts = pair.counts if way in STREAMED else "prompt and answer"
    assert all(usage is not None and usage.completion_tokens > 0 for usage in usages) == ("answer" in counts)
    assert all(usage is not None and usage.prompt_tokens > 0 for usage in usages) == ("prompt" in counts)


def test_how_many_answers_are_known():
    counted = {pair.selects: sum(map(pair.selects, QUESTIONS)) for pair in PAIRS.values()}
    assert sorted(set(counted.values())) == [33, 35, 38]


@each_way
@with_tools
def test_a_tool_loop(build_model, name, way):
    model = build_model(name)
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
    question = Question(WEATHER.messages + turns, WEATHER.tools, Answer("It is sunny in Paris.", [], "stop"))
    assert ask_all(model, way, [question]) == [question.answer]


@pytest.mark.parametrize("name", name_pairs())
def test_an_answer_of_a_given_shape(build_model, name):
    schema = {"type": "object", "properties": {"answer": {"enum": [7, 8]}, "ok": {"type": "boolean"}}}
    schema |= {"required": list(schema["properties"]), "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "shape", "schema": schema}}
    model = build_model(name)
    if "format" in PAIRS[name].lacks:  # a server that ignores what was asked for is found out
        with pytest.raises((BadRequestError, ResponseParsingError), match=r"42 is not one of|json_schema"):
            model("Write JSON", response_format=wanted)
    else:
        response = model("Write JSON", response_format=wanted)
        assert response.parsed == json.loads(response.text) == {"answer": 7, "ok": True}


@each_way
@pytest.mark.parametrize("name", name_pairs())
def test_an_answer_that_is_cut_off(build_model, name, way):
    pair = PAIRS[name]
    text, reason, tokens = pair.cut
    keys = "json_args" if "json_args" in pair.config else "generate_args"
    model = build_model(name)
    getattr(model, keys)["max_tokens"] = 5
    (answer,) = ask_all(
        model, way, [Question([{"role": "user", "content": "Count to ten."}], None, Answer("", [], ""))]
    )
    assert answer == Answer(text, [], reason)
    if pair.counts or way not in STREAMED:
        assert answer.usage.completion_tokens == tokens


@pytest.mark.parametrize("name", name_pairs())
@pytest.mark.parametrize("stop", [", blue", [", blue", "!"]])
def test_an_answer_that_is_stopped(build_model, name, stop):
    model = build_model(name)
    if "string" in PAIRS[name].lacks and isinstance(stop, str):
        with pytest.raises(ServerError, match="must be of type array"):
            model("Name three colours.", stop=stop)
        return
    if PAIRS[name].model_type == "zhipuai_chat" and isinstance(stop, list):
        with pytest.raises(BadRequestError, match="stop"):  # which the vendor documents
            model("Name three colours.", stop=stop)
        return
    response = model("Name three colours.", stop=stop)
    text = "red, green, blue" if "stop" in PAIRS[name].lacks else "red, green"
    assert (response.text, response.finish_reason) == (text, "stop")


@pytest.mark.parametrize("name", name_pairs(lambda pair: pair.model_type in ("anthropic_chat", "gemini_chat")))
def test_tokens_that_are_counted_beforehand(build_model, caller, name):
    model = build_model(name)
    count = model.count_tokens("hello")
    assert count == asyncio.run(model.acount_tokens("hello")) == caller.call(model, "hello").usage.prompt_tokens
    assert not count.estimated


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("openai_chat on llama-server", marks=needs("llama-server")),
        pytest.param("ollama_chat on Ollama", marks=needs("Ollama")),
    ],
)
def test_a_server_that_has_stopped(build_model, engines, name):
    with engines.start(PAIRS[name].engine) as engine:
        model = build_model(name, engine.url, retry={"max_attempts": 1})
        for way in WAYS:
            assert ask_all(model, way, QUESTIONS[:1]) == [QUESTIONS[0].answer]
        assert engine.is_alive()
        engine.stop()
        assert not engine.is_alive()
        for way in WAYS:
            with pytest.raises(ConnectionError, match=rf"^tiny \(\w+\): .*{engine.url.removeprefix('http://')}"):
                ask_all(model, way, QUESTIONS[:1])


@needs("llama-server")
@pytest.mark.parametrize("name", ["openai_chat on llama-server", "anthropic_chat on llama-server"])
def test_a_server_that_is_killed_in_mid_stream(build_model, engines, name):
    with engines.start("llama-server", "--endless") as engine:
        model = build_model(name, engine.url, generate_args={"temperature": 0, "max_tokens": 100_000})
        deltas = iter(model("A story!", stream=True))
        first = next(deltas)
        engine.kill()
        with pytest.raises(StreamInterruptedError, match=r"^tiny \(\w+\): ") as caught:
            list(deltas)
    assert caught.value.partial.text.startswith(first.text)
