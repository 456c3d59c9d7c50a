"""The password of a proxy is shown nowhere, whatever characters it has, and the path of a key is no secret."""

from __future__ import annotations

import base64
import pickle
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from modelhub import ModelRegistry
from modelhub.base.ways import build_way, find_logins
from modelhub.cli.app import cli
from modelhub.network.proxies import read_proxy
from modelhub.secrets import find_secrets, redact

OLLAMA = {"config_name": "m", "model_type": "ollama_chat", "model_name": "llama3.2"}
PASSWORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), min_size=1).filter(
    lambda text: "${" not in text and text.strip()
)


@given(PASSWORDS, st.booleans())
def test_passwords_of_any_characters(password: str, encoded: bool) -> None:
    written = quote(password, safe="") if encoded else password
    address = f"http://us3rname:{written}@proxy.internal:3128"
    masked = "http://us3rname:***@proxy.internal:3128"
    assert redact({"proxy": address}) == {"proxy": masked}
    assert redact({"a": [{"proxy": f"us3rname:{written}@proxy"}]}) == {"a": [{"proxy": "us3rname:***@proxy"}]}
    assert len(written) < 4 or written in find_secrets({"proxy": address})
    if encoded or "%" not in password:
        proxy = read_proxy(address)
        assert proxy.url == "http://proxy.internal:3128"
        login = base64.b64encode(f"us3rname:{password}".encode()).decode()
        assert proxy.authorization == f"Basic {login}"
        assert login not in repr(proxy)
        way = build_way("config 'm'", address, None)
        assert way is not None
        assert login not in repr(way)
        assert {login, password} <= set(find_logins(way))


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("http://proxy:3128", "http://proxy:3128"),
        ("proxy:3128", "proxy:3128"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        ("http://token-of-mine@proxy", "http://***@proxy"),
        ("http://${LOGIN}@proxy", "http://${LOGIN}@proxy"),
        ("http://${env:LOGIN}@proxy", "http://${env:LOGIN}@proxy"),
        ("http://${USER}:${PASS}@proxy", "http://${USER}:${PASS}@proxy"),
        ("http://user:${PASS:-pa55}@proxy", "http://user:${PASS:-***}@proxy"),
        ("http://user:${file:/run/secrets/p}@proxy", "http://user:${file:/run/secrets/p}@proxy"),
        ("http://user:a${PASS}@proxy", "http://user:***@proxy"),
        ("${PROXY}", "${PROXY}"),
        ("http://user:@proxy", "http://user:@proxy"),
    ],
)
def test_what_is_shown_of_a_proxy(written: str, shown: str) -> None:
    assert redact({"proxy": written})["proxy"] == shown


def test_the_path_of_a_key_is_shown() -> None:
    config = {"tls": {"cert": "client.pem", "key": "/etc/tls/client.key"}, "key": "abcdef"}
    assert redact(config) == {**config, "key": "***"}
    assert find_secrets(config) == ["abcdef"]


@pytest.mark.parametrize(
    "command", [["show", "m"], ["explain", "m"], ["explain", "m", "--json"], ["list"], ["validate"]]
)
def test_commands(tmp_path: Any, command: list[str]) -> None:
    path = tmp_path / "models.yaml"
    path.write_text(
        "config_name: m\nmodel_type: ollama_chat\nmodel_name: llama3.2\nproxy: 'http://user:pa55@w0rd/#x@proxy:3128'\n"
    )
    where = [str(path)] if command == ["validate"] else ["-c", str(path)]
    done = CliRunner().invoke(cli, [*command, *where])
    assert done.exit_code == 0
    for part in ("pa55", "w0rd", "#x"):
        assert part not in done.output


def test_a_model_with_a_password_stays_in_its_process(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelRegistry({**OLLAMA, "proxy": "http://user:pa55w0rd@proxy:3128"}) as hub:
        assert hub.config("m")["proxy"] == "http://user:***@proxy:3128"
        with pytest.raises(TypeError, match="plain text"):
            pickle.dumps(hub.get_model("m"))
    monkeypatch.setenv("PROXY_PASSWORD", "pa55w0rd")
    with ModelRegistry({**OLLAMA, "proxy": "http://user:${PROXY_PASSWORD}@proxy:3128"}) as hub:
        model = hub.get_model("m")
        packed = pickle.dumps(model)
        assert b"pa55w0rd" not in packed
        twin = pickle.loads(packed)
        assert twin.proxy == model.proxy
