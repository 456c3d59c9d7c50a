"""The folder beside an output in which a job's work lies until it is whole, so that a job that was killed goes on."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelhub.bulk.holding import Hold, hold
from modelhub.bulk.log import Log
from modelhub.errors import ModelHubError
from modelhub.wire.exact import read_json, write_json

VERSION = 1  # of what is in the folder
SPOOLED = "stdin.jsonl"
"""The file of the folder that has what was read from standard input."""
_IDENTITY, _SPARE = "identity.json", "identity.new"
_OWN = ("lock", SPOOLED, _SPARE)  # what may be in a folder whose job was not begun


class RefusedError(ModelHubError):
    """The folder belongs to another job, or another process works in it; or there is nothing to go on from."""


class Partial:
    """The work of one job, which this process alone has.

    ``folder`` holds ``identity.json``, which tells the job from others, the ``log`` of its answers, and what an engine
    keeps itself. It is closed at the end of a ``with``, and kept unless ``remove`` was called.
    """

    def __init__(self, folder: Path, *, resume: bool = False, restart: bool = False) -> None:
        """Hold the folder, which is made if it is not there; ``settle`` opens what is in it.

        With ``resume`` there must be something to go on from; with ``restart`` what there is is thrown away. Raises
        RefusedError, also where another process has it, and OSError.
        """
        self.folder = folder
        self._log: Log | None = None
        if resume and not has_begun(folder):
            raise RefusedError(f"there is nothing to go on from: there is no {folder}; leave --resume out to begin")
        folder.mkdir(exist_ok=True)
        self._hold: Hold | None = hold(folder / _OWN[0])
        if self._hold is None:
            raise RefusedError(f"another process is at work on {folder}; wait for it, or stop it")
        try:
            self._claim(restart)
        except BaseException:
            self._hold.release()
            raise

    @property
    def log(self) -> Log:
        """The log of its answers, once it is settled."""
        assert self._log is not None
        return self._log

    def settle(self, identity: Mapping[str, Any]) -> bool:
        """Go on if the identity is that of the job in the folder, else begin if there is none; whether it is new.

        Raises RefusedError, which names what differs, and OSError.
        """
        is_new = self._compare({"version": VERSION, **identity})
        self._log = Log(self.folder)
        return is_new

    def _claim(self, restart: bool) -> None:
        """Throw away what a job that is not to go on has left; raises RefusedError for a folder of another kind."""
        left = [path for path in self.folder.iterdir() if path.name not in _OWN]
        if left and not has_begun(self.folder):
            raise RefusedError(f"{self.folder} is no work of a job: move it away, or choose another output")
        for path in sorted(left, key=lambda path: path.name == _IDENTITY) if restart else ():
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _compare(self, identity: dict[str, Any]) -> bool:
        path = self.folder / _IDENTITY
        identity = read_json(write_json(identity))
        try:
            before = read_json(path.read_bytes())
        except FileNotFoundError:
            spare = self.folder / _SPARE
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

    def remove(self) -> None:
        """Throw the work away, and the folder, at once: half of it must not be left, nor another process find it."""
        self._close_log()
        if os.name == "nt":
            self.close()  # a folder with open files cannot be renamed there
        spent = self.folder.with_name(f"{self.folder.name}.done")
        shutil.rmtree(spent, ignore_errors=True)
        self.folder.rename(spent)
        self._release()
        shutil.rmtree(spent, ignore_errors=True)

    def close(self) -> None:
        """Let go of the folder; it is removed if no job was begun in it."""
        try:
            self._close_log()
            if self._hold is not None and not has_begun(self.folder):
                shutil.rmtree(self.folder, ignore_errors=True)
        finally:
            self._release()

    def _close_log(self) -> None:
        log, self._log = self._log, None
        if log is not None:
            log.close()

    def _release(self) -> None:
        held, self._hold = self._hold, None
        if held is not None:
            held.release()

    def __enter__(self) -> Partial:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def has_begun(folder: Path) -> bool:
    """Whether there is a job in ``folder`` to go on from."""
    return (folder / _IDENTITY).is_file()


def describe_difference(name: str, before: Any, now: Any) -> str:
    """What differs between two identities, as a person would say it."""
    if isinstance(before, dict) and isinstance(now, dict):
        parts = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        return "; ".join(describe_difference(f"{name} {key}", before.get(key), now.get(key)) for key in parts)
    shown = [write_json(value).decode() if value is not None else "nothing" for value in (before, now)]
    return f"its {name} was {shown[0]}, and is now {shown[1]}"
