"""Wherever a secret stands, by its schema, its key's name or its form, nothing that is shown shows it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelhub import ConfigError, ModelHubError, ModelRegistry, ModelWrapperBase
from modelhub.authoring.importers.values import _find_secret_keys
from modelhub.cli.app import cli
from modelhub.cli.reports import REPORTS
from modelhub.errors import BadRequestError
from modelhub.secrets import mask_keys, redact, scrub
from modelhub.secrets.shapes import find_keys
from modelhub.testing import MockServer
from modelhub.validation.rules.plaintext import is_dummy

# What no vendor gave to anybody, in each vendor's form.
LETTERS = "aB3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC1fL3"
KEYS = {
    "OpenAI": f"sk-proj-{LETTERS}",
    "OpenAI, old": f"sk-{LETTERS}",
    "Anthropic": f"sk-ant-api03-{LETTERS}-{LETTERS}_AA",
    "OpenRouter": "sk-or-v1-" + "0a1b2c3d4e5f6789" * 4,
    "DeepSeek": "sk-" + "0a1b2c3d4e5f6789" * 2,
    "Google": f"AIza{LETTERS}-",
    "Groq": f"gsk_{LETTERS}",
    "Hugging Face": f"hf_{LETTERS}",
    "xAI": f"xai-{LETTERS}",
    "AWS": "AKIA2B3C4D5E6F7G8H9J",
    "GitHub": f"ghp_{LETTERS}",
    "GitHub, fine": f"github_pat_11A{LETTERS}",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcDEF123-_x",
    "Zhipu": "0123456789abcdef0123456789abcdef.AbCdEf0123456789",
    "Replicate": f"r8_{LETTERS}",
    "Perplexity": f"pplx-{LETTERS}",
    "NVIDIA": f"nvapi-{LETTERS}",
    "Slack": "xoxb-123456789012-abcdefABCDEF",
    "Stripe": f"sk_live_{LETTERS}",
}
DUMMIES = [
    *("EMPTY", "none", "lm-studio", "dummy", "dummy-key", "fake-key", "test", "test-key", "sk-xxx", "not-needed"),
    *("your-api-key-here", "ollama", "1234", "12345", "sk-1234", "sk-no-key-required", "no-key", "NOT_REQUIRED", "n/a"),
    *("dummy-key-in-ci", "token-abc123", "placeholder", "unused", "vllm", "local", "abc123", "sk-test", "any-string"),
    *("sk-xxxxxxxxxxxxxxxxxxxxxxxx", "sk-" + "0" * 32, ""),
]
ANY_PLACE: dict[str, Any] = {
    "a header": {"headers": {"X-Own": "..."}},
    "a description": {"description": "the key is ... and no other"},
    "an option": {"generate_args": {"user": "..."}},
    "a list": {"tags": ["a", "..."]},
    "a default": {"model_name": "${MODEL:-...}"},
    "a path": {"client_args": {"base_url": "http://localhost:8000/.../v1"}},
    "a parameter": {"client_args": {"base_url": "http://localhost:8000/v1?q=..."}},
    "deep": {"generate_args": {"extra_body": {"one": [{"two": ["..."]}]}}},
}
SECRET_PLACES: dict[str, Any] = {
    "api_key": {"api_key": "..."},
    "a bearer": {"headers": {"Authorization": "Bearer ..."}},
    "a basic": {"headers": {"authorization": "Basic ..."}},
    "x-api-key": {"headers": {"x-api-key": "..."}},
    "api-key": {"headers": {"api-key": "..."}},
    "a cookie": {"headers": {"Cookie": "session=..."}},
    "a query": {"client_args": {"base_url": "https://h.example/v1?api-version=1&key=..."}},
    "a password": {"client_args": {"base_url": "https://me:...@h.example/v1"}},
    "a default": {"api_key": "${KEY_NOT_SET:-...}"},
    "its scheme's default": {"api_key": "${env:KEY_NOT_SET:-...}"},
    "an option": {"generate_args": {"extra_body": {"auth": [{"password": "..."}]}}},
    "a schema": {"model_type": "litellm_chat", "model_name": "m", "generate_args": {"aws_access_key_id": "..."}},
    "an old type": {"model_type": "litellm_chat", "model_name": "m", "generate_args": {"vertex_credentials": "..."}},
    "a token": {"model_type": "anthropic_chat", "auth_token": "..."},
    "a list of the wrong type": {"api_key": ["..."]},
    "a mapping of the wrong type": {"api_key": {"value": "..."}},
    "a wrong key": {"aip_key": "..."},
    "a malformed reference": {"api_key": "${KEY:...}"},
    "an unclosed reference": {"api_key": "${KEY:-..."},
}


def put(place: Any, text: str) -> Any:
    if isinstance(place, dict):
        return {key: put(item, text) for key, item in place.items()}
    if isinstance(place, list):
        return [put(item, text) for item in place]
    return place.replace("...", text)


def build_config(place: dict[str, Any], text: str) -> dict[str, Any]:
    return {"config_name": "a", "model_type": "openai_chat", **put(place, text)}


def show_everything(config: dict[str, Any], path: Path) -> str:
    """What every command and every method of a registry shows of ``config``."""
    path.write_text(json.dumps([config], indent=1))
    commands = [["validate", "--format", style, str(path)] for style in REPORTS]
    commands += [["validate", "--env", str(path)], ["list", "-c", str(path)], ["show", "a", "-c", str(path)]]
    commands += [["explain", "a", "-c", str(path)], ["explain", "a", "--json", "-c", str(path)]]
    shown = ""
    for command in commands:
        done = CliRunner().invoke(cli, command)
        assert isinstance(done.exception, SystemExit | ModelHubError | None), (command, done.exception)
        shown += done.output + str(done.exception)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            with ModelRegistry(path) as hub:
                shown += json.dumps(hub.config("a")) + repr(hub.explain("a")) + repr(hub.get_model("a"))
        except ConfigError as error:
            shown += str(error) + repr(error.problems)
    return shown + " ".join(str(each.message) for each in caught)


@pytest.mark.parametrize("place", ANY_PLACE)
@pytest.mark.parametrize("vendor", KEYS)
def test_a_key_is_known_by_its_form(vendor: str, place: str, tmp_path: Path) -> None:
    config = build_config(ANY_PLACE[place], KEYS[vendor])
    path = tmp_path / "models.json"
    path.write_text(json.dumps(config))
    found = json.loads(CliRunner().invoke(cli, ["validate", "--format", "json", str(path)]).output)
    assert [each["code"] for each in found if each["code"] != "MH110"] == ["MH401"]
    assert KEYS[vendor] not in json.dumps(redact(config))
    assert KEYS[vendor] not in scrub(f"wrong key: {KEYS[vendor]}.", [])


@pytest.mark.parametrize("url", ["http://localhost:4000/v1", "https://api.example/v1"])
@pytest.mark.parametrize("vendor", KEYS)
def test_a_real_key_for_any_server(vendor: str, url: str, tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    headers = {"Authorization": f"Bearer {KEYS[vendor]}"}
    config = {"config_name": "a", "model_type": "openai_chat", "client_args": {"base_url": url}, "headers": headers}
    path.write_text(json.dumps({**config, "api_key": KEYS[vendor]}))
    found = json.loads(CliRunner().invoke(cli, ["validate", "--format", "json", str(path)]).output)
    assert [each["code"] for each in found] == ["MH401", "MH401"]


@pytest.mark.parametrize("dummy", DUMMIES)
def test_a_dummy_is_no_secret(dummy: str, tmp_path: Path) -> None:
    assert is_dummy(dummy) or not dummy
    for place in (*SECRET_PLACES.values(), *ANY_PLACE.values()):
        path = tmp_path / "models.json"
        path.write_text(json.dumps(build_config(place, dummy)))
        found = json.loads(CliRunner().invoke(cli, ["validate", "--format", "json", str(path)]).output)
        if "base_url" not in str(place) and "session" not in str(place):
            assert "MH401" not in [each["code"] for each in found], place


@pytest.mark.parametrize(
    "text",
    [
        *("gpt-4o-mini", "claude-sonnet-4-5-20250929", "anthropic.claude-3-5-sonnet-20241022-v2:0", "sk-learn"),
        *("hf_hub", "meta-llama/Llama-3.3-70B-Instruct-Turbo-Free", "task-0123456789abcdef-something-long-enough"),
        *("us-east-1", "2026-11-28T12:00:00Z", "123e4567-e89b-12d3-a456-426614174000", "pa-ra-llel-is-ation-of-things"),
        *("projects/my-project-123456/locations/us-central1", "key_results_and_objectives_of_2026", "risk-" + "a" * 30),
    ],
)
def test_what_is_no_key(text: str) -> None:
    assert find_keys(text) == []
    assert mask_keys(text) == text


@given(st.sampled_from(list(SECRET_PLACES)), st.text("abcXYZ0189", min_size=8, max_size=24).map("Zq7".__add__))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_secret_is_ever_shown(tmp_path: Path, place: str, secret: str) -> None:
    assert secret not in show_everything(build_config(SECRET_PLACES[place], secret), tmp_path / "models.json")


@given(st.sampled_from([*ANY_PLACE.values(), *SECRET_PLACES.values()]), st.sampled_from(list(KEYS.values())))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_key_is_ever_shown(tmp_path: Path, place: Any, key: str) -> None:
    assert key not in show_everything(build_config(place, key), tmp_path / "models.json")


@pytest.mark.parametrize(
    "wrong", [[KEYS["OpenAI"]], {"value": KEYS["OpenAI"]}, {"a": [{"b": KEYS["OpenAI"]}]}], ids=str
)
@pytest.mark.parametrize("home", [{}, {"model_type": "litellm_chat", "model_name": "m"}], ids=str)
def test_a_secret_of_the_wrong_type_is_one_finding(wrong: Any, home: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    path.write_text(
        json.dumps({"config_name": "a", "model_type": "openai_chat", **home, "api_key": put(wrong, KEYS["OpenAI"])})
    )
    found = json.loads(CliRunner().invoke(cli, ["validate", "--format", "json", str(path)]).output)
    assert [each["code"] for each in found] == ["MH104"]


def test_the_importer_asks_the_schema(tmp_path: Path) -> None:
    assert {"aws_access_key_id", "aws_secret_access_key", "vertex_credentials"} <= _find_secret_keys()
    params = {"model": "bedrock/anthropic.claude-3", **{key: f"Zq7{key}" for key in _find_secret_keys()}}
    params |= {"user": KEYS["OpenAI"], "extra_headers": {"X-Own": KEYS["Groq"]}}
    info = {"description": f"with {KEYS['xAI']}"}
    path = tmp_path / "config.yaml"
    path.write_text(json.dumps({"model_list": [{"model_name": "a", "litellm_params": params, "model_info": info}]}))
    done = CliRunner().invoke(cli, ["import", "litellm", str(path)])
    assert done.exit_code == 0, done.output
    assert "AWS_ACCESS_KEY_ID" in done.output
    assert not any(secret in done.output for secret in ("Zq7", *KEYS.values()))


class Magpie(ModelWrapperBase):
    """A model that fails with everything that it knows."""

    model_type = "magpie"

    def __init__(self, config_name: str, **options: Any) -> None:
        super().__init__(config_name)
        self.options = options

    def __call__(self, text: str) -> str:
        raise BadRequestError(json.dumps(self.options))


def test_errors_of_plain_python_hold_no_secret(caller: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MH_VALUE", "Zq7-from-a-variable")
    secrets = {
        "logins": [{"password": "Zq7-nested"}, {"token": "${MH_VALUE}"}],
        "endpoint": "https://me:Zq7-password@h.example/?api_key=Zq7-query&size=1",
        "headers": {"Authorization": "Bearer Zq7-bearer"},
        "note": f"the key {KEYS['OpenAI']} here",
    }
    config = {"config_name": "a", "model_type": "magpie", **secrets}
    with ModelRegistry(config, wrappers=[Magpie]) as hub, pytest.raises(BadRequestError) as caught:
        caller.call(hub.get_model("a"), "hi")
    assert "***" in str(caught.value)
    assert "Zq7" not in str(caught.value)
    assert KEYS["OpenAI"] not in str(caught.value)


def test_errors_of_servers_hold_no_secret(server: MockServer, caller: Any) -> None:
    config = {
        "config_name": "a",
        "model_type": "openai_chat",
        "headers": {"X-Own": KEYS["Groq"], "api-key": "Zq7-header"},
        "api_key": "Zq7-key",
        "client_args": {"base_url": f"{server.url}/v1"},
        "generate_args": {"extra_body": {"login": {"password": "Zq7-nested"}}},
    }
    echo = {"error": {"message": f"wrong: {json.dumps(config)}", "code": "invalid_api_key"}}
    server.reply({"status": 401, "body": json.dumps(echo)})
    with ModelRegistry(config) as hub, pytest.raises(ModelHubError) as caught:
        caller.call(hub.get_model("a"), "hi")
    assert "***" in str(caught.value)
    assert "Zq7" not in str(caught.value)
    assert KEYS["Groq"] not in str(caught.value)


@pytest.mark.parametrize("part", ["Algorithm", "Headers", "Method", "Version"])
def test_how_is_signed_is_no_secret(part: str) -> None:
    shown = {
        f"X-Ca-Signature-{part}": "X-Ca-Key,X-Ca-Nonce",
        "signature-input": "abcd1234",
        "X-Ca-Signature": "abcd1234",
    }
    assert redact({"headers": shown}) == {
        "headers": {**shown, "signature-input": "***", "X-Ca-Signature": "***"},
    }
