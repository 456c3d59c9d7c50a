"""The ways in which servers of OpenAI's API differ on the wire; the wrappers' answers are the same on each of them."""

import pytest

from .asking import WAYS, ask_all
from .chosen import needs
from .pairs import GREEDY, PAIRS
from .questions import WEATHER, Answer, Question
from .wire_facts import describe_call, describe_stream

# Whether [DONE] ends a stream, where its usage is, what the first delta has and how many have a role, and whether
# chunks come without `object`; then in how many pieces a tool call comes, and the content beside a whole one.
STREAMS = {
    "llama-server": (True, "without a choice", ["content", "role"], "first", False),
    "Ollama": (True, "without a choice", ["content", "role"], "each", False),
    "transformers": (False, "with the finish reason", ["role"], "first", False),
    "FastChat": (True, "never", ["role"], "first", True),
    "LiteLLM": (True, "with an empty choice", ["role"], "first", False),
    "vLLM": (True, "without a choice", ["content", "role"], "first", False),
}
CALLS = {
    "llama-server": ("several", ""),
    "Ollama": ("one", ""),
    "transformers": ("one", ""),
    "FastChat": ("none", "I do not know."),
    "LiteLLM": ("several", ""),
    "vLLM": ("several", None),
}


def name_places(facts):
    """The parameters of a test for each server with its facts."""
    return [pytest.param(name, known, marks=needs(name), id=name) for name, known in facts.items()]


@pytest.fixture
def place(request, engines):
    """URL, body and key of a server."""
    name = request.param
    pair = PAIRS[f"openai_chat on {name}"]
    config = pair.build_config(engines.get(name).url)
    return config["client_args"]["base_url"], {"model": config["model_name"], **GREEDY}, config.get("api_key", "none")


def ask_hello(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


@pytest.mark.parametrize(("place", "facts"), name_places(STREAMS), indirect=["place"])
def test_a_stream(place, facts):
    url, body, key = place
    assert tuple(describe_stream(url, {**body, "messages": ask_hello("hello")}, key).values()) == facts


@pytest.mark.parametrize(("place", "facts"), name_places(CALLS), indirect=["place"])
def test_a_tool_call(place, facts):
    url, body, key = place
    assert tuple(describe_call(url, body, key, WEATHER).values()) == facts


@needs("llama-server")
@pytest.mark.parametrize("place", ["llama-server"], indirect=True)
def test_a_stream_without_a_role(place, build_model):
    url, body, key = place
    messages = ask_hello("Unicode")  # whose first token is a piece of a character
    assert describe_stream(url, {**body, "messages": messages}, key)["roles"] == "none"
    question = Question(messages, None, Answer("naïve café — 東京 🚀 Ω", [], "stop"))
    for name in ("openai_chat on llama-server", "anthropic_chat on llama-server"):
        for way in WAYS:
            assert ask_all(build_model(name), way, [question]) == [question.answer]
