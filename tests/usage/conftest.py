"""Databases of every kind for the tests of usage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ..model_servers.chosen import needs
from ..model_servers.postgres_server import run_postgres


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL."""
    with run_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=needs("postgres"))])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The text of a store of usage in which nothing was kept yet."""
    if request.param == "sqlite":
        return str(tmp_path / "data" / "usage.db")
    import psycopg

    url: str = request.getfixturevalue("postgres")
    with psycopg.connect(url) as base:
        base.execute("DROP SCHEMA IF EXISTS modelhub CASCADE")
    return url
