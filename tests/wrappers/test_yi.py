"""Yi: a clone of OpenAI's API whose config has keys of its own."""

from __future__ import annotations

from typing import Any

import pytest

from modelhub import ConfigError, ModelRegistry, errors
from modelhub.testing import MockServer


def build_config(**more: Any) -> dict[str, Any]:
    return {"config_name": "yi", "model_type": "yi_chat", "model_name": "yi-large", "api_key": "sk-yi", **more}


def test_it_talks_to_the_mock(server: MockServer, caller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "org-1")
    monkeypatch.setenv("YI_BASE_URL", f"{server.url}/v1")
    with ModelRegistry(build_config(max_tokens=50, temperature="${YI_TEMPERATURE:-0.5}")) as hub:
        model = hub.get_model("yi")
        assert caller.call(model, "echo: hi").text == "hi"
        sent = {name: server.requests[-1].json[name] for name in ("max_tokens", "top_p", "temperature")}
        assert sent == {"max_tokens": 50, "top_p": 0.9, "temperature": 0.5}
        assert not [name for name in server.requests[-1].headers if name.startswith("OpenAI")]
        deltas, response = caller.deltas(model, "echo: a b c", temperature=0.1)
        assert response.text == "".join(delta.text for delta in deltas) == "a b c"
        assert server.requests[-1].json["temperature"] == 0.1
        assert "stream_options" not in server.requests[-1].json


def test_generate_args_win_over_the_top_level(server: MockServer) -> None:
    config = build_config(temperature=0.5, generate_args={"temperature": 0.6, "top_p": 0.7})
    with ModelRegistry({**config, "client_args": {"base_url": f"{server.url}/v1"}}) as hub:
        hub.get_model("yi")("hi")
    sent = server.requests[-1].json
    assert (sent["temperature"], sent["top_p"], "max_tokens" in sent) == (0.6, 0.7, False)


@pytest.mark.parametrize("wrong", [{"top_p": 1.5}, {"temperature": 3}, {"max_tokens": 0}], ids=str)
def test_ranges(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        ModelRegistry(build_config(**wrong))
    assert [problem.code for problem in caught.value.problems] == ["MH201"]


def test_address_and_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YI_API_KEY", "sk-env")
    with ModelRegistry({"config_name": "yi", "model_type": "yi_chat"}) as hub:
        endpoint = hub.get_model("yi").endpoint
    assert endpoint.url == "https://api.lingyiwanwu.com/v1/chat/completions"
    assert endpoint.headers["Authorization"] == "Bearer sk-env"
    monkeypatch.delenv("YI_API_KEY")
    with (
        ModelRegistry({"config_name": "yi", "model_type": "yi_chat"}) as hub,
        pytest.raises(errors.AuthenticationError, match="YI_API_KEY"),
    ):
        hub.get_model("yi")("hi")
