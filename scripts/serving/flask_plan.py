"""The plan of a Flask service, whose model is asked at /v1 as OpenAI's and at /llm/ as AgentScope's."""

from __future__ import annotations

import sys
from pathlib import Path

from .options import Options
from .plan import Need, Plan, Process, Ready, build_openai_config


def build_flask_plan(options: Options, server: Path, need: Need) -> Plan:
    """The process of the program ``server``, and the configs of both ways to ask it."""
    command = [sys.executable, str(server), "--model", options.model]
    command += ["--host", options.host, "--port", str(options.port), "--device", options.device]
    process = Process(
        "flask",
        [*command, "--name", options.name, *options.extra],
        Ready(f"{options.url}/health"),
        need,
        (options.host, options.port),
    )
    # The server reads its key from the same variable.
    key = "${MODELHUB_SERVICE_API_KEY:-EMPTY}"
    chat = build_openai_config(options.name, options.name, options.url, api_key=key)
    post = {
        "config_name": f"{options.name}-llm",
        "model_type": "post_api_chat",
        "model_name": options.name,
        "api_url": f"{options.url}/llm/",
        "headers": {"Authorization": f"Bearer {key}"},
    }
    return Plan([process], [chat, post])
