"""Reads the text of a config file as documents, and collects every fault."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from modelhub.configs.layers.find_entries import Found, find_entries
from modelhub.configs.layers.programs import OtherProgram, find_program, find_variables
from modelhub.configs.readers.allowance import MAX_BYTES, TOO_MANY, Allowance
from modelhub.configs.readers.document import Document, build_problem
from modelhub.configs.readers.json_types import copy_plain
from modelhub.configs.readers.positions import Lines, Parsed, TextFault
from modelhub.configs.sources.files import Unreadable, decode, find_format, read_file
from modelhub.diagnostics import Finding
from modelhub.errors import Problem
from modelhub.secrets import anchor_files

EMPTY = "the file holds no model config"
_MOST = 1_000_000  # bytes; no text that is longer and cannot be read is looked at again


def read_text(
    text: bytes, *, name: str, format: str, allowance: Allowance, folder: str | None = None
) -> Iterator[Found]:
    """Read the configs and declarations in text in one of the formats, and its faults as problems.

    The files that ``${file:...}`` and ``tls`` name are seen from ``folder``, without it from the working directory.
    What is wrong with a text that is another program's is of no interest. Raises ValueError for another format.
    """
    found: list[Found] = []
    for item in read_documents(text, name=name, format=format, allowance=allowance):
        if isinstance(item, Document):
            if folder is not None and (b"{file:" in text or b"tls" in text):
                anchor_files(item.data, folder)
            found += find_entries(item, item.data)
        else:
            found.append(item)
    problems = [item for item in found if isinstance(item, Problem)]
    if problems and len(problems) == len(found):
        is_broken = any(problem.code == "MH101" for problem in problems)
        other = find_other(text, name=name, formats=("jsonc", "yaml", "toml") if is_broken else ())
        found = [other] if other else found
    is_other = any(isinstance(item, OtherProgram) for item in found)
    return iter([item for item in found if not (is_other and isinstance(item, Problem))])


def read_path(name: str, allowance: Allowance, folder: str | None = None, text: bytes | None = None) -> Iterator[Found]:
    """Read what the file ``name`` holds, or ``text`` in its place, as ``read_text`` does; raises Unreadable."""
    try:
        format = find_format(name)
    except Unreadable:
        with suppress(Unreadable):
            if other := find_other(read_file(name, max_bytes=_MOST), name=name, formats=("jsonc", "yaml", "toml")):
                return iter([other])
        raise
    text = read_file(name, max_bytes=MAX_BYTES[format]) if text is None else text
    return read_text(text, name=name, format=format, allowance=allowance, folder=folder)


def find_other(text: bytes, *, name: str, formats: Iterable[str]) -> OtherProgram | None:
    """Recognise the text of another program: variables of the environment, or JSON with comments, YAML or TOML."""
    if len(text) > _MOST:
        return None
    try:
        decoded = decode(text)
    except TextFault:
        return None
    if found := find_variables(decoded, name):
        return found
    for format in formats:
        for item in read_documents(text, name=name, format=format):
            if isinstance(item, Document) and (other := find_program(item, item.data)):
                return other
    return None


def read_documents(
    text: bytes, *, name: str, format: str, allowance: Allowance | None = None
) -> Iterator[Document | Problem]:
    """Read the documents in a text, whatever they contain, each after its faults; empty documents are left out.

    Raises ValueError for another format than "yaml", "json", "jsonc" or "toml".
    """
    allowance = allowance or Allowance()
    parse = _find_parser(format)
    if refusal := allowance.take_text(len(text), format):
        yield Problem("MH101", refusal, "split the configs over several programs, or remove what is none", name)
        return
    try:
        decoded = decode(text)
    except TextFault as fault:
        yield build_problem(fault, name, Lines(text.decode(errors="replace").removeprefix("\ufeff")))
        return
    lines = Lines(decoded)
    is_empty = True
    try:
        for parsed in parse(decoded, allowance):
            is_empty = is_empty and parsed.data is None and not parsed.faults
            yield from _read_parsed(parsed, name, format, lines, allowance)
    except TextFault as fault:
        yield build_problem(fault, name, lines)
        is_empty = False
    if is_empty:
        yield Problem("MH106", EMPTY, None, name, 1, 1, 1, 1)


def _read_parsed(
    parsed: Parsed, name: str, format: str, lines: Lines, allowance: Allowance
) -> Iterator[Document | Problem]:
    data, findings = parsed.data, list[Finding]()
    if parsed.size is None or not allowance.take_values(parsed.size):
        data, findings = copy_plain(parsed.data, allowance)
    if [each.message for each in findings] == [TOO_MANY]:
        yield Problem("MH106", TOO_MANY, None, name, 1, 1, 1, 1)  # to look for its place takes long, too
        return
    document = Document(data, name=name, format=format, lines=lines, find_nodes=parsed.find_nodes, root=parsed.root)
    yield from (build_problem(fault, name, lines) for fault in parsed.faults)
    yield from (document.problem(each.code, each.message, each.path, hint=each.hint) for each in findings)
    if data is not None:
        yield document


def _find_parser(format: str) -> Callable[[str, Allowance], Iterator[Parsed]]:
    if format == "yaml":
        from modelhub.configs.readers.yaml_reader import parse_yaml

        return parse_yaml
    if format == "json":
        from modelhub.configs.readers.json_reader import parse_json

        return lambda text, allowance: parse_json(text)
    if format == "jsonc":
        from modelhub.configs.readers.jsonc_reader import parse_jsonc

        return lambda text, allowance: parse_jsonc(text)
    if format == "toml":
        from modelhub.configs.readers.toml_reader import parse_toml

        return lambda text, allowance: parse_toml(text)
    raise ValueError(f"the format must be yaml, json, jsonc or toml, not {format!r}")
