"""What configs come from, and how to see that it has changed without reading it."""

from __future__ import annotations

import os
import stat
from collections.abc import Hashable
from pathlib import Path
from typing import Protocol

from modelhub.configs.sources.folders import SUFFIXES, walk_folder
from modelhub.records import Record


class Source(Protocol):
    """A place that configs come from.

    Whoever reads one asks for its ``fingerprint`` first and hands it to ``Sources.note``: what changes while it is read
    is seen then. Its text goes to ``Sources.add_text``.
    """

    def fingerprint(self) -> Hashable:
        """What tells its version of this moment from all others; None where there is nothing."""
        ...

    def folders(self) -> tuple[str, ...]:
        """The folders where something happens when it changes; empty if it is not on a disk."""
        ...


class Place(Record):
    """A path: a file, a folder with all that is read in it, or nothing yet."""

    name: str

    def fingerprint(self) -> Hashable:
        """Which file it is and when it was written, whatever links lead to it; of a folder, the files in it."""
        try:
            found = Path(self.name).stat()
            if stat.S_ISDIR(found.st_mode):
                return tuple(walk_folder(self.name).names)
        except (OSError, ValueError):
            return None
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def folders(self) -> tuple[str, ...]:
        """The folder itself, or those that the file and what it links to are in."""
        if "\0" in self.name:
            return ()
        if Path(self.name).is_dir():
            return (os.path.realpath(self.name),)
        return (str(Path(self.name).absolute().parent), str(Path(os.path.realpath(self.name)).parent))


class Pattern(Record):
    """A pattern such as ``teams/*.yaml``, seen from a folder; what it matches are places of their own."""

    value: str
    folder: str

    def fingerprint(self) -> Hashable:
        """The files that it matches."""
        return tuple(self.match())

    def match(self) -> list[str]:
        """The config files that it matches, sorted."""
        from glob import glob

        names = sorted(glob(self.value, root_dir=self.folder or os.curdir, recursive=True))  # noqa: PTH207 (Path's has no root)
        paths = [Path(self.folder, name) for name in names if Path(name).suffix.lower() in SUFFIXES]
        return [str(path) for path in paths if path.is_file()]

    def folders(self) -> tuple[str, ...]:
        """The folder that it is seen from."""
        return (os.path.realpath(self.folder or os.curdir),)
