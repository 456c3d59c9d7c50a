"""FastChat: a controller, a worker that has the model, and an OpenAI-compatible server in front of them."""

from __future__ import annotations

import os
import shutil
import sys

from serving.options import Options
from serving.plan import Need, Plan, Process, Ready, build_openai_config

PORT = 8000
EXAMPLE = "Qwen/Qwen2.5-0.5B-Instruct"
# With pydantic 2 a streamed answer is cut off; transformers 5 and newer FastAPI do not work with this FastChat:
# https://github.com/lm-sys/FastChat
NEED = Need(
    "pip install 'fschat[model_worker]==0.2.36' 'transformers<5' 'pydantic<2' 'fastapi<0.110'",
    modules=("fastchat", "torch", "transformers"),
)


def build_plan(options: Options) -> Plan:
    if options.port > 65533:
        raise ValueError(f"-p {options.port}: FastChat needs the two ports above it, too")
    # The controller and the worker are for the server in front of them, which alone is on --host.
    controller, worker = (f"http://127.0.0.1:{options.port + step}" for step in (1, 2))

    def build_process(name: str, step: int, ready: Ready, *arguments: str) -> Process:
        host, port = options.host if step == 0 else "127.0.0.1", options.port + step
        command = [sys.executable, "-m", f"fastchat.serve.{name}", "--host", host, "--port", str(port), *arguments]
        # Each writes its log to the current folder otherwise; what matters is on stderr.
        return Process(name, command, ready, NEED, (host, port), env={"LOGDIR": os.environ.get("LOGDIR", "")})

    device = options.device
    if device == "auto":
        device = "cuda" if shutil.which("nvidia-smi") else "cpu"
    from_controller = ("--controller-address", controller)
    processes = [
        build_process("controller", 1, Ready(f"{controller}/test_connection")),
        build_process(
            "model_worker",
            2,
            Ready(f"{controller}/list_models", "POST", f'"{options.name}"'),
            *("--worker-address", worker, *from_controller, "--model-path", options.model),
            *("--model-names", options.name, "--device", device, *options.extra),
        ),
        build_process("openai_api_server", 0, Ready(f"{options.url}/v1/models"), *from_controller),
    ]
    chat = build_openai_config(options.name, options.name, options.url)
    embedding = build_openai_config(f"{options.name}-embedding", options.name, options.url)
    return Plan(processes, [chat, {**embedding, "model_type": "openai_embedding"}])
