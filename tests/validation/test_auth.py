"""What is wrong with an ``auth``, in words that help; what is a secret in it."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from modelhub.adapters.auth import compile_auth
from modelhub.errors import ConfigError
from modelhub.secrets import find_secrets, redact
from modelhub.validation.check import Checker
from modelhub.validation.schema.secrets import find_secret_places
from modelhub.validation.schema.store import load_file
from modelhub.validation.schema.view import View

SCHEMA: dict[str, Any] = {
    "$id": "https://modelhub.dev/schemas/signed.json",
    "type": "object",
    "allOf": [{"$ref": "_common.json#/$defs/common"}],
    "properties": {"model_type": {"const": "signed"}, "auth": {"$ref": "_auth.json#/$defs/auth"}},
    "unevaluatedProperties": False,
}
KINDS: dict[str, Any] = (load_file("_auth.json") or {})["$defs"]
EXAMPLES = [(kind, example) for kind, schema in KINDS.items() for example in schema["examples"]]


def check(auth: Any) -> list[tuple[str, str, str]]:
    """The code, the place and the words of each finding; the hint stands behind the message."""
    config = {"config_name": "m", "model_type": "signed", "auth": auth}
    findings = Checker(lambda _: SCHEMA, ["signed"]).check_config(config, is_file=True)
    return [(one.code, ".".join(map(str, one.path)), f"{one.message} | {one.hint}") for one in findings]


@pytest.mark.parametrize(("kind", "example"), EXAMPLES, ids=[kind for kind, _ in EXAMPLES])
def test_examples_are_right(kind: str, example: dict[str, Any]) -> None:
    assert check(example) == []
    assert compile_auth({**example, **({"key": "k"} if "key" in example else {})}, "here") is not None


def test_what_is_right_is_found_right_without_jsonschema() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import test_auth as t\n"
        "assert all(t.check(example) == [] for _, example in t.EXAMPLES)\n"
        "assert 'jsonschema' not in sys.modules"
    )
    folder = __file__.rpartition("/")[0]
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, folder], check=True, capture_output=True)


MISTAKES: list[tuple[Any, list[tuple[str, str, str]]]] = [
    ({"type": "baerer", "token": "${A}"}, [("MH202", "auth.type", "did you mean 'bearer'?")]),
    ({"token": "${A}"}, [("MH102", "auth", "the key 'type' is missing in auth | add 'type': how")]),
    ({}, [("MH102", "auth", "the key 'type' is missing in auth")]),
    ({"type": 5}, [("MH104", "auth.type", "must be a string")]),
    ("canary", [("MH104", "auth", "must be a mapping, not a string")]),
    (None, [("MH104", "auth", "must be a mapping, not null")]),
    ({"type": "bearer"}, [("MH102", "auth", "the key 'token' is missing in auth | add 'token': the token")]),
    ({"type": "bearer", "tokn": "${A}"}, [("MH103", "auth.tokn", "did you mean 'token'?")]),
    ({"type": "bearer", "token": "${A}", "value": "canary"}, [("MH103", "auth.value", "unknown key 'value'")]),
    ({"type": "bearer", "token": ["canary"]}, [("MH104", "auth.token", "must be a string, not a list")]),
    ({"type": "bearer", "token": "dummy\n"}, [("MH203", "auth.token", "holds a line end")]),
    ({"type": "header", "name": "X Y", "value": "${A}"}, [("MH203", "auth.name", "the name of an HTTP header")]),
    ({"type": "query", "value": "${A}"}, [("MH102", "auth", "add 'name': the name of the parameter")]),
    ({"type": "hmac", "key": "${K}", "sign": "{uri}"}, [("MH203", "auth.sign", "method, path, query")]),
    ({"type": "hmac", "key": "${K}", "sign": "{method.x}"}, [("MH203", "auth.sign", "and no other names")]),
    ({"type": "hmac", "key": "${K}", "sign": "{}"}, [("MH203", "auth.sign", "and no other names")]),
    ({"type": "hmac", "key": "${K}", "sign": "{nonce}"}, [("MH102", "auth", "the key 'nonce_header' is missing")]),
    ({"type": "hmac", "key": "${K}", "encoding": "base46"}, [("MH202", "auth.encoding", "did you mean 'base64'?")]),
    ({"type": "hmac", "key": "${K}", "headers": {"X Y": "a"}}, [("MH203", "auth.headers.X Y", "no name of an HTTP")]),
    ({"type": "basic", "username": "a:b", "password": "${P}"}, [("MH203", "auth.username", "holds a colon")]),
    ({"type": "jwt", "key": "${K}", "lifetime": 0}, [("MH201", "auth.lifetime", "must be greater than 0")]),
    ({"type": "jwt", "key": "${K}", "algorithm": "RS256"}, [("MH202", "auth.algorithm", "'HS256'")]),
    (
        {"type": "oauth2", "token_url": "login", "client_id": "${A}"},
        [("MH203", "auth.token_url", "must be an http:// or https:// URL"), ("MH102", "auth", "add 'client_secret'")],
    ),
    # literals
    ({"type": "bearer", "token": "canary-1"}, [("MH401", "auth.token", "in plain text")]),
    ({"type": "header", "name": "X-A", "value": "canary-1"}, [("MH401", "auth.value", "in plain text")]),
    (
        {"type": "basic", "username": "canary-1", "password": "canary-2"},
        [("MH401", "auth.username", "in plain text"), ("MH401", "auth.password", "in plain text")],
    ),
    (
        {"type": "oauth2", "token_url": "https://h/t", "client_id": "canary-1", "client_secret": "canary-2"},
        [("MH401", "auth.client_id", "in plain text"), ("MH401", "auth.client_secret", "in plain text")],
    ),
    ({"type": "hmac", "key": "canary-1", "headers": {"X-App": "billing"}}, [("MH401", "auth.key", "in plain text")]),
    (
        {"type": "jwt", "key": "${K}", "claims": {"iss": "billing", "api_key": "canary-1"}},
        [("MH401", "auth.claims.api_key", "in plain text")],
    ),
]


@pytest.mark.parametrize(("auth", "expected"), MISTAKES, ids=[str(n) for n in range(len(MISTAKES))])
def test_mistakes(auth: Any, expected: list[tuple[str, str, str]]) -> None:
    found = check(auth)
    assert [one[:2] for one in found] == [one[:2] for one in expected]
    for (_, _, words), (_, _, part) in zip(found, expected, strict=True):
        assert part in words
        assert "canary" not in words


@pytest.mark.parametrize(
    "sign",
    ["{method}", '{"path": "{path}", "x": {"y": [1]}}', "{{body}}", "{ }", "}{", "{body", "{a b}", "", "{x}", "{0}"],
)
def test_the_schema_and_the_compiler_agree(sign: str) -> None:
    auth = {"type": "hmac", "key": "key", "sign": sign}
    try:
        compile_auth(auth, "here")
    except ConfigError:
        assert [one[:2] for one in check(auth)] == [("MH203", "auth.sign")] or not sign
    else:
        assert [one for one in check(auth) if one[0] != "MH401"] == []


ALL: list[dict[str, Any]] = [
    {"type": "bearer", "token": "canary-1"},
    {"type": "header", "name": "X-A", "value": "canary-1"},
    {"type": "query", "name": "k", "value": "canary-1"},
    {"type": "basic", "username": "canary-1", "password": "canary-2"},
    {"type": "hmac", "key": "canary-1", "headers": {"X-App": "canary-2"}},
    {"type": "oauth2", "token_url": "https://h/t", "client_id": "canary-1", "client_secret": "canary-2"},
    {"type": "jwt", "key": "canary-1", "claims": {"iss": "canary-2", "list": ["canary-3"]}},
]


@pytest.mark.parametrize("auth", ALL, ids=[one["type"] for one in ALL])
def test_values_are_secrets(auth: dict[str, Any]) -> None:
    config = {"auth": auth}
    places = list(find_secret_places(View([(SCHEMA, SCHEMA)]), config))
    assert "canary" not in str(redact(config, secret_paths=places))
    assert redact({"auth": {"type": auth["type"]}}, secret_paths=places) == {"auth": {"type": auth["type"]}}
    assert redact(config) != config, "it is known without its schema, too"
    assert "canary-1" in find_secrets(config)
