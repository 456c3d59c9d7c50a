"""transformers serve, Hugging Face's own server: https://huggingface.co/docs/transformers/serving."""

from __future__ import annotations

import sys

from serving.options import Options
from serving.plan import Need, Plan, Process, Ready, build_openai_config

PORT = 8000
EXAMPLE = "Qwen/Qwen2.5-0.5B-Instruct"
NEED = Need("pip install 'transformers[serving]>=5'", modules=("torch", "transformers", "fastapi", "uvicorn"))


def build_plan(options: Options) -> Plan:
    # What is imported is what the program `transformers` imports.
    command = [sys.executable, "-c", "from transformers.cli.transformers import main; main()", "serve", options.model]
    command += ["--host", options.host, "--port", str(options.port), "--device", options.device]
    process = Process(
        "transformers",
        command + options.extra,
        Ready(f"{options.url}/health"),
        NEED,
        (options.host, options.port),
    )
    # A request must name the model as the command line did, path or not.
    return Plan([process], [build_openai_config(options.name, options.model, options.url)])
