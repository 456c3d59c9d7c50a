"""Configs behind addresses such as ``https://host/models.yaml``: what of a text that comes from elsewhere is read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from modelhub.configs.layers.declarations import Include
from modelhub.configs.layers.find_entries import Found, find_entries
from modelhub.configs.readers.allowance import Allowance
from modelhub.configs.readers.document import Document
from modelhub.configs.readers.positions import Path
from modelhub.configs.sources.folders import FORMATS
from modelhub.configs.sources.read import read_documents
from modelhub.errors import Problem
from modelhub.secrets.references import parse_pieces

_ELSEWHERE = "what comes from an address has no folder"


def is_address(text: str) -> bool:
    """Whether a text is meant to be an address, and no path."""
    if "://" not in text:
        return False
    from modelhub.centres.parsing import is_address as is_one  # most programs read files alone

    return is_one(text)


def show(text: str) -> str:
    """A path as it is, an address without credentials."""
    if not is_address(text):
        return text
    from modelhub.centres.parsing import show as show_address

    return show_address(text)


def find_format_of(path: str, given: str | None, text: bytes) -> str:
    """The format of a text: the one that is given, else that of the suffix, else what the text looks like."""
    format = given or FORMATS.get(PurePosixPath(path).suffix.lower())
    if format is None:
        from modelhub.configs.sources.guess import guess_format

        format = guess_format(text)
    return format


def read_remote(text: bytes, name: str, format: str, allowance: Allowance) -> Iterator[Found]:
    """Read the configs and declarations in a text that comes from elsewhere, where relative paths mean nothing."""
    for item in read_documents(text, name=name, format=format, allowance=allowance):
        if isinstance(item, Document):
            yield from find_relative(item)
            yield from find_entries(item, item.data)
        else:
            yield item


def find_relative(document: Document) -> Iterator[Problem]:
    """A problem for each relative path in ``${file:...}`` and ``tls``."""
    waiting: list[tuple[Path, Any]] = [((), document.data)]
    seen: set[int] = set()
    while waiting:
        path, node = waiting.pop()
        if isinstance(node, dict | list):
            if id(node) in seen:
                continue
            seen.add(id(node))
            steps = node.items() if isinstance(node, dict) else enumerate(node)
            waiting += [((*path, step), item) for step, item in reversed(list(steps))]
        elif isinstance(node, str) and (relative := _find_relative(path, node)) is not None:
            hint = f"{_ELSEWHERE}: write a path that begins with / or ~"
            yield document.problem("MH302", f"the path '{relative}' is relative", path, hint=hint)


def refuse_include(include: Include) -> Problem | None:
    """The problem of an ``include`` that stands in a text from elsewhere, or that names an address."""
    if include.document.name is not None and is_address(include.document.name):
        return include.problem("MH303", "cannot include files", f"{_ELSEWHERE}: name each source in model_configs")
    if is_address(include.value):
        return include.problem("MH303", "cannot include an address", "name it in model_configs, beside the file")
    return None


def _find_relative(path: Path, text: str) -> str | None:
    for piece in parse_pieces(text):
        if piece.kind == "reference" and piece.scheme == "file" and not _is_absolute(piece.name):
            return piece.name
    is_path = tuple(path[-2:-1]) == ("tls",) and path[-1] in ("ca", "cert", "key")
    if is_path and text and not _is_absolute(text) and not parse_pieces(text)[0].is_braced:
        return text
    return None


def _is_absolute(name: str) -> bool:
    return name.startswith(("/", "~", "\\")) or name[1:3] in (":/", ":\\")
