"""The cluster that a job runs in."""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from importlib.util import find_spec
from threading import Thread
from typing import Any

from modelhub.bulk.partial import RefusedError
from modelhub.errors import ModelHubError
from modelhub.printable import printable, shorten

_QUIET: dict[str, str] = {}
_PATIENCE = 10.0  # seconds that a thread of Ray's has to end


def require_ray() -> None:
    """Raise RefusedError if Ray Data is not installed; importing it would take a while."""
    for name in ("ray", "pyarrow", "pandas"):
        if find_spec(name) is None:
            raise RefusedError(f"the engine ray needs the library {name}: pip install 'ray[data]'")


def connect() -> bool:
    """Connect to the cluster, unless this program has; whether it did.

    It is that of $RAY_ADDRESS, else one that runs on this machine, else one that is begun and ends with this process.
    Raises ConnectionError if that fails.
    """
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    import ray
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.ERROR)
    if ray.is_initialized():
        return False
    ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    return True


def build_actor(cls: type) -> Any:
    """An actor of ``cls`` on the machine of this process, if it can be there, which is begun anew when it is lost."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1, "scheduling_strategy": here}
    return ray.remote(cls).options(**options).remote()


def disconnect(feed: Any, running: Thread, began: bool) -> None:
    """End the actor ``feed``, the thread that reads what comes of it, and the connection if it ``began`` for this."""
    import ray

    with suppress(Exception):  # it may be lost already
        ray.kill(feed)
    if began:
        ray.shutdown()
    running.join(_PATIENCE)


def describe_loss(error: BaseException) -> BaseException:
    """``error`` as users are told it, if it is Ray's."""
    from ray.exceptions import RayError

    if not isinstance(error, RayError):
        return error
    why = shorten(printable(str(error).strip().splitlines()[-1]), 500)
    return ModelHubError(f"Ray has ended the job: {type(error).__name__}: {why}")
