"""A file that one process at a time holds; when that process ends, however it does, the system lets go of it."""

from __future__ import annotations

import os
import sys
from pathlib import Path


class Hold:
    """A file that this process holds."""

    def __init__(self, file: int) -> None:
        self._file = file

    def release(self) -> None:
        """Let go of it."""
        os.close(self._file)


def hold(path: Path) -> Hold | None:
    """Hold the file ``path``, made if it is not there; None if another process has it. Raises OSError."""
    while True:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if not _lock(file):
                os.close(file)
                return None
            if _is_same(file, path):
                return Hold(file)
        except BaseException:
            os.close(file)
            raise
        os.close(file)  # whoever held it has removed it meanwhile


def _lock(file: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _is_same(file: int, path: Path) -> bool:
    try:
        return os.fstat(file).st_ino == path.stat().st_ino
    except FileNotFoundError:
        return False
