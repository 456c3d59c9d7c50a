"""A receiver of traces that others have written understands the spans of calls."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

from modelhub.testing import MockServer

from ..model_servers.chosen import needs
from ..model_servers.environments import run_phoenix

PROGRAM = """
import os
from modelhub import ModelRegistry
from modelhub.telemetry.otel import build_observer
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
chat = {"config_name": "gpt", "model_type": "openai_chat", "model_name": "gpt-4o"}
safe = {"config_name": "safe", "model_type": "fallback", "models": ["gpt"]}
with ModelRegistry([chat, safe], observers=[build_observer()]) as hub:
    print(hub.get_model("safe")("echo: thanks").text)
"""


@needs("phoenix")
def test_phoenix(tmp_path: Path, server: MockServer) -> None:
    with run_phoenix(tmp_path) as phoenix:
        variables = {
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "OTEL_EXPORTER_OTLP_ENDPOINT": phoenix.url,
            "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
        }
        command = [sys.executable, "-c", PROGRAM]
        subprocess.run(command, env={**os.environ, **variables}, check=True, timeout=120)
        spans = wait_for_spans(f"{phoenix.url}/v1/projects/default/spans", 2)
    chat, invoked = spans["chat gpt-4o"], spans["invoke safe fallback"]
    assert chat["parent_id"] == invoked["context"]["span_id"]
    assert chat["span_kind"] == "LLM"
    attributes = chat["attributes"]
    assert attributes["llm.model_name"] == "gpt-4o"
    assert attributes["llm.token_count.completion"] == attributes["gen_ai.usage.output_tokens"]
    assert "thanks" in str(attributes["llm.output_messages.0.message.content"])


def wait_for_spans(url: str, count: int) -> dict[str, Any]:
    """The spans by their names, once there are so many; a receiver writes them down a little later."""
    deadline = time.monotonic() + 60
    while True:
        spans = requests.get(url, timeout=60).json().get("data", [])
        if len(spans) >= count or time.monotonic() > deadline:
            return {span["name"]: span for span in spans}
        time.sleep(0.1)
