"""Servers behind a plain POST: Hugging Face's inference toolkit, and ModelScope's own."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from .environments import UVICORN, find_free_port, get_environment, run_program
from .process import Engine


@contextlib.contextmanager
def run_huggingface(folder: Path, model: Path, task: str) -> Iterator[Engine]:
    """The toolkit that Hugging Face's endpoints run, doing ``task``: a server in Java with workers in Python."""
    programs = get_environment("huggingface")
    for name in ("ml", "tmp"):
        (folder / name).mkdir()
    shutil.copytree(model, folder / "ml/model")
    settings = {
        "model_store": folder / "ml",
        "inference_address": f"http://127.0.0.1:{find_free_port()}",
        "management_address": f"http://127.0.0.1:{find_free_port()}",
        "default_workers_per_model": 1,
        "default_service_handler": "sagemaker_huggingface_inference_toolkit.handler_service:handle",
        "enable_envvars_config": "true",
        "decode_input_request": "false",
        "vmargs": "-Xmx128m -XX:-UseContainerSupport",
    }
    (folder / "mms.properties").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    env = {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HF_TASK": task,
        "SAGEMAKER_BASE_DIR": str(folder / "ml"),
        "SAGEMAKER_MODEL_SERVER_WORKERS": "1",
        **dict.fromkeys(("TEMP", "TMPDIR"), str(folder / "tmp")),
        **dict.fromkeys(("LOG_LOCATION", "METRICS_LOCATION"), str(folder)),
    }
    command = [str(programs / "multi-model-server"), "--start", "--foreground", "--models", "model=model"]
    command += ["--model-store", str(folder / "ml"), "--mms-config", str(folder / "mms.properties")]
    with run_program(folder, command, r"Inference API bind to: http://([\d.:]+)", "/ping", env) as engine:
        yield engine


@contextlib.contextmanager
def run_modelscope(folder: Path, task: str) -> Iterator[Engine]:
    """ModelScope's server doing ``task`` with a random model."""
    program = Path(__file__).with_name("modelscope_server.py")
    command = [str(get_environment("modelscope") / "python"), str(program), task, str(folder / "model")]
    with run_program(folder, command, UVICORN, "/health", {"MODELSCOPE_CACHE": str(folder)}) as engine:
        yield engine
