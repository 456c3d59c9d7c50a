"""Files, folders, text and Python objects as model configs, with every fault of every one of them."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from modelhub.configs.documents import Document, Loaded, build_problem
from modelhub.configs.entries import describe, find_entries
from modelhub.configs.files import SUFFIXES, Unreadable, decode, find_files, find_format, read_file
from modelhub.configs.plain import copy_plain
from modelhub.configs.positions import Fault, Lines, Parsed, Path
from modelhub.errors import Problem

_ACCEPTED = f"a dict, a list of dicts and paths, or the path of a {', '.join(SUFFIXES)} file or of a folder of them"


def load(model_configs: Any, *, folder_ok: bool = True) -> Loaded:
    """Load model configs from whatever ``modelhub.init`` accepts; every fault becomes a problem.

    Raises TypeError for a Python type that it does not accept.
    """
    loaded = Loaded()
    if isinstance(model_configs, str | os.PathLike):
        loaded.extend(_load_path(_spell(model_configs), folder_ok))
    elif isinstance(model_configs, Mapping):
        _load_object(loaded, Document(None), model_configs, ())
    elif isinstance(model_configs, list | tuple):
        document = Document([])
        for index, item in enumerate(model_configs):
            if isinstance(item, str | os.PathLike):
                name = _spell(item)
                document.data.append(name)
                loaded.extend(_load_path(name, folder_ok))
            else:
                _load_object(loaded, document, item, (index,))
    else:
        raise TypeError(f"model_configs must be {_ACCEPTED}; not {type(model_configs).__name__}")
    return loaded


def load_text(text: bytes, *, name: str, format: str) -> Loaded:
    """Load model configs from text in the format "yaml", "json" or "toml".

    Raises ValueError for another format.
    """
    parse = _find_parser(format)
    loaded = Loaded()
    try:
        decoded = decode(text)
    except Fault as fault:
        loaded.add(build_problem(fault, name, Lines(text.decode(errors="replace").removeprefix("\ufeff"))))
        return loaded
    lines = Lines(decoded)
    is_empty = True
    try:
        for parsed in parse(decoded):
            is_empty = is_empty and parsed.data is None and not parsed.faults
            _load_parsed(loaded, parsed, name, lines)
    except Fault as fault:
        loaded.add(build_problem(fault, name, lines))
        is_empty = False
    if is_empty:
        loaded.add(Problem("MH106", "the file holds no model config", None, name, 1, 1, 1, 1))
    loaded.problems.sort(key=lambda problem: (problem.line or 0, problem.column or 0))
    return loaded


def _find_parser(format: str) -> Callable[[str], Iterator[Parsed]]:
    if format == "yaml":
        from modelhub.configs.yaml_reader import parse_yaml

        return parse_yaml
    if format == "json":
        from modelhub.configs.json_reader import parse_json

        return parse_json
    if format == "toml":
        from modelhub.configs.toml_reader import parse_toml

        return parse_toml
    raise ValueError(f"the format must be yaml, json or toml, not {format!r}")


def _load_parsed(loaded: Loaded, parsed: Parsed, name: str, lines: Lines) -> None:
    data, oddities = copy_plain(parsed.data)
    document = Document(data, name=name, lines=lines, find_nodes=parsed.find_nodes)
    loaded.add(*(build_problem(fault, name, lines) for fault in parsed.faults))
    loaded.add(*(document.problem("MH106", odd.message, odd.path, hint=odd.hint) for odd in oddities))
    if data is not None:
        loaded.add(*find_entries(document, data))


def _load_object(loaded: Loaded, document: Document, value: Any, path: Path) -> None:
    """Load one Python object, which stands at ``path`` of the document of them."""
    data, oddities = copy_plain(value)
    if path:
        document.data.append(data)
    else:
        document.data = data
    loaded.add(*(document.problem("MH106", odd.message, path + odd.path, hint=odd.hint) for odd in oddities))
    if isinstance(data, dict):
        loaded.add(*find_entries(document, data, path))
    elif not oddities:
        message = f"an item must be a dict or a path, not {describe(data)}"
        loaded.add(document.problem("MH106", message, path))


def _load_path(name: str, folder_ok: bool) -> Loaded:
    loaded = Loaded()
    try:
        files = find_files(name, folder_ok=folder_ok)
    except Unreadable as error:
        loaded.add(Problem("MH101", str(error), error.hint, None if "\n" in name else name or None))
        return loaded
    for file in files:
        try:
            format = find_format(file)
            content = read_file(file)
        except Unreadable as error:
            loaded.add(Problem("MH101", str(error), error.hint, file))
        else:
            loaded.extend(load_text(content, name=file, format=format))
    return loaded


def _spell(path: "str | os.PathLike[Any]") -> str:
    spelt = os.fspath(path)
    if isinstance(spelt, str):
        return spelt
    raise TypeError(f"model_configs must be {_ACCEPTED}; not a path of bytes")
