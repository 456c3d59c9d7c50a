"""References in configs: listed, resolved and refused; and what is masked before a config is shown."""

from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry, ModelWrapperBase
from modelhub.errors import ConfigError, ConfigWarning
from modelhub.secrets import redact, reference_names, resolve

RESOLVED = [
    ("${MH_KEY}", "k-1"),
    ("Bearer ${MH_KEY}, ${MH_KEY}!", "Bearer k-1, k-1!"),
    ("${MH_NONE:-http://x:1/v1?a=b}", "http://x:1/v1?a=b"),
    ("${MH_NONE:-}", ""),
    ("${MH_EMPTY:-default}", "default"),
    ("${MH_KEY:-default}", "k-1"),
    ("${MH_EMPTY}", ""),
    ("$${MH_KEY}", "${MH_KEY}"),
    ("$$${MH_KEY}", "$${MH_KEY}"),
    ("$MH_KEY $ {x} ${MH_KEY", "$MH_KEY $ {x} ${MH_KEY"),
    ("${MH_NESTED}", "${MH_KEY}"),
    ("plain", "plain"),
]
REFUSED = [
    ("${MH_NONE}", "MH301", "config 'x': environment variable MH_NONE is not set", "${MH_NONE:-default}"),
    ("${MH-NONE}", "MH301", "config 'x': a ${...} does not hold the name", "$${"),
    ("${}", "MH301", "does not hold the name", "${NAME}"),
    ("${1A}", "MH301", "does not hold the name", "${NAME}"),
    ("${file:/no/such/key}", "MH302", "config 'x': the file '/no/such/key'", ""),
    ("${file:}", "MH302", "not a regular file", ""),
    ("${file:/}", "MH302", "not a regular file", ""),
]
MASKED: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        {"api_key": "sk-1", "apiKey": "sk", "x-api-key": "a", "API_KEY": "b"},
        dict.fromkeys(("api_key", "apiKey", "x-api-key", "API_KEY"), "***"),
    ),
    (
        {"headers": {"Authorization": "Bearer sk-1", "X-Trace": "t"}},
        {"headers": {"Authorization": "***", "X-Trace": "t"}},
    ),
    (
        {"token": "a", "access_token": "b", "max_tokens": 5, "stop_token": "</s>"},
        {"token": "***", "access_token": "***", "max_tokens": 5, "stop_token": "</s>"},
    ),
    (
        {"client_secret": 5, "password": "p", "secret": True, "api_key": None, "token": ""},
        {"client_secret": "***", "password": "***", "secret": True, "api_key": None, "token": ""},
    ),
    (
        {"api_keys": ["a", "${B}"], "credentials": {"user": "u", "n": [1]}},
        {"api_keys": ["***", "${B}"], "credentials": {"user": "***", "n": ["***"]}},
    ),
    (
        {"api_key": "${OPENAI_API_KEY}", "token": "${file:/run/key}"},
        {"api_key": "${OPENAI_API_KEY}", "token": "${file:/run/key}"},
    ),
    (
        {"api_key": "${KEY:-sk-1}", "token": "${KEY:-}", "secret": "Bearer ${KEY}"},
        {"api_key": "${KEY:-***}", "token": "${KEY:-}", "secret": "***"},
    ),
    ({"url": "https://me:p@w@h/v1?key=1&x=2&api-key=3#f"}, {"url": "https://me:***@h/v1?key=***&x=2&api-key=***#f"}),
    ({"url": "redis://:pw@h:1/0"}, {"url": "redis://:***@h:1/0"}),
    (
        {"url": "https://me:${PW}@h/?token=${file:/a&b}&max_tokens=5"},
        {"url": "https://me:${PW}@h/?token=${file:/a&b}&max_tokens=5"},
    ),
    (
        {"url": "http://h:8080/v1?monkey=1", "messages_key": "messages"},
        {"url": "http://h:8080/v1?monkey=1", "messages_key": "messages"},
    ),
    (
        {"model_name": "a@b", "generate_args": {"stop": ["://", "@"]}},
        {"model_name": "a@b", "generate_args": {"stop": ["://", "@"]}},
    ),
]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"MH_KEY": "k-1", "MH_EMPTY": "", "MH_NESTED": "${MH_KEY}"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MH_NONE", raising=False)


@pytest.mark.parametrize(("text", "expected"), RESOLVED)
def test_resolve(text: str, expected: str) -> None:
    given = {"a": [text, 1, None, {"b": text}], "c": True}
    resolved = resolve(given, where="config 'x'")
    assert resolved == {"a": [expected, 1, None, {"b": expected}], "c": True}
    assert resolved["a"] is not given["a"]


@pytest.mark.parametrize(("text", "code", "message", "hint"), REFUSED)
def test_refused(text: str, code: str, message: str, hint: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve({"args": [text]}, where="config 'x'")
    [problem] = caught.value.problems
    assert (problem.code, problem.path) == (code, ("args", 0))
    assert message in problem.message
    assert hint in (problem.hint or "")
    assert "k-1" not in str(caught.value)


def test_files(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_bytes(b" \xc3\xa9\r\n\n")
    assert resolve(f"a${{file:{key}}}b", where="x") == "a \u00e9b"
    key.write_bytes(b"\xff")
    with pytest.raises(ConfigError, match=r"MH302 x: the file .* not UTF-8"):
        resolve(f"${{file:{key}}}", where="x")


def test_reference_names() -> None:
    value = {"a": "${A} ${B:-c} $${C} ${A}", "d": ["${file:/e}", 1, {"${K}": "${F"}]}
    assert reference_names(value) == ["A", "B", "file:/e"]


@pytest.mark.parametrize(("config", "expected"), MASKED)
def test_redact(config: dict[str, Any], expected: dict[str, Any]) -> None:
    before = repr(config)
    assert redact(config) == expected
    assert redact({"deep": [config]}) == {"deep": [expected]}
    assert repr(config) == before


def test_redact_what_is_named() -> None:
    config = {"sesame": "a", "headers": {"X-Who": "b", "X-Other": "c"}, "X-Sesame": 1}
    shown = redact(config, secret_keys=["sesame"], secret_paths=[["headers", "X-Who"]])
    assert shown == {"sesame": "***", "headers": {"X-Who": "***", "X-Other": "c"}, "X-Sesame": 1}


LAYERED = """\
defaults:
  all:
    timeout: ${MH_SECONDS}
models:
  - config_name: old
    model_type: openai
    model: ${MH_MODEL:-m}
    api_key: ${MH_SECRET}
  - config_name: custom
    model_type: talking_magpie
    voice: ${MH_VOICE}
"""


class TalkingMagpie(ModelWrapperBase):
    model_type = "talking_magpie"


@pytest.mark.parametrize(
    ("name", "missing", "place"),
    [("old", "MH_SECRET", "8:14"), ("old", "MH_SECONDS", "3:14"), ("custom", "MH_VOICE", "11:12")],
)
def test_what_is_missing_at_the_first_use_has_its_place_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caller: Any, name: str, missing: str, place: str
) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("# moved down by a line\n" + LAYERED)
    for variable in {"MH_SECRET", "MH_SECONDS", "MH_VOICE"} - {missing}:
        monkeypatch.setenv(variable, "5")
    with pytest.warns(ConfigWarning), ModelRegistry(path, wrappers=[TalkingMagpie]) as hub:
        path.write_text(LAYERED)
        hub.reload()
        with pytest.raises(ConfigError) as caught:
            caller.call(hub.get_model(name), "hello")
    assert str(caught.value).startswith(f"{path}:{place}: MH301 config '{name}': environment variable {missing} ")
