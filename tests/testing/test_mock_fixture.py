"""Any configs, pointed at the mock server by one call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.errors import ModelHubError
from modelhub.registry.installed import WRAPPERS
from modelhub.testing import MockServer, no_network

NOT_ALONE = {"fallback", "router", "cascade", "chain"}
TYPES = sorted(set(WRAPPERS.list_names()) - NOT_ALONE)


@pytest.mark.parametrize("model_type", TYPES)
def test_every_type_can_be_pointed(model_type: str, server: MockServer, caller: Any) -> None:
    config = {"config_name": "m", "model_type": model_type, "model_name": "m", "api_key": "${KIT_NOT_SET}"}
    address = {"api_url": "https://private.invalid/x"} if model_type.startswith("post_api") else {}
    with no_network(), server.registry({**config, **address}) as hub:
        response = caller.call(hub.get_model("m"), "echo: hi")
    assert response.text == "hi" or response.image_urls or len(response.embedding) == 1


def test_a_file_with_models_that_ask_others(server: MockServer, tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(
        "- {config_name: front, model_type: fallback, models: [a, b]}\n"
        "- {config_name: a, model_type: openai_chat, model_name: x, api_key: '${KIT_NOT_SET}'}\n"
        "- {config_name: b, model_type: ollama_chat, model_name: y}\n"
    )
    with no_network(), server.registry(path) as hub:
        assert hub.get_model("front")("echo: hi").text == "hi"
    with ModelRegistry(path) as given, server.registry(given) as hub:
        assert hub.names() == ["front", "a", "b"]
    assert server.requests[0].json["model"] == "x"


def test_what_it_cannot_speak_is_told(server: MockServer) -> None:
    with pytest.raises(ModelHubError, match=r"config 'm': the mock server does not speak acme_chat"):
        server.point({"config_name": "m", "model_type": "acme_chat"})
