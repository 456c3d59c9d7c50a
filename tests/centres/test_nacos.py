"""Nacos, as its documentation describes it: both of its APIs, logins, groups and namespaces, the listener."""

from __future__ import annotations

import time
from queue import SimpleQueue
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.configs import load

from .web_server import Nacos

A = "- {config_name: a, model_type: openai_chat, model_name: m}\n"
B = "- {config_name: b, model_type: openai_chat, model_name: m}\n"


def test_groups_and_namespaces(nacos: Nacos) -> None:
    texts = {"models": A, "|G 1|models": B, "ns|DEFAULT_GROUP|models": A + B}
    for key, text in texts.items():
        nacos.put(key, text)
    address = nacos.find_address("models").partition("?")[0]
    for query, names in {
        "": ["a"],
        "?namespace=public": ["a"],
        "?group=G%201": ["b"],
        "?namespace=ns": ["a", "b"],
        "?group=DEFAULT_GROUP&namespace=ns&format=yaml": ["a", "b"],
    }.items():
        loaded = load(address + query)
        assert ([entry.config["config_name"] for entry in loaded.entries], loaded.problems) == (names, [])


def test_what_is_wrong(nacos: Nacos, monkeypatch: pytest.MonkeyPatch) -> None:
    nacos.put("models", A)
    address = nacos.find_address("models").partition("?")[0]
    for query, message in {
        "?group=H": "there is no config 'models' in the group H of the public namespace",
        "?namespace=other": "in the group DEFAULT_GROUP of the namespace other",
        "?grop=H": "unknown parameter 'grop'",
        "/x": "names no dataId",
    }.items():
        (problem,) = load(address + query).problems
        assert (problem.code, problem.file) == (
            "MH101",
            nacos.find_address("models").partition("?")[0].replace("${NACOS_LOGIN}:${NACOS_PASSWORD}@", "") + query,
        )
        assert message in problem.message
    monkeypatch.setenv("NACOS_PASSWORD", "wrong-one")
    (problem,) = load(address).problems
    assert "refuses the login" in problem.message
    assert "wrong-one" not in str(problem)


@pytest.mark.parametrize("gone", ["/nacos/v1/auth/login", "/nacos/v1/auth/users/login"])
def test_either_login_of_version_1(gone: str, nacos: Nacos) -> None:
    nacos.put("models", A)
    nacos.override = lambda path: (404, {}, b"") if path == gone else None
    assert load(nacos.find_address("models")).problems == []


def test_a_token_that_has_run_out(nacos: Nacos) -> None:
    nacos.put("models", A)
    with ModelRegistry(nacos.find_address("models"), watch=True) as hub:
        told: SimpleQueue[Any] = SimpleQueue()
        hub.on_reload(told.put)
        nacos.tokens.append("that all older ones are out of date")
        nacos.put("models", A + B)
        assert told.get(timeout=20).added == ("b",)


def test_a_listener_tells_of_changes() -> None:
    """It is asked once a change, and not again and again."""
    nacos = Nacos()
    nacos.start()
    nacos.put("models", A)
    with ModelRegistry(nacos.find_address("models"), watch=True) as hub:
        told: SimpleQueue[Any] = SimpleQueue()
        hub.on_reload(told.put)
        end = time.monotonic() + 10
        while not nacos.polls:
            assert time.monotonic() < end
            time.sleep(0.01)
        nacos.put("models", A + B)
        assert told.get(timeout=20).added == ("b",)
        assert nacos.polls <= 2
        assert len(nacos.requests) <= 6
    nacos.kill()


def test_what_is_no_nacos() -> None:
    nacos = Nacos()
    nacos.start()
    for answer, message in {
        (404, b"<html>nginx</html>"): "nothing at this address",
        (200, b"\xff\xfe"): "not UTF-8",
        (503, b""): "HTTP 503",
    }.items():
        nacos.override = lambda path, answer=answer: (answer[0], {}, answer[1])  # type: ignore[misc]
        (problem,) = load(nacos.find_address("models")).problems
        assert message in problem.message
    nacos.kill()
