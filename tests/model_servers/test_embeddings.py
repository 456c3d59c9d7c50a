"""Vectors of servers that we did not write, which for the same model are the same wherever they come from."""

import pytest

from modelhub import ModelRegistry

from .chosen import needs

V1 = {"client_args": {"base_url": "{}/v1"}}
PAIRS = {
    "openai_embedding on llama-server": ("llama-server", {"model_type": "openai_embedding", **V1}),
    "openai_embedding on llama-server, as numbers": (
        "llama-server",
        {"model_type": "openai_embedding", **V1, "generate_args": {"encoding_format": "float"}},
    ),
    "post_api_embedding on llama-server": (
        "llama-server",
        {"model_type": "post_api_embedding", "api_url": "{}/v1/embeddings", "messages_key": "input"},
    ),
    "openai_embedding on Ollama": ("Ollama", {"model_type": "openai_embedding", **V1}),
    "ollama_embedding on Ollama": ("Ollama", {"model_type": "ollama_embedding", "host": "{}"}),
    "openai_embedding on FastChat": ("FastChat", {"model_type": "openai_embedding", **V1}),
}
# The first of the 64 numbers of a normalised mean vector.
PING = [-0.1075, -0.1283, 0.1472, 0.0651, -0.0283]


@pytest.fixture(scope="module")
def embedding_engine(engines):
    with engines.start("llama-server", "--embeddings") as engine:
        yield engine


@pytest.fixture
def build(engines, request):
    hubs = []

    def build(server, config):
        engine = request.getfixturevalue("embedding_engine") if server == "llama-server" else engines.get(server)
        config = {name: fill(value, engine.url) for name, value in config.items()}
        hubs.append(ModelRegistry([{"config_name": "vectors", "model_name": "tiny", **config}]))
        return hubs[-1].get_model("vectors")

    yield build
    for hub in hubs:
        hub.close()


def fill(value, url):
    """``value`` with the URL for each {} in it."""
    if isinstance(value, dict):
        return {name: fill(inner, url) for name, inner in value.items()}
    return value.replace("{}", url)


@pytest.mark.parametrize(
    ("server", "config"), [pytest.param(*pair, marks=needs(pair[0]), id=name) for name, pair in PAIRS.items()]
)
def test_embeddings(build, caller, server, config):
    model = build(server, config)
    both = caller.call(model, ["ping", "pong"])
    assert [len(vector) for vector in both.embedding] == [64, 64]
    assert both.embedding[0] != pytest.approx(both.embedding[1], abs=1e-2)
    assert both.usage.prompt_tokens > 0
    one = caller.call(model, "ping")
    (vector,) = one.embedding
    assert vector[:5] == pytest.approx(PING, abs=2e-4)
    assert both.embedding[0] == pytest.approx(vector, abs=1e-3)


@needs("LiteLLM")
def test_embeddings_of_a_proxy(build, caller):
    model = build("LiteLLM", {"model_type": "openai_embedding", "model_name": "vectors", "api_key": "sk-proxy", **V1})
    response = caller.call(model, ["a"])
    assert response.embedding == [[0.25, -0.5, 0.75]]  # numbers, although base64 was asked for
