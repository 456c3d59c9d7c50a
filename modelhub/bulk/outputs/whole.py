"""A file that takes its place when it is whole; until then, what was there before stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_BUFFER = 1 << 16


@contextmanager
def whole(path: Path) -> Iterator[BinaryIO]:
    """A file to write to, beside ``path``, that is put in the place of it at the end; raises OSError."""
    path = path.resolve()  # the file that a link leads to, not the link
    spare = path.with_name(f"{path.name}.new")
    try:
        with spare.open("wb", _BUFFER) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        spare.replace(path)
    except BaseException:
        spare.unlink(missing_ok=True)
        raise
