"""Which price a model has: that of its config, of a list in its file, or of the table of known models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import modelhub
from modelhub import ConfigError, ModelHubError, ModelRegistry

from ..naming import name_case

PRICES = {"gpt-4o": {"prompt": 7}, "openai_embedding/ada": {"prompt": 8, "currency": "EUR"}}


def find_price(hub: ModelRegistry, config_name: str) -> Any:
    """The price of a model when its address is known: prompt and currency."""
    model = hub.get_model(config_name)
    if not model.is_composite:
        assert model.endpoint.url
    price = model.home.price
    return price if price is None else (price.prompt, price.currency)


@pytest.mark.parametrize(
    ("config", "price"),
    [
        ({"model_name": "gpt-4o", "price": {"prompt": 1}}, (1, "USD")),
        ({"model_name": "gpt-4o"}, (7, "USD")),
        ({"model_name": "gpt-4o", "price": None}, None),
        ({"config_name": "gpt-4o"}, (7, "USD")),
        ({"model": "gpt-4o"}, (7, "USD")),
        ({"model_name": "gpt-4o-mini"}, (0.15, "USD")),
        ({"model_name": "${WHICH:-gpt-4o-mini}"}, (0.15, "USD")),
        ({"model_name": "gpt-4o-mini", "client_args": {"base_url": "http://127.0.0.1:8000/v1"}}, None),
        ({"model_name": "gpt-4o", "client_args": {"base_url": "http://127.0.0.1:8000/v1"}}, (7, "USD")),
        ({"model_name": "ada"}, None),
        ({"model_name": "ada", "model_type": "openai_embedding"}, (8, "EUR")),
        ({"model_type": "fallback", "config_name": "gpt-4o", "models": ["other"]}, None),
        ({"model_name": "x", "price": {"prompt": "${PRICE:-3}", "completion": 1}}, (3, "USD")),
    ],
    ids=name_case,
)
@pytest.mark.filterwarnings("ignore:.*old name of 'model_name'")
def test_order(config: dict[str, Any], price: Any) -> None:
    config = {"config_name": "m", "model_type": "openai_chat", **config}
    if config["model_type"] != "fallback":
        config["api_key"] = "any"
    other = {"config_name": "other", "model_type": "openai_chat", "api_key": "any"}
    with ModelRegistry({"models": [config, other], "prices": PRICES}) as hub:
        assert find_price(hub, config["config_name"]) == price


def test_files(tmp_path: Path) -> None:
    """A list holds for all configs that are loaded with it, and that of the own file comes first."""
    one = "models:\n- {config_name: %s, model_type: openai_chat, model_name: m, api_key: any}\n"
    (tmp_path / "a.yaml").write_text(one % "a" + "prices: {m: {prompt: 1}}\n")
    (tmp_path / "b.yaml").write_text(one % "b" + "prices: {m: {prompt: 2}, other: {prompt: 9}}\n")
    (tmp_path / "c.yaml").write_text(one % "c")
    with ModelRegistry(tmp_path) as hub:
        assert [find_price(hub, each) for each in "abc"] == [(1, "USD"), (2, "USD"), (1, "USD")]
        (value,) = [each for each in hub.explain("c") if each.key == "price.prompt"]
        assert (value.source, value.layer) == (f"{tmp_path / 'a.yaml'}:3:22", "prices.m")
        assert hub.config("b")["price"] == {"prompt": 2}
        (tmp_path / "a.yaml").write_text(one % "a" + "prices: {m: {prompt: 3}}\n")
        assert hub.reload().changed == ("a", "c")
        assert find_price(hub, "a") == (3, "USD")


def test_defaults_and_profiles_come_before_lists() -> None:
    source = {
        "models": [{"config_name": "m", "model_type": "openai_chat", "api_key": "any"}],
        "defaults": {"openai_chat": {"price": {"prompt": 1, "completion": 1}}},
        "profiles": {"prod": {"m": {"price": {"prompt": 2}}}, "none": {"m": {"price": None}}},
        "prices": {"m": {"prompt": 3}},
    }
    for profile, price in ((None, (1, "USD")), ("prod", (2, "USD")), ("none", None)):
        with ModelRegistry(source, profile=profile) as hub:
            assert find_price(hub, "m") == price


def test_own_classes() -> None:
    class Plain(modelhub.ModelWrapperBase):
        model_type = "test_prices_plain"

        def __init__(self, config_name: str) -> None:
            super().__init__(config_name)

        def __call__(self, text: str) -> modelhub.ModelResponse:
            return modelhub.ModelResponse(text, usage=modelhub.Usage(1000, 10))

    class Own(Plain):
        model_type = "test_prices_own"

        def __init__(self, config_name: str, price: float) -> None:
            super().__init__(config_name)
            self.price = price

    plain = {"config_name": "plain", "model_type": "test_prices_plain", "price": {"prompt": 1, "completion": 0}}
    own = {"config_name": "own", "model_type": "test_prices_own", "price": 3.5}
    with ModelRegistry([plain, own], wrappers=[Plain, Own]) as hub:
        hub.get_model("plain")("hello")
        hub.get_model("own")("hello")
        assert hub.get_model("own").price == 3.5
        assert [hub.stats()[each]["cost"] for each in ("plain", "own")] == [0.001, None]


def test_a_composite_has_no_price() -> None:
    target = {"config_name": "t", "model_type": "openai_chat"}
    with pytest.raises(ConfigError, match="unknown key 'price'"):
        ModelRegistry([target, {"config_name": "f", "model_type": "fallback", "models": ["t"], "price": {"prompt": 1}}])


def test_a_reference_without_a_value_is_told_when_the_model_is_built() -> None:
    config = {"config_name": "m", "model_type": "openai_chat", "api_key": "any", "price": {"prompt": "${NO_PRICE}"}}
    with ModelRegistry(config) as hub, pytest.raises(ModelHubError, match="NO_PRICE"):
        hub.get_model("m")
