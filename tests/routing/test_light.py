"""What a config does not use is not imported."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

PROGRAM = """
import json, sys
import modelhub
hub = modelhub.init([{"config_name": "gpt", "model_type": "openai_chat"}, json.load(sys.stdin)])
hub.get_model("front")
print([name for name in ("regex", "jmespath", "jsonschema", "aiohttp", "requests") if name in sys.modules])
"""
FRONTS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "router": ({"routes": [{"to": {"gpt": 1}, "when": {"tools": True, "min_tokens": 1}}, {"to": ["gpt"]}]}, []),
    "router that matches": ({"routes": [{"to": "gpt", "when": {"matches": "x"}}]}, ["regex"]),
    "cascade": ({"steps": [{"model": "gpt", "accept": {"max_tokens": 9}}]}, []),
    "cascade with expressions": ({"steps": [{"model": "gpt", "accept": {"jmespath": "text"}}]}, ["jmespath"]),
    "chain": ({"steps": [{"model": "gpt", "prompt": "{input}"}]}, []),
}


@pytest.mark.parametrize("front", FRONTS)
def test_what_is_not_used_is_not_imported(front: str) -> None:
    options, imported = FRONTS[front]
    config = {"config_name": "front", "model_type": front.partition(" ")[0], **options}
    command = [sys.executable, "-P", "-c", PROGRAM]
    done = subprocess.run(command, input=json.dumps(config), capture_output=True, text=True, check=True)
    assert done.stdout == f"{imported}\n"
