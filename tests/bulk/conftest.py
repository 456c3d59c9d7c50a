"""A folder with configs of a mock server, and the batch command in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modelhub.cli.app import cli
from modelhub.testing import MockServer

Batch = Callable[..., Result]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: MockServer) -> Path:
    monkeypatch.chdir(tmp_path)
    v1 = f"client_args: {{base_url: '{server.url}/v1'}}, api_key: sk-secret-key-1, retry: {{max_attempts: 1}}"
    (tmp_path / "models.yaml").write_text(f"""\
- {{config_name: gpt, model_type: openai_chat, {v1}, price: {{prompt: 1, completion: 2}}}}
- {{config_name: front, model_type: fallback, models: [gpt]}}
- {{config_name: emb, model_type: openai_embedding, {v1}}}
- {{config_name: poor, model_type: openai_chat, {v1}, budget: {{tokens: 20, per: day, store: memory}}}}
- {{config_name: keyless, model_type: openai_chat, api_key: '${{NO_KEY}}'}}
""")
    return tmp_path


@pytest.fixture
def batch(folder: Path) -> Iterator[Batch]:
    runner = CliRunner()

    def run(*arguments: str, **options: Any) -> Result:
        line = ["batch", "-c", "models.yaml", *arguments]
        return runner.invoke(cli, line, **options)

    yield run


def write_rows(path: Path, rows: list[Any]) -> None:
    """Write rows as JSON lines; a text is a line as it is."""
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))


def read_rows(path: Path) -> list[Any]:
    """The rows of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
