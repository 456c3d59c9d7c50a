"""A cluster of Ray on this machine, one for all tests."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="session")
def ray_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the cluster; this process is connected to it, and those that it starts find it."""
    import ray

    os.environ["BULK_KEY"] = "sk-1"  # where the actors are
    with contextlib.chdir(tmp_path_factory.mktemp("cluster")):  # actors import what is in the folder it is begun from
        ray.init("local", num_cpus=4, include_dashboard=False, object_store_memory=80_000_000, log_to_driver=False)
    address: str = ray.get_runtime_context().gcs_address
    before = {name: os.environ.get(name) for name in ("RAY_ADDRESS", "RAY_AUTH_MODE")}
    os.environ |= {"RAY_ADDRESS": address, "RAY_AUTH_MODE": "token"}
    yield address
    for name, value in before.items():
        os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    ray.shutdown()
