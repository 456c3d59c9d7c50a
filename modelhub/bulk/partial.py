"""The folder beside an output in which a job's work lies until it is whole, so that a job that was killed goes on."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelhub.bulk.exact import read_json, write_json
from modelhub.bulk.holding import Hold, hold
from modelhub.bulk.log import Log
from modelhub.errors import ModelHubError

VERSION = 1  # of what is in the folder
SPOOLED = "stdin.jsonl"
"""The file of the folder that has what was read from standard input."""


class RefusedError(ModelHubError):
    """The folder belongs to another job, or another process works in it; or there is nothing to go on from."""


class Partial:
    """The work of one job, which this process alone has.

    ``folder`` holds ``identity.json``, which tells the job from others, the ``log`` of its answers, and what an engine
    keeps itself. It is closed at the end of a ``with``, and kept unless ``remove`` was called.
    """

    log: Log

    def __init__(self, folder: Path, *, resume: bool = False, restart: bool = False) -> None:
        """Hold the folder, which is made if it is not there; ``settle`` opens what is in it.

        With ``resume`` there must be something to go on from; with ``restart`` what there is is thrown away. Raises
        RefusedError, also where another process has it, and OSError.
        """
        self.folder = folder
        if resume and not (folder / "identity.json").exists():
            raise RefusedError(f"there is nothing to go on from: there is no {folder}; leave --resume out to begin")
        folder.mkdir(exist_ok=True)
        self._hold: Hold | None = hold(folder / "lock")
        if self._hold is None:
            raise RefusedError(f"another process is at work on {folder}; wait for it, or stop it")
        if restart:
            self._empty()

    def settle(self, identity: Mapping[str, Any]) -> bool:
        """Go on if the identity is that of the job in the folder, else begin if there is none; whether it is new.

        Raises RefusedError, which names what differs, and OSError.
        """
        is_new = self._compare({"version": VERSION, **identity})
        self.log = Log(self.folder)
        return is_new

    def _compare(self, identity: dict[str, Any]) -> bool:
        path = self.folder / "identity.json"
        identity = read_json(write_json(identity))
        try:
            before = read_json(path.read_bytes())
        except FileNotFoundError:
            self._empty()
            spare = self.folder / "identity.new"
            spare.write_bytes(write_json(identity))
            spare.replace(path)
            return True
        except ValueError as error:
            raise RefusedError(f"{path} cannot be read: {error}; --restart throws {self.folder} away") from None
        if before != identity:
            parts = [name for name in {**before, **identity} if before.get(name) != identity.get(name)]
            told = "; ".join(describe_difference(name, before.get(name), identity.get(name)) for name in parts)
            raise RefusedError(
                f"{self.folder} holds the work of another job: {told}. Give the same again to go on, choose another"
                " output, or throw that work away with --restart"
            )
        return False

    def _empty(self) -> None:
        """Throw away all but what belongs to this process."""
        for path in self.folder.iterdir():
            if path.name not in ("lock", SPOOLED):
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def remove(self) -> None:
        """Throw the work away, and the folder."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def close(self) -> None:
        """Let go of the folder."""
        held, self._hold = self._hold, None
        if held is not None:
            try:
                if hasattr(self, "log"):
                    self.log.close()
            finally:
                held.release()

    def __enter__(self) -> Partial:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def describe_difference(name: str, before: Any, now: Any) -> str:
    """What differs between two identities, as a person would say it."""
    if isinstance(before, dict) and isinstance(now, dict):
        parts = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        return "; ".join(describe_difference(f"{name} {key}", before.get(key), now.get(key)) for key in parts)
    shown = [write_json(value).decode() if value is not None else "nothing" for value in (before, now)]
    return f"its {name} was {shown[0]}, and is now {shown[1]}"
