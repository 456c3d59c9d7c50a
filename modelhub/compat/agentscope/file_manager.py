"""The files of a run: the part of AgentScope's ``FileManager`` that records of calls need."""

from __future__ import annotations

import json
import logging
import os
import random
import string
import tempfile
from pathlib import Path
from typing import Any

from modelhub.compat.agentscope.scope import refuse
from modelhub.secrets import redact
from modelhub.telemetry.invocations import Invocation

_LOGGER = logging.getLogger("modelhub")
_STATE = ("save_log", "save_code", "save_api_invoke", "base_dir", "run_dir", "cache_dir")


class FileManager:
    """The folder of a run, made when the first file is written; records of calls go to its folder ``invoke``."""

    def __init__(self) -> None:
        self.flush()

    @staticmethod
    def get_instance() -> FileManager:
        """The only object of this class."""
        return file_manager

    def initialize(
        self,
        run_dir: str | None,
        save_log: bool = False,
        save_code: bool = False,
        save_api_invoke: bool = False,
        cache_dir: str | None = None,
    ) -> None:
        """Set where files go; ``save_log`` and ``save_code`` are only remembered, they have no effect."""
        self.run_dir = run_dir
        self.cache_dir = cache_dir
        self.save_log = save_log
        self.save_code = save_code
        self.save_api_invoke = save_api_invoke

    @property
    def file_dir(self) -> str:
        """The folder for the program's own files."""
        return self._make("file")

    @property
    def invoke_dir(self) -> str:
        """The folder for the records of calls."""
        return self._make("invoke")

    def save_api_invocation(self, prefix: str, record: dict[str, Any]) -> str | None:
        """Write one record, without secrets; returns the name of its file, or None if no file was written."""
        if not self.save_api_invoke:
            return None
        try:
            text = json.dumps(redact(record), indent=4, ensure_ascii=False, default=str)
            return write_new(Path(self.invoke_dir), prefix, text)
        except (OSError, TypeError, ValueError) as error:
            _LOGGER.warning("the record of a call cannot be saved: %s", error)
            return None

    def save_invocation(self, invocation: Invocation) -> None:
        """The observer that writes the records."""
        name = type(invocation.model).__name__
        record = {
            "model_class": name,
            "timestamp": invocation.timestamp,
            "arguments": invocation.arguments,
            "response": invocation.response,
            "usage": invocation.usage,
        }
        self.save_api_invocation(f"model_{name}_{invocation.timestamp}", record)

    def state_dict(self) -> dict[str, Any]:
        """The settings."""
        return {name: getattr(self, name) for name in _STATE}

    def load_dict(self, data: dict[str, Any]) -> None:
        """Set the settings to those that ``state_dict`` returned."""
        for name in _STATE:
            setattr(self, name, data[name])

    def flush(self) -> None:
        """Save nothing from now on."""
        self.base_dir: str | None = None
        self.initialize(None)

    def _make(self, name: str) -> str:
        if self.run_dir is None:
            return "./"
        path = os.path.join(self.run_dir, name)  # noqa: PTH118  what callers get is a str, as in AgentScope
        Path(path).mkdir(parents=True, exist_ok=True)
        return path


def write_new(folder: Path, prefix: str, text: str) -> str:
    """Write ``text`` as ``<prefix>_<6 letters or digits>.json``, under a name that no file has; returns the name."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=folder, suffix=".part", delete=False) as file:
        file.write(text)
    part = Path(file.name)
    try:
        while True:
            name = f"{prefix}_{''.join(random.choices(string.ascii_letters + string.digits, k=6))}.json"
            try:
                (folder / name).hardlink_to(part)
            except FileExistsError:
                continue
            return name
    finally:
        part.unlink()


file_manager = FileManager()

__getattr__ = refuse("agentscope.file_manager")
