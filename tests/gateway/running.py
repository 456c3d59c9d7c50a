"""`modelhub serve` in a process of its own, in front of a mock server whose models fail as their names say."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

VENDORS = {
    "openai": ("openai_chat", "/v1"),
    "claude": ("anthropic_chat", ""),
    "gemini": ("gemini_chat", ""),
    "qwen": ("dashscope_chat", "/api/v1"),
    "vectors": ("openai_embedding", "/v1"),
    "painter": ("openai_dall_e", "/v1"),
}
FAULTS = {
    "busy": {"status": 429, "retry_after": 7},
    "broken": {"status": 500},
    "denied": {"status": 401},
    "long": {"fault": "context"},
    "filtered": {"fault": "filter"},
    "torn": {"fault": "cut", "after": 3},
    "silent": {"fault": "hang"},
    "late": {"fault": "hang"},
}
SCENARIO: dict[str, Any] = {
    "rules": [
        *({"model": name, "faults": [fault]} for name, fault in FAULTS.items()),
        {"model": "slow", "chunk_delay": 0.02},
    ]
}
"""What the mock server does: a model for each fault, and one that speaks slowly."""


def build_models(url: str) -> list[dict[str, Any]]:
    """Configs of all that the mock server at ``url`` speaks, of those that fail, and of one that asks others."""
    models: list[dict[str, Any]] = []
    for name, (model_type, path) in VENDORS.items():
        client_args = {"base_url": url + path}
        models.append({"config_name": name, "model_type": model_type, "client_args": client_args})
    for name in (*FAULTS, "slow"):
        models.append({"config_name": name, "model_type": "openai_chat", "client_args": {"base_url": f"{url}/v1"}})
    for model in models:
        model.update({"model_name": model["config_name"], "api_key": "sk-of-the-vendor", "retry": {"max_attempts": 1}})
        if model["config_name"] == "late":
            model["timeout"] = 0.2
    models.append({"config_name": "local", "model_type": "ollama_chat", "model_name": "tiny", "host": url})
    models.append({"config_name": "best", "model_type": "fallback", "models": ["broken", "claude"]})
    return models


class Running(NamedTuple):
    """A gateway: where it listens, its process, and the folder of its files; ``stderr.txt`` there is what it says."""

    url: str
    process: subprocess.Popen[str]
    folder: Path

    def read_log(self) -> str:
        """What it has said on stderr so far."""
        return (self.folder / "stderr.txt").read_text("utf-8")

    def read_memory(self) -> float:
        """The memory of the process alone, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text("utf-8")
        return int(re.findall(r"^VmRSS:\s+(\d+)", status, re.M)[0]) / 1024


@contextlib.contextmanager
def running(folder: Path, models: Sequence[dict[str, Any]], *arguments: str, keys: Any = None) -> Iterator[Running]:
    """``modelhub serve`` of these models; after it, its process has ended with status 0."""
    (folder / "models.yaml").write_text(yaml.safe_dump(list(models)), "utf-8")
    command = [sys.executable, "-m", "modelhub", "serve", "-c", "models.yaml", "--port", "0", *arguments]
    if keys is not None:
        (folder / "keys.yaml").write_text(yaml.safe_dump(keys), "utf-8")
        command += ["--keys", "keys.yaml"]
    with (folder / "stderr.txt").open("w") as log:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=folder,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    assert process.stdout is not None
    greeting = process.stdout.readline()
    found = re.search(r"listening on (\S+?):? ", greeting)
    gateway = Running(found[1].rstrip(":") if found else "", process, folder)
    try:
        assert found, gateway.read_log()
        yield gateway
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        finally:
            process.kill()
            process.communicate()
    assert process.returncode == 0, gateway.read_log()
