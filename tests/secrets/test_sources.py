"""Where secrets come from: the environment, files that may change while a program runs, the keyring, plugins."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keyring
import keyring.backend
import pytest

from modelhub import ConfigError, ModelRegistry, hooks
from modelhub.plugins.hooks import load_hooks
from modelhub.secrets import resolve
from modelhub.testing import MockServer


def build_config(server: MockServer, api_key: str) -> dict[str, Any]:
    client_args = {"base_url": f"{server.url}/v1"}
    return {"config_name": "a", "model_type": "openai_chat", "api_key": api_key, "client_args": client_args}


def sent(server: MockServer) -> str:
    return server.requests[-1].headers["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("replaced", [False, True], ids=["written", "replaced"])
def test_a_file_that_changes(server: MockServer, caller: Any, tmp_path: Path, replaced: bool) -> None:
    path = tmp_path / "key"
    path.write_text("first-key\n")
    with ModelRegistry(build_config(server, f"${{file:{path}}}")) as hub:
        model = hub.get_model("a")
        caller.call(model, "hi")
        assert sent(server) == "first-key"
        if replaced:  # as Kubernetes and editors do
            fresh = tmp_path / "fresh"
            fresh.write_text("other-key\n")
            fresh.replace(path)
        else:
            path.write_text("a-second-key\n")
        caller.call(model, "hi")
        assert sent(server) == ("other-key" if replaced else "a-second-key")
        path.unlink()
        caller.call(model, "hi")
        assert sent(server) == ("other-key" if replaced else "a-second-key"), "the last one is kept meanwhile"
        path.write_text("third-key-of-all\n")
        caller.call(model, "hi")
        assert sent(server) == "third-key-of-all"


def test_the_environment_by_its_scheme(server: MockServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", "from-env")
    with ModelRegistry(build_config(server, "${env:TEST_KEY}")) as hub:
        hub.get_model("a")("hi")
    assert sent(server) == "from-env"
    with pytest.raises(ConfigError, match=r"MH301 .*NOT_SET is not set"):
        resolve("${env:NOT_SET}", where="config 'a'")


class Memory(keyring.backend.KeyringBackend):
    """A keyring that is nobody's."""

    priority = 1  # type: ignore[assignment]

    def get_password(self, service: str, username: str) -> str | None:
        return {("openai/team", "ann"): "from-keyring"}.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise AssertionError

    def delete_password(self, service: str, username: str) -> None:
        raise AssertionError


@pytest.fixture
def memory() -> Iterator[None]:
    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    yield
    keyring.set_keyring(before)


def test_the_keyring(server: MockServer, memory: None) -> None:
    with ModelRegistry(build_config(server, "${keyring:openai/team/ann}")) as hub:
        hub.get_model("a")("hi")
    assert sent(server) == "from-keyring"
    with pytest.raises(ConfigError, match=r"MH302 .*no password of 'bob' for 'openai'"):
        resolve("${keyring:openai/bob}", where="config 'a'")
    with pytest.raises(ConfigError, match="names a service and a user"):
        resolve("${keyring:bob}", where="config 'a'")


class Vault:
    """What a plugin of the group ``modelhub`` is: a module or an object with marked functions."""

    @hooks.hookimpl
    def resolve_secret(self, scheme: str, name: str) -> str | None:
        if scheme != "vault":
            return None
        if name == "gone":
            raise LookupError("the vault has no 'gone'")
        if name == "crash":
            raise RuntimeError("secret-in-a-message")
        return f"from-vault-{name}"


@pytest.fixture
def vault() -> Iterator[None]:
    manager = load_hooks()
    plugin = Vault()
    manager.register(plugin)
    yield
    manager.unregister(plugin)


def test_a_plugin(server: MockServer, vault: None) -> None:
    with ModelRegistry(build_config(server, "${vault:team/openai}")) as hub:
        hub.get_model("a")("hi")
    assert sent(server) == "from-vault-team/openai"
    with pytest.raises(ConfigError, match="the vault has no 'gone'"):
        resolve("${vault:gone}", where="config 'a'")
    with pytest.raises(ConfigError, match="failed: RuntimeError") as caught:
        resolve("${vault:crash}", where="config 'a'")
    assert "secret-in-a-message" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"no installed plugin resolves \$\{nobody:\.\.\.\}"):
        resolve("${nobody:x}", where="config 'a'")


def test_a_default_is_no_scheme(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("lower", raising=False)
    assert resolve("${lower:-x}", where="config 'a'") == "x"
