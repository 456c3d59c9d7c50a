"""Reads a file that sets variables of the environment as a document that knows the place of each."""

from __future__ import annotations

import re

from modelhub.configs import Document
from modelhub.configs.readers.positions import Lines, Node

_LINE = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*"""
    r"""(?:"(?P<double>[^"\r\n]*)"|'(?P<single>[^'\r\n]*)'|(?P<bare>[^\r\n]*?))[ \t]*(?:(?<=[ \t"'])\#[^\r\n]*)?$""",
    re.MULTILINE,
)


def read_dotenv(text: str, name: str) -> Document:
    """The variables that ``text`` sets, each a text; lines that set none are passed over."""
    data: dict[str, str] = {}
    places: dict[str, Node] = {}
    root = Node(0, len(text), places)
    for match in _LINE.finditer(text):
        group = next(each for each in ("double", "single", "bare") if match[each] is not None)
        data[match["name"]] = match[group]
        places[match["name"]] = Node(*match.span(group))
        root.keys[match["name"]] = match.span("name")
    return Document(data, name=name, lines=Lines(text), find_nodes=lambda: root, root=root)
