"""The database of usage on this machine: where it is, and what is in it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from modelhub.stores.sqlite_file import Connection, Layout

VARIABLE = "MODELHUB_USAGE"
PATIENCE = 0.4  # seconds to wait while another process writes, so that a locked file holds up a call for one at most
LAYOUT = Layout(
    0x6D687573,
    1,
    (
        "CREATE TABLE calls (call_id TEXT PRIMARY KEY, time REAL NOT NULL, config_name TEXT NOT NULL,"
        " model_type TEXT NOT NULL, model TEXT NOT NULL, task TEXT NOT NULL, prompt_tokens INTEGER,"
        " completion_tokens INTEGER, cached_tokens INTEGER, cache_write_tokens INTEGER, images INTEGER, cost REAL,"
        " currency TEXT, error TEXT, seconds REAL NOT NULL, attempts INTEGER NOT NULL, cached INTEGER NOT NULL,"
        " tags TEXT NOT NULL) WITHOUT ROWID",
        "CREATE INDEX calls_by_time ON calls (time)",
        "CREATE TABLE budgets (name TEXT NOT NULL, period TEXT NOT NULL, usd REAL NOT NULL, tokens INTEGER NOT NULL,"
        " PRIMARY KEY (name, period)) WITHOUT ROWID",
    ),
)


def find_address() -> str:
    """Where usage is kept unless something else is said: $MODELHUB_USAGE, or a file in the user's data folder."""
    return os.environ.get(VARIABLE) or f"sqlite:{find_folder() / 'usage.db'}"


def find_folder() -> Path:
    """The folder of this user's data."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData/Local") / "modelhub"
    if sys.platform == "darwin":
        return home / "Library/Application Support/modelhub"
    return Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share") / "modelhub"


def open_usage(path: str) -> Connection:
    """A connection to the database in a file, which is made if there is none."""
    return Connection(path, LAYOUT, PATIENCE)
