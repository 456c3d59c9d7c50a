"""The last good text of each centre, kept on disk for a start while the centre is out of reach."""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from modelhub.centres.answers import MAX_BYTES


class Copy(NamedTuple):
    """A text that was in use, and when it was kept, in seconds since 1970."""

    content: bytes
    saved: float


def find_path(written: str) -> Path | None:
    """Where the copy for an address, as it is written, is kept; None where there is no home folder."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    try:
        folder = Path(named) if Path(named).is_absolute() else Path.home() / ".cache"
    except RuntimeError:
        return None
    return folder / "modelhub" / f"{sha256(written.encode('utf-8', 'surrogatepass')).hexdigest()}.copy"


def build_copy(content: bytes, now: float) -> bytes:
    """The file of a copy: a line that says what must follow, and the text as it came, whose references stay."""
    head = {"modelhub": 1, "saved": round(now, 3), "sha256": sha256(content).hexdigest()}
    return json.dumps(head).encode() + b"\n" + content


def parse_copy(data: bytes) -> Copy | None:
    """The copy in a file; None if it is broken."""
    head, _, content = data.partition(b"\n")
    try:
        facts = json.loads(head)
        if facts["modelhub"] == 1 and facts["sha256"] == sha256(content).hexdigest():
            return Copy(content, float(facts["saved"]))
    except (ValueError, TypeError, LookupError):
        pass
    return None


def read_copy(written: str) -> Copy | None:
    """The copy for an address; None if there is none that is whole."""
    path = find_path(written)
    try:
        if path is None or not path.is_file():
            return None
        with path.open("rb") as file:
            return parse_copy(file.read(MAX_BYTES + 4096))
    except OSError:
        return None


def write_copy(written: str, content: bytes, now: float) -> None:
    """Keep a copy, which nobody else may read; it appears whole or not at all. Raises OSError."""
    path = find_path(written)
    if path is None:
        raise OSError("there is no home folder")
    path.parent.parent.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with suppress(OSError):
        path.parent.chmod(0o700)  # it may have been made by somebody who was less careful
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".tmp")  # with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(build_copy(content, now))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def describe_age(seconds: float) -> str:
    """How old something is, in words."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= size or size == 1:
            count = max(0, int(seconds // size))
            return f"{count} {name}{'' if count == 1 else 's'}"
    return ""
