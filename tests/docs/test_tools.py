"""The page of tools: what it shows works."""

from __future__ import annotations

import re

from modelhub import ModelRegistry
from modelhub.testing import MockServer

from ..paths import ROOT


def test_the_example_works(server: MockServer) -> None:
    text = (ROOT / "docs" / "tools.md").read_text("utf-8")
    blocks = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    assert blocks
    config = {"config_name": "m", "model_type": "openai_chat", "model_name": "m", "api_key": "k"}
    with ModelRegistry({**config, "client_args": {"base_url": f"{server.url}/v1"}}) as hub:
        for block in blocks:
            exec(compile(block, "docs/tools.md", "exec"), {"model": hub.get_model("m")})
    sent = [tool["function"]["name"][:8] for request in server.requests for tool in request.json.get("tools", ())]
    assert sent == ["harbour_", "get_weat"]
