"""A new package of the user's own that brings a model_type: its files, filled in with the name."""

from __future__ import annotations

import keyword
import re
from collections.abc import Collection, Iterator
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Final, Literal

from modelhub.errors import PluginError
from modelhub.foreign import DISTRIBUTION

Kind = Literal["wrapper", "adapter"]
LONGEST: Final = 40  # characters of a name
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_END = ".txt"  # of each file of the skeleton: it is no code before it is filled in


class _Skeleton(Template):
    """A file with ``@@{word}`` where something is filled in: braces and dollars are in most of them."""

    delimiter = "@@"
    idpattern = r"(?a:[A-Za-z]+)"


def find_objection(name: str, model_types: Collection[str]) -> str | None:
    """Why no package can be made for a name; ``model_types`` are those that modelhub has itself."""
    if keyword.iskeyword(name):
        return f"{name!r} is a word of Python itself; choose another name"
    if not _NAME.fullmatch(name) or not name.strip("_"):
        return f"{name!r} is no name for a package in Python: write small letters, digits and _, such as 'acme'"
    if len(name) > LONGEST:
        return f"a name of {len(name)} characters is too long: {LONGEST} are enough"
    if f"{name}_chat" in model_types:
        return f"modelhub has the model_type '{name}_chat' itself; choose another name"
    return None


def build_package(name: str, kind: Kind) -> tuple[str, dict[str, str]]:
    """The folder of a new package and its files, by their paths in it; their model_type is ``<name>_chat``."""
    bare = name.strip("_")
    words = {
        "name": name,
        "Name": " ".join(word.capitalize() for word in bare.split("_") if word),
        "NAME": bare.upper(),
        "host": "-".join(filter(None, bare.split("_"))),
        "dist": f"modelhub-{'-'.join(filter(None, bare.split('_')))}",
        "package": f"modelhub_{name}",
        "type": f"{name}_chat",
        "Chat": f"{''.join(word.capitalize() for word in bare.split('_'))}Chat",
        "Class": f"{''.join(word.capitalize() for word in bare.split('_'))}ChatWrapper",
        "version": version(DISTRIBUTION),
    }
    root = files("modelhub.authoring") / "skeleton"
    found = {path: text for folder in ("both", kind) for path, text in _read(root / folder)}
    return words["dist"], {_name(path, words): _Skeleton(text).substitute(words) for path, text in found.items()}


def write_package(folder: Path, package: dict[str, str]) -> None:
    """Write the files of a package into ``folder``, which must be new; a failure leaves nothing behind."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise PluginError(f"{folder} exists; nothing was written") from None
    try:
        for path, text in package.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, "utf-8", newline="\n")
    except OSError:
        import shutil

        shutil.rmtree(folder, ignore_errors=True)
        raise


def _read(folder: Traversable, before: str = "") -> Iterator[tuple[str, str]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _read(each, f"{before}{each.name}/")
        elif each.name.endswith(_END):
            yield f"{before}{each.name.removesuffix(_END)}", each.read_text("utf-8")


def _name(path: str, words: dict[str, str]) -> str:
    """Where a file of the skeleton goes: some are named after the package or its model_type."""
    steps = []
    for step in path.split("/"):
        stem, dot, end = step.removeprefix("dot.").partition(".")
        if step == "package":
            stem = words["package"]
        elif stem in ("type", "test_type"):
            stem = stem.replace("type", words["type"])
        steps.append(f"{'.' if step.startswith('dot.') else ''}{stem}{dot}{end}")
    return "/".join(steps)
