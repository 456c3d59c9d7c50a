"""A program that calls a model again and again, and says of each call that it has returned: URL, store, name, count."""

from __future__ import annotations

import os
import sys

from modelhub import ModelRegistry

url, store, name, count = sys.argv[1:]
config = {"config_name": "m", "model_type": "openai_chat", "api_key": "any", "client_args": {"base_url": f"{url}/v1"}}
with ModelRegistry(config, observers=[f"usage:{store}"]) as hub:
    model = hub.get_model("m")
    for number in range(int(count)):
        tag = f"{name}-{number}"
        model("hello", tags=[tag])
        os.write(1, f"{tag}\n".encode())
