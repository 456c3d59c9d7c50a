"""``agentscope.init`` and its related functions: configs, records of calls, usage; no agents and no studio."""

from __future__ import annotations

import os
import random
import string
import time
import warnings
from pathlib import Path
from typing import Any

from modelhub.compat.agentscope.manager import ASManager, ModelManager, MonitorManager
from modelhub.compat.agentscope.scope import explain
from modelhub.telemetry.invocations import ignore, observe


def init(
    model_configs: Any = None,
    project: str | None = None,
    name: str | None = None,
    disable_saving: bool = False,
    save_dir: str = "./runs",
    save_log: bool = True,
    save_code: bool = True,
    save_api_invoke: bool = False,
    cache_dir: str | None = None,
    use_monitor: bool = True,
    logger_level: str = "INFO",
    runtime_id: str | None = None,
    agent_configs: Any = None,
    studio_url: str | None = None,
) -> list[Any]:
    """Load ``model_configs``; with ``save_api_invoke`` calls are recorded in ``<save_dir>/<run_id>/invoke``.

    Logs and code are not saved, and the folder is made for the first record. Nothing is sent to a studio, and a
    warning says so. Raises ValueError (a ConfigError) or FileNotFoundError for wrong configs, before it changes
    anything, and NotImplementedError for agents.
    """
    if agent_configs:
        raise NotImplementedError(explain("agentscope.init(agent_configs=...)"))
    if studio_url:
        warnings.warn(explain("agentscope.init(studio_url=...)"), stacklevel=2)
    ModelManager.get_instance().initialize(model_configs)
    run = ASManager.get_instance()
    name = name or _draw(string.ascii_lowercase + string.digits)
    run_id = runtime_id or time.strftime(f"run_%Y%m%d-%H%M%S_{name}")
    run.identity = {
        "project": project or _draw(string.ascii_letters + string.digits),
        "name": name,
        "run_id": run_id,
        "timestamp": time.strftime("%Y-%m-%d %H:%M:%S"),
        "disable_saving": disable_saving,
        "pid": os.getpid(),
        "studio_url": None,
    }
    run.logger_level = logger_level
    saving = not disable_saving
    run_dir = str(Path(save_dir).absolute() / run_id) if saving else None
    cache_dir = cache_dir or str(Path("~/.cache/agentscope").expanduser())
    run.file.initialize(run_dir, saving and save_log, saving and save_code, saving and save_api_invoke, cache_dir)
    (observe if run.file.save_api_invoke else ignore)(run.file.save_invocation)
    MonitorManager.get_instance().initialize(saving and use_monitor)
    return []


def state_dict() -> dict[str, Any]:
    """The state of the run, without secrets."""
    return ASManager.get_instance().state_dict()


def print_llm_usage() -> dict[str, list[dict[str, Any]]]:
    """Print how much the models have used, and return it: rows for text_and_embedding and for image."""
    return MonitorManager.get_instance().print_llm_usage()


def register_model_wrapper_class(model_wrapper_class: Any, exist_ok: bool = False) -> None:
    """See ``ModelManager.register_model_wrapper_class``."""
    ModelManager.get_instance().register_model_wrapper_class(model_wrapper_class, exist_ok)


def _draw(letters: str) -> str:
    return "".join(random.choices(letters, k=6))
