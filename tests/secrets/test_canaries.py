"""No key gets out: canaries are planted everywhere a secret may stand, and everything that is printed is searched."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import subprocess
import sys
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelHubError, ModelRegistry
from modelhub.testing import MockServer

CANARIES = [f"canary{n}-7f3e9a" for n in range(9)]


def build_configs(url: str, folder: Path) -> list[dict[str, Any]]:
    secret = folder / "secret"
    secret.write_text(CANARIES[0] + "\n")
    os.environ["CANARY_KEY"] = CANARIES[1]
    base = {"client_args": {"base_url": f"{url}/v1"}, "retry": {"initial": 0.001}, "model_type": "openai_chat"}
    return [
        {**base, "config_name": "plain", "api_key": CANARIES[2]},
        {**base, "config_name": "file", "api_key": f"${{file:{secret}}}"},
        {**base, "config_name": "variable", "api_key": "${CANARY_KEY}"},
        {**base, "config_name": "default", "api_key": f"${{CANARY_UNSET:-{CANARIES[3]}}}"},
        {
            **base,
            "config_name": "header",
            "headers": {"Authorization": f"Bearer {CANARIES[4]}", "X-Api-Key": CANARIES[5]},
        },
        {
            "config_name": "post",
            "model_type": "post_api",
            "api_url": f"{url}/llm/?key={CANARIES[6]}",
            "headers": {"X-Token": CANARIES[7]},
            "json_args": {"secret": CANARIES[8]},
            "retry_interval": 0.001,
        },
    ]


@pytest.fixture
def configs(server: MockServer, tmp_path: Path) -> Iterator[list[dict[str, Any]]]:
    yield build_configs(server.url, tmp_path)
    del os.environ["CANARY_KEY"]


def assert_clean(text: str) -> None:
    assert text
    for canary in CANARIES:
        assert canary not in text


def describe(error: BaseException) -> str:
    return "\n".join(
        [repr(error), str(error), *traceback.format_exception(error), repr(getattr(error, "__dict__", ""))]
    )


def echo(request: str) -> dict[str, Any]:
    """An error reply that repeats what it was sent, as servers do with a wrong key."""
    return {
        "status": 401,
        "body": json.dumps({"error": {"message": f"wrong key: {request}", "code": "invalid_api_key"}}),
    }


@pytest.mark.parametrize("fault", ["401", "429", "500", "html500", "reset", "hang", "html", "truncated", "redirect"])
def test_errors(configs: list[dict[str, Any]], caller: Any, server: MockServer, fault: str, caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)
    with ModelRegistry([{**config, "timeout": 0.2} for config in configs]) as hub:
        for name in hub.names():
            server.script(*[fault] * 3)
            with pytest.raises(ModelHubError) as caught:
                caller.call(hub.get_model(name), "hello")
            assert_clean(describe(caught.value))
            assert_clean(repr(hub.get_model(name)) + repr(hub) + json.dumps(hub.config(name)))
    sent = "".join(repr(dict(request.headers)) + request.path + str(request.query) for request in server.requests)
    assert sum(canary in sent or canary == CANARIES[8] for canary in CANARIES) == 9, "they were really sent"
    for record in caplog.records:
        if not record.name.startswith("modelhub.server.mock"):
            assert not any(canary in record.getMessage() for canary in CANARIES[:6])


def test_servers_that_repeat_the_key(configs: list[dict[str, Any]], caller: Any, server: MockServer) -> None:
    with ModelRegistry(configs) as hub:
        for name in hub.names():
            for stream in (False, True) if name != "post" else (False,):
                everything = " ".join(CANARIES[:6] if name != "post" else CANARIES[7:8])
                own = [c for c in CANARIES if name != "post" or c == CANARIES[7]]
                server.reply(echo(everything))
                with pytest.raises(ModelHubError) as caught:
                    caller.call(hub.get_model(name), "hello", **({"stream": True} if stream else {}))
                text = str(caught.value)
                mine = {"plain": 2, "file": 0, "variable": 1, "default": 3, "header": 4, "post": 7}[name]
                assert CANARIES[mine] in everything
                assert CANARIES[mine] in own
                assert CANARIES[mine] not in text
                assert "***" in text


def test_no_connection(configs: list[dict[str, Any]], caller: Any, unused_port: int) -> None:
    text = json.dumps(configs).replace(configs[0]["client_args"]["base_url"], f"http://127.0.0.1:{unused_port}/v1")
    changed = json.loads(text)
    changed[-1]["api_url"] = f"http://user:{CANARIES[6]}@127.0.0.1:{unused_port}/llm/?key={CANARIES[6]}"
    with ModelRegistry(changed) as hub:
        for name in hub.names():
            with pytest.raises(ModelHubError) as caught:
                caller.call(hub.get_model(name), "hello")
            assert_clean(describe(caught.value))


def test_problems_of_configs(configs: list[dict[str, Any]], tmp_path: Path) -> None:
    broken = [
        {**configs[0], "api_key": [CANARIES[2]]},
        {**configs[4], "headers": {"Authorization": [CANARIES[4]]}, "config_name": "plain"},
        {**configs[5], "api_url": f"htp:{CANARIES[6]}", "api_key": {"a": CANARIES[7]}},
        {**configs[2], "aip_key": CANARIES[3], "config_name": "x", "timeout": CANARIES[8]},
    ]
    with pytest.raises(ModelHubError) as caught:
        ModelRegistry(broken)
    shown = describe(caught.value).replace("CANARY_KEY", "")
    for canary in (CANARIES[2], CANARIES[3], CANARIES[4], CANARIES[7]):
        assert canary not in shown
    path = tmp_path / "broken.yaml"
    path.write_text(f"config_name: a\nmodel_type: openai_chat\napi_key: '{CANARIES[0]}\n")
    with pytest.raises(ModelHubError) as caught:
        ModelRegistry(path)
    assert_clean(describe(caught.value))


def test_commands(configs: list[dict[str, Any]], tmp_path: Path, server: MockServer) -> None:
    path = tmp_path / "models.json"
    path.write_text(json.dumps(configs))
    commands = [["validate", str(path)], ["validate", "--format", "json", str(path)], ["list", "-c", str(path)]]
    commands += [["show", config["config_name"], "-c", str(path)] for config in configs]
    for config in configs:
        commands += [["call", config["config_name"], "hi", "-c", str(path), *extra] for extra in ([], ["--json"])]
    printed = ""
    for n, command in enumerate(commands):
        if command[0] == "call":
            server.script(*["401" if n % 2 else "ok"] * 3)
        done = subprocess.run([sys.executable, "-m", "modelhub", *command], capture_output=True, text=True, check=False)
        assert "Traceback" not in done.stderr
        printed += done.stdout + done.stderr
    assert "***" in printed
    assert_clean(printed)


def test_warnings_and_debug_logs_of_asyncio(configs: list[dict[str, Any]], caplog: Any) -> None:
    caplog.set_level(logging.DEBUG)

    async def main() -> None:
        async with ModelRegistry(configs) as hub:
            for name in hub.names():
                await hub.get_model(name).acall("hi")

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(main(), debug=True)
    text = " ".join([*(str(w.message) for w in caught), *(r.getMessage() for r in caplog.records), "."])
    assert_clean(text)
