"""The settings of a gateway, which cross to its workers."""

from __future__ import annotations

from modelhub.records import Record

GRACE = 30.0


class Settings(Record):
    """What is served, where, and to whom.

    ``source`` is what a registry takes, ``keys`` the file of the callers, None for no keys. With ``watch``, changed
    files are read by themselves. Answers under way have ``grace`` seconds to end when the server is to stop. Each
    worker first imports ``modules``.
    """

    source: str | list[str]
    profile: str | None = None
    allow_python: bool = False
    host: str = "127.0.0.1"
    port: int = 4000
    workers: int = 1
    keys: str | None = None
    watch: bool = False
    grace: float = GRACE
    modules: tuple[str, ...] = ()
