"""The databases that usage may be kept in: a file on this machine, or PostgreSQL for several."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import unquote, urlsplit

from modelhub.errors import PluginError
from modelhub.printable import printable, shorten
from modelhub.stores.address import Address, parse_address
from modelhub.stores.sqlite_file import Connection
from modelhub.stores.usage_database import LAYOUT, PATIENCE, find_address, open_usage

T = TypeVar("T")
POSTGRES = ("postgresql", "postgres")
_HASTE = 0.05  # seconds to wait for a file that was locked before
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_FORMS = "the path of a file, or postgresql://user@host/database"


class Database(Protocol):
    """A database with the tables of usage; ``quarters`` is the SQL for the quarter of an hour that ``time`` is in."""

    quarters: str

    def use(self, work: Callable[[Any], T], *, hurry: bool = False) -> T:
        """What ``work`` returns, which is given what executes SQL with ``?``; raises what the database raises.

        It is waited for within bounds, and with ``hurry`` as shortly as can be.
        """
        ...

    def exists(self) -> bool:
        """Whether anything was ever kept."""
        ...

    def close(self) -> None:
        """Let go of it; using it opens it again."""


class UsageFile:
    """The database in a file, which is made when something is first kept."""

    quarters = "CAST(time / 900 AS INTEGER)"

    def __init__(self, path: str, patience: float = PATIENCE) -> None:
        self._path = path
        self._patient = open_usage(path) if patience == PATIENCE else Connection(path, LAYOUT, patience)
        self._hasty = Connection(path, LAYOUT, _HASTE)

    def use(self, work: Callable[[Any], T], *, hurry: bool = False) -> T:
        """What ``work`` returns; raises sqlite3.Error and OSError."""
        return (self._hasty if hurry else self._patient).use(work)

    def exists(self) -> bool:
        """Whether there is a file."""
        return Path(self._path).exists()

    def close(self) -> None:
        """Close the file."""
        self._patient.close()
        self._hasty.close()


def parse_usage(text: str | None = None) -> Address:
    """The address of the database that ``text`` names; without one that of $MODELHUB_USAGE, or the usual one.

    Raises ValueError, which says what is wrong with it and shows no password.
    """
    text = (find_address() if text is None else text).strip()
    scheme = text.partition(":")[0].lower()
    if scheme in POSTGRES:
        return _parse_postgres(text)
    if scheme != "sqlite" and _SCHEME.match(text):
        raise ValueError(f"usage cannot be kept in {shorten(printable(scheme), 60)!r}: write {_FORMS}")
    return parse_address(text if scheme == "sqlite" else f"sqlite:{text}")


def open_database(address: Address, patience: float = PATIENCE) -> Database:
    """The database at ``address``; it connects when it is first used. Raises PluginError where its library is missing.

    ``patience`` is how many seconds its use is waited for.
    """
    if address.scheme == "sqlite":
        return UsageFile(address.place, patience)
    from importlib.util import find_spec

    if find_spec("psycopg") is None:  # importing it takes a while
        how = "pip install 'psycopg[binary]'"
        raise PluginError(f"the usage store {address.shown} needs the library psycopg: {how}")
    from modelhub.stores.postgres import PostgresDatabase

    return PostgresDatabase(address.place, patience)


def _parse_postgres(text: str) -> Address:
    example = "postgresql://user@host:5432/database"
    host, port, password = "", 0, None
    try:
        url = urlsplit(text)
        host, port, password = url.hostname or "localhost", url.port or 5432, url.password
    except ValueError:  # its message may quote a password
        url = None
    if url is None or not text.partition(":")[2].startswith("//") or "@" in f"{url.path}{url.fragment}":
        raise ValueError(
            f"the address of the usage store cannot be read: write it as {example}; in a password write / as %2F,"
            " ? as %3F, # as %23, @ as %40"
        )
    name = f"[{host}]" if ":" in host else host
    shown = f"postgresql://{printable(name)}:{port}/{printable(url.path.strip('/'))}"
    secrets = dict.fromkeys(
        filter(None, (password, unquote(password or ""), *re.findall(r"password=([^&]+)", url.query)))
    )
    return Address("postgresql", text, shown, tuple(secrets))
