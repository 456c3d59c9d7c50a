"""llama.cpp's server: the program `llama-server`, the one in the xllamacpp wheel, or llama-cpp-python's own."""

from __future__ import annotations

import sys
from pathlib import Path

from serving.options import Options
from serving.plan import Need, Plan, Process, Ready, build_openai_config

PORT = 8080
EXAMPLE = "models/qwen2.5-0.5b-instruct-q4_k_m.gguf"
PROGRAM = Need(
    "put llama-server on the PATH (https://github.com/ggml-org/llama.cpp), or pip install xllamacpp, "
    "or pip install 'llama-cpp-python[server]'",
    programs=("llama-server",),
)
XLLAMACPP = Need("pip install xllamacpp", modules=("xllamacpp",))
LLAMA_CPP_PYTHON = Need("pip install 'llama-cpp-python[server]'", modules=("llama_cpp", "uvicorn"))
# How many of a model's layers go to the GPU; auto leaves it to the server.
LAYERS = {"cpu": "0", "cuda": "999"}


def build_plan(options: Options) -> Plan:
    if not options.dry_run and not Path(options.model).is_file():
        raise ValueError(f"-m {options.model}: there is no such file; llama.cpp serves a GGUF file")
    need = next((need for need in (PROGRAM, XLLAMACPP, LLAMA_CPP_PYTHON) if need.is_met()), PROGRAM)
    where = ["--host", options.host, "--port", str(options.port)]
    layers = LAYERS.get(options.device)
    if need is LLAMA_CPP_PYTHON:
        command = [sys.executable, "-m", "llama_cpp.server", "--model", options.model, "--model_alias", options.name]
        command += where + (["--n_gpu_layers", layers] if layers else [])
    else:
        server = str(Path(__file__).with_name("xllamacpp_server.py"))
        command = ["llama-server"] if need is PROGRAM else [sys.executable, server]
        command += ["--model", options.model, "--alias", options.name, *where]
        command += ["--n-gpu-layers", layers] if layers else []
    process = Process(
        "llama_cpp",
        command + options.extra,
        Ready(f"{options.url}/v1/models" if need is LLAMA_CPP_PYTHON else f"{options.url}/health"),
        need,
        (options.host, options.port),
    )
    # The server reads its key from the same variable.
    config = build_openai_config(options.name, options.name, options.url, api_key="${LLAMA_API_KEY:-EMPTY}")
    return Plan([process], [config])
