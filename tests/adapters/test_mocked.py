"""A protocol of one's own is nothing that the mock server speaks, and it says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from modelhub import ModelHubError
from modelhub.cli.app import cli
from modelhub.server.mock.point import point_at

CONFIG = {"config_name": "risk", "model_type": "post_api_chat", "api_url": "https://risk.internal/v2"}


@pytest.mark.parametrize(
    "described",
    [{"response": {"text": "a"}}, {"request": {"body": {}}}, {"stream": {"framing": "sse"}}, {"error": {"code": "c"}}],
    ids=lambda described: next(iter(described)),
)
def test_what_is_described_is_not_spoken(described: dict[str, Any]) -> None:
    with pytest.raises(ModelHubError, match=r"^config 'risk': .* the protocol that it describes; `modelhub "):
        point_at({**CONFIG, **described}, "http://127.0.0.1:1")


def test_who_calls_is_of_no_interest() -> None:
    auth = {"type": "bearer", "token": "${RISK_TOKEN}"}
    pointed = point_at({**CONFIG, "auth": auth, "stream": True}, "http://127.0.0.1:1")
    assert "auth" not in pointed and pointed["api_url"] == "http://127.0.0.1:1/llm/"


def test_the_command_asks_as_others_do(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("{config_name: risk, model_type: post_api_chat, api_url: 'http://a.b', response: {text: a}}")
    done = CliRunner().invoke(cli, ["call", "risk", "echo: Hi", "--mock", "-c", str(path)])
    assert (done.exit_code, done.output) == (0, "Hi\n")
