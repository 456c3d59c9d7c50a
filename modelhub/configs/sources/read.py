"""Reads the text of a config file as documents, and collects every fault."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from modelhub.configs.layers.find_entries import Found, find_entries
from modelhub.configs.layers.programs import OtherProgram, find_program, find_variables
from modelhub.configs.readers.document import Document, build_problem
from modelhub.configs.readers.json_types import copy_plain
from modelhub.configs.readers.positions import Lines, Parsed, TextFault
from modelhub.configs.sources.files import Unreadable, decode, find_format, read_file
from modelhub.errors import Problem

_MOST = 1_000_000  # bytes; no text that is longer and cannot be read is looked at again
# Strings, and what JSON with comments has besides JSON.
_LENIENT = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=\s*[}\]])', re.DOTALL)


def read_text(text: bytes, *, name: str, format: str) -> Iterator[Found]:
    """Read the configs and declarations in text in the format "yaml", "json" or "toml", and its faults as problems.

    What is wrong with a text that is another program's is of no interest. Raises ValueError for another format.
    """
    found: list[Found] = []
    for item in read_documents(text, name=name, format=format):
        found += find_entries(item, item.data) if isinstance(item, Document) else [item]
    problems = [item for item in found if isinstance(item, Problem)]
    if problems and len(problems) == len(found):
        is_broken = any(problem.code == "MH101" for problem in problems)
        other = find_other(text, name=name, formats=("json", "yaml", "toml") if is_broken else ())
        found = [other] if other else found
    is_other = any(isinstance(item, OtherProgram) for item in found)
    return iter([item for item in found if not (is_other and isinstance(item, Problem))])


def read_path(name: str) -> Iterator[Found]:
    """Read what the file ``name`` holds; raises Unreadable."""
    try:
        format = find_format(name)
    except Unreadable:
        with suppress(Unreadable):
            if other := find_other(read_file(name, max_bytes=_MOST), name=name, formats=("json", "yaml", "toml")):
                return iter([other])
        raise
    return read_text(read_file(name), name=name, format=format)


def find_other(text: bytes, *, name: str, formats: Iterable[str]) -> OtherProgram | None:
    """Recognise the text of another program: variables of the environment, or JSON with comments, YAML or TOML."""
    try:
        decoded = decode(text[:_MOST])
    except TextFault:
        return None
    if len(text) > _MOST:
        return None
    if found := find_variables(decoded, name):
        return found
    for format in formats:
        lenient = _LENIENT.sub(_keep_text, decoded) if format == "json" else decoded
        for item in read_documents(lenient.encode(), name=name, format=format):
            if isinstance(item, Document) and (other := find_program(item, item.data)):
                return other
    return None


def _keep_text(match: re.Match[str]) -> str:
    """Blanks in place of a comment or of a comma before a closing bracket; strings stay."""
    return match[0] if match[0].startswith('"') else re.sub(r"[^\n]", " ", match[0])


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
            yield from _read_parsed(parsed, name, format, lines)
    except TextFault as fault:
        yield build_problem(fault, name, lines)
        is_empty = False
    if is_empty:
        yield Problem("MH106", "the file holds no model config", None, name, 1, 1, 1, 1)


def _read_parsed(parsed: Parsed, name: str, format: str, lines: Lines) -> Iterator[Document | Problem]:
    data, findings = copy_plain(parsed.data)
    document = Document(data, name=name, format=format, lines=lines, find_nodes=parsed.find_nodes)
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
