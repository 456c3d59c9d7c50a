"""The cluster that a job runs in."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any

from modelhub.bulk.partial import RefusedError
from modelhub.errors import ModelHubError
from modelhub.printable import printable, shorten

# Ray logs little, and does not begin by itself once it has ended.
_SETTINGS = {"RAY_BACKEND_LOG_LEVEL": "fatal", "RAY_ENABLE_AUTO_CONNECT": "0"}
_HEAD_PATIENCE = 45.0  # seconds; Ray's own is a minute
_PAUSE = 3.0  # seconds from one look at the head to the next
_PATIENCE = 2.0  # seconds that a thread of Ray's has to end


def require_ray() -> None:
    """Raise RefusedError if Ray Data is not installed; importing it would take a while."""
    for name in ("ray", "pyarrow", "pandas"):
        if find_spec(name) is None:
            raise RefusedError(f"the engine ray needs the library {name}: pip install 'ray[data]'")


def connect() -> bool:
    """Connect to the cluster, unless this program has; whether it did.

    It is that of $RAY_ADDRESS ("auto" is the one that runs on this machine), else one that ends with the job.
    Raises ModelHubError if that fails.
    """
    with _settings():
        import ray
        import ray.data

        _log_from(logging.ERROR)
        if ray.is_initialized():
            return False
        address = os.environ.get("RAY_ADDRESS")
        try:
            with _hushed():
                ray.init(address or "local", include_dashboard=False, log_to_driver=False, configure_logging=False)
        except Exception as error:  # Ray raises what its parts do
            where = f"does not answer at {address} ($RAY_ADDRESS)" if address else "did not begin"
            raise ModelHubError(f"Ray {where}: {_describe(error)}") from error
    return True


@contextmanager
def _settings() -> Iterator[None]:
    """Set the variables that Ray reads while it is imported and begins, and leave no trace of them."""
    added = [name for name in _SETTINGS if name not in os.environ]
    os.environ.update((name, _SETTINGS[name]) for name in added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


def describe_cluster(actors: int, calls: int) -> str:
    """What is at hand for so many ``actors`` with so many ``calls`` at a time each."""
    import ray

    there = ray.cluster_resources().get("CPU", 0)
    return f"Ray: {actors} actors at most, each with {calls} calls at a time; the cluster has {there:g} processors"


def _log_from(level: int) -> None:
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(level)


@contextmanager
def _hushed() -> Iterator[None]:
    """Keep off the screen what is written there past Python: Ray says what it logs, and to which level."""
    with Path(os.devnull).open("w") as nowhere:
        kept = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)


def _describe(error: BaseException) -> str:
    """Why Ray has raised ``error``, in one line: what it began with says most, in its last line."""
    why = ""
    step: BaseException | None = error
    while step is not None:
        why = str(step).strip().rpartition("\n")[2] or why
        step = step.__cause__
    return shorten(printable(why.strip() or type(error).__name__), 500)


def build_actor(cls: type) -> Any:
    """An actor of ``cls`` on the machine of this process, if it can be there, which is begun anew when it is lost."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    options = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1, "scheduling_strategy": here}
    return ray.remote(cls).options(**options).remote()


async def watch_head() -> None:
    """Raise ModelHubError once the head of the cluster has not answered for longer than a restart takes.

    Ray ends this process a little later, without a word.
    """
    import ray

    address: str = ray.get_runtime_context().gcs_address
    host, _, port = address.rpartition(":")
    answered = time.monotonic()
    while time.monotonic() - answered < _HEAD_PATIENCE:
        await asyncio.sleep(_PAUSE)
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PAUSE):
                _, writer = await asyncio.open_connection(host.strip("[]"), int(port))
            writer.close()
            answered = time.monotonic()
    raise ModelHubError(f"the head of the Ray cluster at {address} answers no more: start again when it is there")


def disconnect(feed: Any, running: Thread, began: bool) -> None:
    """End the actor ``feed``, the thread that reads what comes of it, and the connection if it ``began`` for this."""
    import ray

    _log_from(logging.CRITICAL)  # a dataset that ends early says so at length
    with suppress(Exception):  # it may be lost already
        ray.kill(feed)
    running.join(_PATIENCE)
    if began:
        ray.shutdown()
        running.join(_PATIENCE)


def describe_loss(error: BaseException) -> BaseException:
    """``error`` as users are told it, if it is Ray's."""
    from ray.exceptions import RayError

    if not isinstance(error, RayError):
        return error
    return ModelHubError(f"Ray has ended the job: {_describe(error)}")
