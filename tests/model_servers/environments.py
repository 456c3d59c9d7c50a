"""The model servers that ``scripts/fetch_engines_for_tests`` has put into environments of their own."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from .process import Engine, run_engine

UVICORN = r"Uvicorn running on http://([\d.:]+) "


def find_environment(name: str) -> Path | None:
    """The folder of the programs of an environment that is whole; None when there is none."""
    root = Path(os.environ.get("MODELHUB_TEST_ENGINES") or "~/.cache/modelhub-tests").expanduser()
    return root / name / "bin" if (root / name / "pins.txt").exists() else None


def get_environment(name: str) -> Path:
    """The folder of the programs of an environment; raises RuntimeError when it is not there."""
    programs = find_environment(name)
    if programs is None:
        raise RuntimeError(f"there is no {name} here: run scripts/fetch_engines_for_tests {name} once")
    return programs


@contextlib.contextmanager
def run_program(
    folder: Path, command: list[str], announcement: str, ready: str, env: dict[str, str] | None = None
) -> Iterator[Engine]:
    """A server that does not end by itself when its parent does, with everything it writes in ``folder``."""
    (folder / "hub").mkdir(parents=True, exist_ok=True)
    offline = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    places = {"HF_HOME": str(folder), "HOME": str(folder), "OMP_NUM_THREADS": "1"}
    leash = [sys.executable, str(Path(__file__).with_name("leash.py"))]
    log = folder / f"{Path(command[0]).parent.parent.name}-{len(list(folder.glob('*.log')))}.log"
    with run_engine(
        leash + command, log, announcement, ready, {**os.environ, **offline, **places, **(env or {})}
    ) as engine:
        yield engine


@contextlib.contextmanager
def run_transformers(folder: Path, model: Path) -> Iterator[Engine]:
    """Hugging Face's ``transformers serve``, which calls the model by its path."""
    program = str(get_environment("transformers") / "transformers")
    options = ["--device", "cpu", "--dtype", "float32", "--host", "127.0.0.1", "--port", "0", "--log-level", "info"]
    with run_program(folder, [program, "serve", str(model), *options], UVICORN, "/health") as engine:
        yield engine


@contextlib.contextmanager
def run_fastchat(folder: Path, model: Path, broken: bool = False) -> Iterator[Engine]:
    """FastChat serving ``model`` as "tiny": a controller, a worker, and the server that speaks OpenAI's API.

    With a ``broken`` one, which has a pydantic that it was not written for, every stream breaks off before it begins.
    """
    python = str(get_environment("fastchat") / "python")
    serve = [python, "-m", "fastchat.serve."]
    here = ["--host", "127.0.0.1", "--port"]
    env = {"LOGDIR": str(folder)}
    if broken:
        env["PYTHONPATH"] = str(Path(python).parents[1] / "beside")

    def run(module: str, port: int, *options: str) -> contextlib.AbstractContextManager[Engine]:
        command = [*serve[:2], serve[2] + module, *here, str(port), *options]
        return run_program(folder, command, UVICORN, "/openapi.json", env)

    with contextlib.ExitStack() as stack:
        controller = ["--controller-address", stack.enter_context(run("controller", 0)).url]
        port = find_free_port()
        address = ["--worker-address", f"http://127.0.0.1:{port}"]
        loaded = ["--model-path", str(model), "--model-names", "tiny", "--conv-template", "qwen-7b-chat"]
        stack.enter_context(run("model_worker", port, *address, *controller, *loaded, "--device", "cpu"))
        yield stack.enter_context(run("openai_api_server", 0, *controller))


@contextlib.contextmanager
def run_vllm(folder: Path, model: Path) -> Iterator[Engine]:
    """vLLM on the CPU, serving ``model`` as "tiny"; it takes 20 s to start, and 2.5 GB."""
    program = str(get_environment("vllm") / "vllm")
    env = {
        "VLLM_CACHE_ROOT": str(folder),
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_TARGET_DEVICE": "cpu",
    }
    options = "--served-model-name tiny --dtype float32 --max-model-len 1024 --enforce-eager --max-num-seqs 4"
    tools = "--enable-auto-tool-choice --tool-call-parser hermes --host 127.0.0.1 --port"
    command = [program, "serve", str(model), *options.split(), *tools.split(), str(find_free_port())]
    with run_program(folder, command, r"Starting vLLM server on http://([\d.:]+)", "/health", env) as engine:
        yield engine


@contextlib.contextmanager
def run_litellm(folder: Path, upstream: str, closed_port: int) -> Iterator[Engine]:
    """LiteLLM's proxy, with the key "sk-proxy", in front of the "tiny" of another server and of answers of its own."""
    programs = get_environment("litellm_proxy")

    def serve(name: str, **keys: object) -> dict[str, object]:
        return {"model_name": name, "litellm_params": {"model": f"openai/{name}", "api_key": "none", **keys}}

    call = {"name": "get_weather", "arguments": '{"city": "Paris"}'}
    models = [
        serve("tiny", api_base=f"{upstream}/v1"),
        serve("unreachable", api_base=f"http://127.0.0.1:{closed_port}/v1", timeout=5),
        *(serve(f"limited-{kind}_chat", mock_response="once", rpm=1) for kind in ("openai", "litellm", "anthropic")),
        serve("vectors", mock_response=[0.25, -0.5, 0.75], model="openai/text-embedding-3-small"),
        serve("caller", mock_response="", mock_tool_calls=[{"id": "call_1", "type": "function", "function": call}]),
        serve("InternalServerError", mock_response="litellm.InternalServerError"),
    ]
    config = {
        "model_list": models,
        "router_settings": {
            "num_retries": 0,
            "disable_cooldowns": True,
            "optional_pre_call_checks": ["enforce_model_rate_limits"],
        },
        "litellm_settings": {"num_retries": 0, "telemetry": False},
        "general_settings": {"master_key": "sk-proxy"},
    }
    (folder / "litellm.yaml").write_text(json.dumps(config))  # JSON is YAML, too
    env = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_TELEMETRY": "False", "DISABLE_ADMIN_UI": "True"}
    options = ["--config", str(folder / "litellm.yaml"), "--host", "127.0.0.1", "--port", "0", "--telemetry", "False"]
    with run_program(folder, [str(programs / "litellm"), *options], UVICORN, "/health/liveliness", env) as engine:
        yield engine


@contextlib.contextmanager
def run_phoenix(folder: Path) -> Iterator[Engine]:
    """Arize Phoenix, which receives traces by OpenTelemetry's protocol and shows them."""
    program = str(get_environment("phoenix") / "phoenix")
    env = {
        "PHOENIX_HOST": "127.0.0.1",
        "PHOENIX_PORT": str(find_free_port()),
        "PHOENIX_GRPC_PORT": str(find_free_port()),
        "PHOENIX_WORKING_DIR": str(folder),
        "PHOENIX_TELEMETRY_ENABLED": "false",
        "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    }
    with run_program(folder, [program, "serve"], UVICORN, "/healthz", env) as engine:
        yield engine


def find_free_port() -> int:
    """A port that nothing listens on, for the servers that do not say which they chose.

    It is below those that the system hands out, which somebody else might get meanwhile, and which
    multi-model-server takes for no port at all.
    """
    while True:
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", random.randrange(20_000, 32_000)))
            return int(probe.getsockname()[1])
