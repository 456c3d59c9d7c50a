"""Ollama: the server, unless it runs already, and the model, unless it is there: https://docs.ollama.com."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from serving.options import Options
from serving.plan import Need, Plan, Process, Ready

PORT = 11434
EXAMPLE = "qwen2.5:0.5b"
NEED = Need("install it from https://ollama.com/download", programs=("ollama",))


def build_plan(options: Options) -> Plan:
    is_file = options.model.endswith(".gguf")
    if is_file and not options.dry_run and not Path(options.model).is_file():
        raise ValueError(f"-m {options.model}: there is no such file")
    model = options.name if is_file else options.model
    host = f"[{options.host}]" if ":" in options.host else options.host
    server = Process(
        "ollama",
        ["ollama", "serve"],
        Ready(f"{options.url}/api/version", contains='"version"'),
        NEED,
        (options.host, options.port),
        may_run_already=True,
        env={"OLLAMA_HOST": f"{host}:{options.port}"},
        wait=60.0,
    )
    provide = [sys.executable, str(Path(__file__).with_name("provide.py")), options.url, model]
    if is_file:
        provide += ["--file", options.model]
    keys: dict[str, Any] = {"model_name": model, "host": options.url}
    if options.device == "cpu":
        keys["options"] = {"num_gpu": 0}
    configs = [
        {"config_name": options.name, "model_type": "ollama_chat", **keys},
        {"config_name": f"{options.name}-embedding", "model_type": "ollama_embedding", **keys},
    ]
    return Plan([server, Process("provide", provide + options.extra)], configs)
