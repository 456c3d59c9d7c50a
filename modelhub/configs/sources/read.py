"""Reads the text of a config file as documents, and collects every fault."""

from collections.abc import Callable, Iterator

from modelhub.configs.layers.find_entries import Found, find_entries
from modelhub.configs.readers.document import Document, build_problem
from modelhub.configs.readers.json_types import copy_plain
from modelhub.configs.readers.positions import Lines, Parsed, TextFault
from modelhub.configs.sources.files import decode
from modelhub.errors import Problem
from modelhub.secrets import anchor_files


def read_text(text: bytes, *, name: str, format: str, folder: str | None = None) -> Iterator[Found]:
    """Read the configs and declarations in text in the format "yaml", "json" or "toml", and its faults as problems.

    The files that ``${file:...}`` names are seen from ``folder``, without it from the working directory. Raises
    ValueError for another format.
    """
    for item in read_documents(text, name=name, format=format):
        if isinstance(item, Document):
            if folder is not None and b"{file:" in text:
                anchor_files(item.data, folder)
            yield from find_entries(item, item.data)
        else:
            yield item


def read_documents(text: bytes, *, name: str, format: str) -> Iterator[Document | Problem]:
    """Read the documents in a text, whatever they contain, each after its faults; empty documents are left out.

    Raises ValueError for another format than "yaml", "json" or "toml".
    """
    parse = _find_parser(format)
    try:
        decoded = decode(text)
    except TextFault as fault:
        yield build_problem(fault, name, Lines(text.decode(errors="replace").removeprefix("\ufeff")))
        return
    lines = Lines(decoded)
    is_empty = True
    try:
        for parsed in parse(decoded):
            is_empty = is_empty and parsed.data is None and not parsed.faults
            yield from _read_parsed(parsed, name, lines)
    except TextFault as fault:
        yield build_problem(fault, name, lines)
        is_empty = False
    if is_empty:
        yield Problem("MH106", "the file holds no model config", None, name, 1, 1, 1, 1)


def _read_parsed(parsed: Parsed, name: str, lines: Lines) -> Iterator[Document | Problem]:
    data, findings = copy_plain(parsed.data)
    document = Document(data, name=name, lines=lines, find_nodes=parsed.find_nodes)
    yield from (build_problem(fault, name, lines) for fault in parsed.faults)
    yield from (document.problem(each.code, each.message, each.path, hint=each.hint) for each in findings)
    if data is not None:
        yield document


def _find_parser(format: str) -> Callable[[str], Iterator[Parsed]]:
    if format == "yaml":
        from modelhub.configs.readers.yaml_reader import parse_yaml

        return parse_yaml
    if format == "json":
        from modelhub.configs.readers.json_reader import parse_json

        return parse_json
    if format == "toml":
        from modelhub.configs.readers.toml_reader import parse_toml

        return parse_toml
    raise ValueError(f"the format must be yaml, json or toml, not {format!r}")
