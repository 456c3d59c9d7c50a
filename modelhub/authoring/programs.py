"""Programs to start from, each with its config: they are written out of the package, and overwrite nothing."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from modelhub.errors import ModelHubError

_CONFIG = "models.yaml"
PROGRAMS: Final = {  # by name: the program, and what it needs beside the config
    "agent": ("react_agent.py",),
    "chat": ("chat.py",),
    "classify": ("classify.py", "tickets.jsonl"),
    "fastapi": ("web.py",),
    "search": ("search.py", "texts"),
    "vision": ("vision.py", "picture.png"),
}


def build_program(name: str) -> tuple[str, dict[str, bytes]]:
    """The command that runs the program ``name`` in its folder, and its files by their paths in that."""
    root = _find_root()
    found = dict(pair for each in (*PROGRAMS[name], _CONFIG) for pair in _read(root / each, each))
    first = found[PROGRAMS[name][0]].partition(b"\n")[0].decode()
    return first.removeprefix("# "), found


def write_program(folder: Path, program: dict[str, bytes]) -> None:
    """Write the files of a program; those that are there and the same stay.

    Raises ModelHubError, and writes nothing, if another file is in the way, or if the folder cannot be written.
    """
    try:
        new = {folder / path: data for path, data in program.items() if not _is_there(folder / path, data)}
        for path, data in new.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as file:
                file.write(data)
    except OSError as error:
        raise ModelHubError(f"{error.filename or folder} cannot be written: {error.strerror}") from None


def _is_there(path: Path, data: bytes) -> bool:
    """Whether a file is there as it would be written."""
    if not path.exists() and not path.is_symlink():
        return False
    if path.is_file() and path.read_bytes() == data:
        return True
    raise ModelHubError(f"{path} is there already, and nothing was written; choose another folder with -o")


def _find_root() -> Traversable:
    """Where the programs are: in the package, or in the checkout that it is linked to."""
    shipped = files("modelhub.authoring") / "examples"
    return shipped if shipped.is_dir() else Path(__file__).resolve().parents[2] / "scripts" / "examples"


def _read(found: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    if found.is_dir():
        for each in found.iterdir():
            yield from _read(each, f"{path}/{each.name}")
    else:
        yield path, found.read_bytes()
