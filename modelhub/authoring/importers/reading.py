"""Reads a config of another program, whatever the file is called, and finds out which program's it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from modelhub.authoring.importers.dotenv import read_dotenv
from modelhub.authoring.importers.engine import Check, Imported, import_models
from modelhub.authoring.importers.table import PROGRAMS
from modelhub.configs import Document
from modelhub.configs.layers.programs import OtherProgram, find_program, find_variables
from modelhub.configs.readers.positions import TextFault
from modelhub.configs.sources.files import decode
from modelhub.configs.sources.folders import FORMATS
from modelhub.configs.sources.guess import guess_format
from modelhub.configs.sources.read import read_documents
from modelhub.errors import Problem

_UNKNOWN = "it is not known which program's config this is"


class Unconverted(Exception):
    """A text of which nothing can be converted; ``problems`` say why."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__()
        self.problems = problems


class _Read(NamedTuple):
    documents: list[Document]
    problems: list[Problem]

    @property
    def errors(self) -> list[Problem]:
        return [problem for problem in self.problems if problem.severity == "error"]


def import_text(
    content: bytes, name: str, check: Check, program: str | None = None, *, routes: bool = False
) -> Imported:
    """Convert the text of the file ``name``, which is ``program``'s, or whose it is by its content.

    ``check`` says what is wrong with model configs. With ``routes``, LiteLLM's groups become routers and fallbacks.
    Raises Unconverted.
    """
    if program == "litellm":
        return _import_litellm(content, name, check, routes)
    documents = _read_variables(content, name, program) or _read(content, name)
    program = program or _recognise(documents, name)
    if program == "litellm":
        return _import_litellm(content, name, check, routes)
    return import_models(documents, import_module(PROGRAMS[program].module).find_models, check)


def _import_litellm(content: bytes, name: str, check: Check, routes: bool) -> Imported:
    """LiteLLM's configs include others, and have settings for all models."""
    from modelhub.authoring.importers.litellm import import_litellm, read_config

    documents, problems = read_config(content, name)
    if any(problem.severity == "error" for problem in problems):
        raise Unconverted(problems)
    return import_litellm(documents, check, routes=routes)


def _read_variables(content: bytes, name: str, program: str | None) -> list[Document]:
    """The one document of a file of variables; nothing for any other text, or where no model is in it."""
    try:
        text = decode(content)
    except TextFault:
        return []
    found = find_variables(text, name)
    if found is None:
        return []
    if not (found.importer and program in (None, found.importer)):
        raise Unconverted([found.problem])
    return [read_dotenv(text, name)]


def _read(content: bytes, name: str) -> list[Document]:
    """The documents in a text, in the first format that it can be."""
    tried: dict[str, _Read] = {}
    for format in _list_formats(content, name):
        found = list(read_documents(content, name=name, format=format))
        documents = [each for each in found if isinstance(each, Document) and isinstance(each.data, dict | list)]
        tried[format] = _Read(documents, [each for each in found if isinstance(each, Problem)])
        if documents and not tried[format].errors:
            return documents
    first = next(iter(tried.values()))
    raise Unconverted(first.errors or [Problem("MH106", _UNKNOWN, _build_hint(), name, 1, 1, 1, 1)])


def _list_formats(content: bytes, name: str) -> Iterator[str]:
    """The formats to try; the faults that are told are those of the first."""
    guessed = guess_format(content)
    suffix = FORMATS.get(Path(name).suffix.lower())
    first = guessed if suffix is None or guessed != "yaml" else suffix
    first = "jsonc" if first == "json" else first
    yield from dict.fromkeys((first, guessed, "jsonc", "yaml", "toml"))


def _recognise(documents: list[Document], name: str) -> str:
    found: OtherProgram | None = None
    if documents[0].format is None:
        return "aider"
    for document in documents:
        found = found or find_program(document, document.data)
    if found and found.importer:
        return found.importer
    if found and found.name:
        message = found.problem.message.replace("which is not for modelhub", "which has no importer")
        raise Unconverted([replace(found.problem, message=message)])
    data = documents[0].data
    listed = data if isinstance(data, list) else [data]
    if any(isinstance(each, dict) and ("config_name" in each or "models" in each) for each in listed):
        hint = f"if it is modelhub's own, nothing needs to be done; else, {_build_hint()}"
        raise Unconverted([documents[0].problem("MH106", _UNKNOWN, hint=hint)])
    raise Unconverted([documents[0].problem("MH106", _UNKNOWN, hint=_build_hint())])


def _build_hint() -> str:
    return f"`modelhub import PROGRAM FILE` takes one of {', '.join(PROGRAMS)}"
