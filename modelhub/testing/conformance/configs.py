"""Configs: the schema takes what is right, refuses what is not, and what the config says is what is sent."""

from __future__ import annotations

from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.engine.structured import find_mismatch
from modelhub.errors import BadRequestError, ConfigError
from modelhub.secrets import is_secret_name
from modelhub.testing.conformance.applying import needs
from modelhub.testing.conformance.bench import Bench
from modelhub.testing.conformance.calls import ask, try_to_ask
from modelhub.testing.conformance.suite import Suite
from modelhub.testing.recordings import Recording

_META = "https://json-schema.org/draft/2020-12/schema"
_NO_SUCH_CONFIG = "MH303"
_WRONG = {"timeout": "soon", "stream": "maybe", "headers": "none", "retry": 7, "config_name": 7}


class Configs(Suite):
    """What holds for configs of the model_type, and for what models make of them."""

    def test_the_recordings_are_enough(self, bench: Bench) -> None:
        """There is a recording of each kind that the model can do: without, most tests here would show nothing."""
        if self.task != "chat":
            bench.find()
            return
        bench.find()
        if "stream" not in self.cannot:
            bench.find(stream=True)
        if "tools" not in self.cannot:
            bench.find(tools=True)

    def test_the_config_is_taken(self, bench: Bench) -> None:
        """The config of this suite has no problem, and its model is of its type and has its name."""
        hub = bench.open_registry()
        model = hub.get_model(bench.name)
        assert model.config_name == bench.name
        assert model is hub.get_model(bench.name), "a registry gives the same object each time"
        assert bench.name in hub and hub.config(bench.name)["model_type"] == bench.config["model_type"]
        assert bench.name in repr(model), "the repr of the model does not name its config"

    @needs("schema")
    def test_the_schema_is_one(self, bench: Bench) -> None:
        """The schema of the type is a JSON Schema, and describes each of its keys: editors and docs show them."""
        schema = bench.find_schema()
        assert schema is not None, "there is no schema: ship schemas/<model_type>.json in the package"
        mismatch = find_mismatch(schema, {"$ref": _META})
        assert mismatch is None, f"the schema is no JSON Schema: {mismatch}"
        for key, about in schema.get("properties", {}).items():
            told = isinstance(about, dict) and (about.get("description") or "$ref" in about)
            assert told, f"the key {key!r} of the schema has no description"

    @needs("schema")
    def test_the_schema_takes_its_examples(self, bench: Bench) -> None:
        """The examples of the schema are right: people copy them."""
        for example in (bench.find_schema() or {}).get("examples", []):
            others = [each for each in bench.others if each.get("config_name") != example.get("config_name")]
            try:
                ModelRegistry([example, *others], wrappers=bench.find_wrappers()).close()
            except ConfigError as error:  # a composite's names configs that are not here
                assert all(problem.code == _NO_SUCH_CONFIG for problem in error.problems), str(error)

    @needs("schema")
    def test_typos_are_refused(self, bench: Bench) -> None:
        """A key that is misspelt is refused, and what was meant is suggested: it would be ignored otherwise."""
        for key in bench.list_keys():
            wrong = f"{key[:2]}x{key[2:]}"
            right = {name: value for name, value in bench.config.items() if name != key}
            with pytest.raises(ConfigError) as caught:
                self.load(bench, {**right, wrong: bench.config.get(key, 1)})
            told = "\n".join(map(str, caught.value.problems))
            assert wrong in told and key in told, f"for the key {wrong!r}, {key!r} is not suggested: {told}"

    def test_values_of_other_types_are_refused(self, bench: Bench) -> None:
        """A value of a type that its key cannot have is refused when the config is loaded, not when it is sent."""
        for key, wrong in _WRONG.items():
            if bench.knows(key):
                with pytest.raises(ConfigError):
                    self.load(bench, {**bench.config, key: wrong})

    @needs("schema")
    def test_secret_keys_are_marked(self, bench: Bench) -> None:
        """Keys of the schema that hold secrets are ``writeOnly``, so that no message shows their values."""
        for key, about in (bench.find_schema() or {}).get("properties", {}).items():
            if is_secret_name(key) and isinstance(about, dict) and about.get("type") in ("string", ["string", "null"]):
                assert about.get("writeOnly"), f'the key {key!r} of the schema holds a secret: add "writeOnly": true'

    @needs("http")
    def test_headers_of_the_config_are_sent(self, bench: Bench, whole: Recording, way: str) -> None:
        """``headers`` of the config go with each request: gateways want them."""
        if bench.knows("headers"):
            ask(way, bench.wire(whole, headers={**bench.config.get("headers", {}), "X-Conformance": "yes"}), whole)
            assert all(each.headers.get("X-Conformance") == "yes" for each in bench.player.requests), (
                "a request has not the headers of the config: build them with `build_headers`"
            )

    @needs("http")
    def test_options_that_are_none(self, bench: Bench, whole: Recording) -> None:
        """An option that is None is left out: programs pass on what they were given."""
        ask("sync", bench.wire(whole), whole)
        plain = bench.player.requests[-1].bytes
        unset = dict.fromkeys({"temperature", "max_tokens", "seed"} - whole.options.keys() - bench.name_options())
        outcome = try_to_ask("sync", bench.wire(whole), whole, **unset)
        assert outcome.error is None, f"options that are None were refused: {outcome.error}"
        assert bench.player.requests[-1].bytes == plain, "options that are None were sent"

    @needs("http")
    def test_unknown_options(self, bench: Bench, whole: Recording, way: str) -> None:
        """An option that nobody knows is sent, since vendors add options, or refused; it is no TypeError."""
        outcome = try_to_ask(way, bench.wire(whole), whole, brand_new_option=1)
        assert outcome.error is None or isinstance(outcome.error, BadRequestError), f"it gave {outcome.error!r}"

    @needs("http")
    def test_keys_are_no_options(self, bench: Bench, whole: Recording) -> None:
        """A key of the config, such as ``api_key``, is refused as an option of a call, and is not sent."""
        bench.player.play(*whole.replies)
        outcome = try_to_ask("sync", bench.build(), whole, api_key="another-key")
        assert isinstance(outcome.error, BadRequestError), f"it gave {outcome.result!r}"
        assert not bench.player.requests

    @needs("http")
    def test_options_that_no_json_has(self, bench: Bench, whole: Recording) -> None:
        """A number that JSON does not have is refused before it is sent as null, or as what no server reads."""
        bench.player.play(*whole.replies)
        outcome = try_to_ask("sync", bench.build(), whole, temperature=float("nan"))
        assert isinstance(outcome.error, BadRequestError), f"it gave {outcome.result!r}"
        assert not bench.player.requests

    @needs("http", "checks")
    def test_inputs_that_cannot_be_meant(self, bench: Bench) -> None:
        """What is no question is refused as BadRequestError before anything is sent, not with a TypeError."""
        bench.player.play()
        for wrong in (None, 7, object()):
            outcome = try_to_ask("sync", bench.build(), Recording("", {"input": wrong}, ()))
            assert isinstance(outcome.error, BadRequestError), f"{wrong!r} gave {outcome.result!r}"
        assert not bench.player.requests

    def load(self, bench: Bench, config: dict[str, Any]) -> None:
        """Load a config beside those that it refers to."""
        ModelRegistry([config, *bench.others], wrappers=bench.find_wrappers()).close()
