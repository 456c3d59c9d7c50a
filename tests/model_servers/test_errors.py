"""What becomes of the errors of servers that we did not write: the class says who must act, the words stay theirs."""

import asyncio

import pytest

from modelhub import errors

from .chosen import needs
from .mistakes import ANSWERS, MISTAKES, PLACES, Told
from .pairs import PAIRS, name_pairs

ON_PROXY = name_pairs(lambda pair: pair.engine == "LiteLLM")
ONCE = {"retry": {"max_attempts": 1}}


def test_that_every_mistake_is_made():
    assert ANSWERS.keys() == PAIRS.keys()
    assert all(answers.keys() == MISTAKES.keys() for answers in ANSWERS.values())


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("mistake", MISTAKES)
@pytest.mark.parametrize("name", name_pairs())
def test_a_mistake(build_model, caller, name, mistake, stream):
    keys, prompt, options = MISTAKES[mistake]
    config, told = PAIRS[name].config, ANSWERS[name][mistake]
    if "json_args" in config and "model_name" in keys:
        keys = {"json_args": {**config["json_args"], "model": keys["model_name"]}}
    elif "/" in config.get("model_name", "") and "model_name" in keys:
        keys = {"model_name": f"{config['model_name'].rpartition('/')[0]}/{keys['model_name']}"}
    if mistake == "wrong option" and name in PLACES:
        options = {"extra_body": {PLACES[name]: options["extra_body"]}}
    model = build_model(name, **keys, **ONCE)

    def call():
        return caller.deltas(model, prompt, **options)[1] if stream else caller.call(model, prompt, **options)

    if not isinstance(told, Told):
        assert bool(call().text) == (told is None)
        return
    with pytest.raises(errors.ModelCallError) as caught:
        call()
    error = caught.value
    assert (type(error), error.status, error.code) == told[:3]
    assert told.words in error.message
    assert (error.config_name, error.model_type) == ("tiny", PAIRS[name].model_type)
    assert error.retryable == (type(error) is errors.ServerError)
    assert "thistle" not in str(error)


@pytest.mark.parametrize("name", ON_PROXY)
def test_no_key(build_model, caller, name):
    with pytest.raises(errors.AuthenticationError, match="No api key passed in") as caught:
        caller.call(build_model(name, api_key=None), "hello")
    assert caught.value.status == 401


@pytest.fixture(scope="module")
def guarded_engine(engines):
    with engines.start("llama-server", "--api-key", "sesame") as engine:
        yield engine


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", name_pairs(lambda pair: pair.engine == "llama-server"))
def test_a_wrong_key(build_model, guarded_engine, name, stream):
    model = build_model(name, guarded_engine.url, api_key="thistle")
    with pytest.raises(errors.AuthenticationError, match=r"^tiny \(\w+\): Invalid API Key \[HTTP 401") as caught:
        list(model("hello", stream=stream))
    assert "thistle" not in str(caught.value)
    assert build_model(name, guarded_engine.url, api_key="sesame")("ping").text == "pong"


@needs("LiteLLM")
@pytest.mark.parametrize("name", ["openai_chat on LiteLLM", "litellm_chat on LiteLLM", "anthropic_chat on LiteLLM"])
def test_a_limit_of_the_proxy(build_model, name):
    model = build_model(name, model_name=f"limited-{PAIRS[name].model_type}", **ONCE)
    assert model("hello").text == "once"
    for call in (lambda: model("hello"), lambda: asyncio.run(model.acall("hello"))):
        with pytest.raises(errors.RateLimitError, match=r"RPM limit=1, current usage=[23]") as caught:
            call()
        assert (caught.value.status, caught.value.retryable) == (429, True)
        assert caught.value.retry_after == (60 if "anthropic" not in name else None)  # what it does not say there


@needs("LiteLLM")
@pytest.mark.parametrize(
    ("model_name", "words"),
    [("unreachable", "Connection error"), ("InternalServerError", "this is a mock internal server error")],
)
@pytest.mark.parametrize("name", ["openai_chat on LiteLLM", "litellm_chat on LiteLLM"])
def test_a_failure_behind_the_proxy(build_model, caller, name, model_name, words):
    with pytest.raises(errors.ServerError, match=words) as caught:
        caller.call(build_model(name, model_name=model_name, **ONCE), "hello")
    assert (caught.value.status, caught.value.code, caught.value.retryable) == (500, "internal_server_error", True)


@needs("LiteLLM")
def test_calls_of_a_proxy_that_end_with_stop(build_model, caller):
    response = caller.call(build_model("litellm_chat on LiteLLM", model_name="caller"), "hello")
    assert [(call.name, call.arguments) for call in response.tool_calls] == [("get_weather", {"city": "Paris"})]
    assert response.finish_reason == "stop"


@needs("a broken FastChat")
def test_a_stream_that_breaks_off_at_once(build_model, engines, caller):
    model = build_model("openai_chat on FastChat", engines.get("a broken FastChat").url, **ONCE)
    assert caller.call(model, "ping").text == "pong"
    with pytest.raises(errors.ConnectionError) as caught:  # 200, text/event-stream, and then no event
        caller.deltas(model, "ping")
    assert caught.value.retryable
