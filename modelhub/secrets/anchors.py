"""The paths in a config, as seen from the folder of the file that says them."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modelhub.secrets.references import Piece, parse_pieces


def anchor_files(value: Any, folder: str) -> None:
    """Make absolute, in ``value`` itself, names in ``${file:...}`` and paths of ``tls``, seen from ``folder``."""
    waiting, seen = [value], set[int]()
    while waiting:  # there is no recursion, since files may nest deeply
        node = waiting.pop()
        if not isinstance(node, (dict, list)) or id(node) in seen:
            continue
        seen.add(id(node))
        for key, item in node.items() if isinstance(node, dict) else enumerate(node):
            if not isinstance(item, str):
                waiting.append(item)
                if key == "tls" and isinstance(item, dict):
                    item.update(anchor_paths(item, folder))
            elif "${file:" in item:
                node[key] = "".join(_anchor(piece, folder) for piece in parse_pieces(item))


def anchor_paths(tls: Mapping[str, Any], folder: str) -> dict[str, str]:
    """The paths of a ``tls`` as seen from ``folder``, without those that begin with a reference or a home folder."""
    start = str(Path(folder).absolute()).replace("${", "$${") if folder else ""
    given = {key: tls.get(key) for key in ("ca", "cert", "key")}
    return {
        key: os.path.join(start, path)  # noqa: PTH118
        for key, path in given.items()
        if isinstance(path, str) and path and not path.startswith("~") and not parse_pieces(path)[0].is_braced
    }


def _anchor(piece: Piece, folder: str) -> str:
    if piece.kind != "reference" or piece.scheme != "file" or not piece.name or piece.name.startswith("~"):
        return piece.text
    return f"${{file:{Path(folder, piece.name).absolute()}}}"
