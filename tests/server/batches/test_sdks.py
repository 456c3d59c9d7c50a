"""What the vendors' SDKs sent when they were recorded gets the replies that they could read then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelhub.testing import MockServer

from .replaying import replay

RECORDED = sorted(Path(__file__).with_name("sdk").glob("*.json"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_sdks_get_what_they_could_read(path: Path) -> None:
    recorded = json.loads(path.read_text("utf-8"))
    assert len(recorded["exchanges"]) > 8
    with MockServer() as server:
        for number, exchange in enumerate(recorded["exchanges"]):
            place = f"{recorded['sdk']}, request {number}: {exchange['method']} {exchange['path']}"
            assert replay(server.url, exchange) == exchange["reply"], place
