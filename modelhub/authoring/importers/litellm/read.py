"""Reads a LiteLLM config and the files that it includes, as documents that know the place of each value."""

from __future__ import annotations

import os
from pathlib import Path

from modelhub.configs import Document
from modelhub.configs.sources.files import Unreadable, read_file
from modelhub.configs.sources.read import read_documents
from modelhub.errors import Problem


def read_config(content: bytes, name: str) -> tuple[list[Document], list[Problem]]:
    """Read the text of the config ``name`` and the files that it includes, each once, breadth first as LiteLLM does."""
    documents: list[Document] = []
    problems: list[Problem] = []
    waiting = [(content, name)]
    seen = {os.path.realpath(name)}
    while waiting:
        content, name = waiting.pop(0)
        for found in read_documents(content, name=name, format="yaml"):
            if isinstance(found, Problem):
                problems.append(found)
            elif not isinstance(found.data, dict):
                problems.append(found.problem("MH106", "a LiteLLM config is a mapping with 'model_list'"))
            else:
                documents.append(found)
                _read_included(found, seen, waiting, problems)
    return documents, problems


def _read_included(
    document: Document, seen: set[str], waiting: list[tuple[bytes, str]], problems: list[Problem]
) -> None:
    """Read the files that a document includes; their paths start from the folder of the document."""
    included = document.data.get("include") or []
    if not isinstance(included, list):
        problems.append(document.problem("MH106", "'include' must be a list of paths", ("include",)))
        return
    folder = Path(document.name or "").parent
    for index, value in enumerate(included):
        path = ("include", index)
        if not isinstance(value, str):
            problems.append(document.problem("MH106", "a path to include is text", path))
            continue
        name = str(folder / value)
        real = os.path.realpath(name)
        if real in seen:
            continue
        seen.add(real)
        try:
            waiting.append((read_file(name), name))
        except Unreadable as error:
            problems.append(document.problem("MH303", f"cannot include: {error}", path, hint=error.hint))
