"""Loads model configs from files, folders, text and Python objects, and collects every fault."""

from __future__ import annotations

import os
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from modelhub.configs.layers.declarations import Include
from modelhub.configs.layers.entry import Loaded
from modelhub.configs.layers.find_entries import Found, find_entries
from modelhub.configs.layers.gathered import Gathered
from modelhub.configs.layers.programs import OtherProgram
from modelhub.configs.layers.scopes import MAX_DEPTH, Scope
from modelhub.configs.layers.vocabulary import AS_WRITTEN, Vocabulary
from modelhub.configs.readers.allowance import Allowance
from modelhub.configs.readers.document import Document
from modelhub.configs.readers.json_types import copy_plain
from modelhub.configs.readers.positions import Path
from modelhub.configs.sources.addresses import find_format_of, is_address, read_remote, refuse_include, show
from modelhub.configs.sources.files import Unreadable, find_files
from modelhub.configs.sources.folders import SUFFIXES, Identity, identify
from modelhub.configs.sources.includes import build_cycle, find_included, find_source, is_glob
from modelhub.configs.sources.read import read_path, read_text
from modelhub.configs.sources.source import Place, Source
from modelhub.diagnostics.wording import describe
from modelhub.errors import Problem
from modelhub.secrets import find_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelhub.centres.centres import Centres

    Given = str | os.PathLike[str] | Mapping[str, Any]
    ModelConfigs = Given | Sequence[Given]

_ACCEPTED = f"a dict, a list of dicts and paths, or the path of a {', '.join(SUFFIXES)} file or of a folder of them"


def load(
    model_configs: Any, *, profile: str | None = None, folder_ok: bool = True, vocabulary: Vocabulary = AS_WRITTEN
) -> Loaded:
    """Load model configs from whatever ``modelhub.init`` accepts; every fault becomes a problem.

    Raises TypeError for a Python type that it does not accept.
    """
    sources = Sources()
    sources.add(model_configs, folder_ok=folder_ok)
    return sources.load(profile, vocabulary)


def load_text(text: bytes, *, name: str, format: str, profile: str | None = None) -> Loaded:
    """Load model configs from text in the format "yaml", "json", "jsonc" or "toml".

    Raises ValueError for another format.
    """
    sources = Sources()
    sources.add_text(text, name=name, format=format)
    return sources.load(profile)


class Sources:
    """What has been read from any number of sources, before the layers are merged; ``centres`` asks for addresses.

    ``texts`` has what some files are taken to hold, by their names, whatever is on the disk.
    """

    def __init__(self, centres: Centres | None = None, texts: Mapping[str, bytes] | None = None) -> None:
        self._centres = centres
        self._texts = texts or {}
        self._addresses: set[str] = set()
        self._gathered = Gathered()
        self._problems: list[Problem] = []
        self._named: dict[Identity, Scope] = {}  # files, which are read once, whatever their names
        self._included: dict[Identity, Scope] = {}
        self._programs: set[tuple[str | None, str]] = set()  # what was told of files, and of Python objects
        self._allowance = Allowance()
        self._names: list[str] = []  # of files and texts, as they were read
        self._seen: dict[Source, Hashable] = {}

    def add(self, model_configs: Any, *, folder_ok: bool = True) -> None:
        """Read whatever ``modelhub.init`` accepts; raises TypeError for other Python types."""
        if isinstance(model_configs, str | os.PathLike):
            self._add_path(_spell(model_configs), folder_ok)
        elif isinstance(model_configs, Mapping):
            self._add_object(Document(None), model_configs, ())
        elif isinstance(model_configs, list | tuple):
            document = Document([])
            for index, item in enumerate(model_configs):
                if isinstance(item, str | os.PathLike):
                    name = _spell(item)
                    document.data.append(show(name))
                    self._add_path(name, folder_ok)
                else:
                    self._add_object(document, item, (index,))
        else:
            raise TypeError(f"model_configs must be {_ACCEPTED}; not {type(model_configs).__name__}")

    def add_text(self, text: bytes, *, name: str, format: str) -> None:
        """Read text in the format "yaml", "json", "jsonc" or "toml"; raises ValueError for another one."""
        self._names.append(name)
        self._add_found(read_text(text, name=name, format=format, allowance=self._allowance), Scope())

    @property
    def profiles(self) -> list[str]:
        """The names of the profiles that were declared, in the order in which they were read."""
        return list(self._gathered.profiles)

    def note(self, source: Source, fingerprint: Hashable) -> None:
        """Keep which version of a source is read; the first word counts."""
        self._seen.setdefault(source, fingerprint)

    def load(self, profile: str | None = None, vocabulary: Vocabulary = AS_WRITTEN) -> Loaded:
        """Merge the layers, with the overlays of ``profile`` on top; ``vocabulary`` knows the old spellings."""
        loaded = Loaded(problems=list(self._problems), files=list(self._names), seen=dict(self._seen))
        self._gathered.merge(loaded, profile or None, vocabulary)
        return loaded

    def _add_path(self, name: str, folder_ok: bool) -> None:
        if is_address(name):
            self._add_address(name.strip())
            return
        try:
            files = find_files(name, folder_ok=folder_ok)
        except Unreadable as error:
            self._note_place(name)
            self._names.append(name)
            self._problems.append(Problem("MH101", str(error), error.hint, None if "\n" in name else name or None))
            return
        if files.names != [name]:
            self.note(Place(name), tuple(files.names))
        for file in files.names:
            self._note_place(file)
            key = identify(file)
            if key in self._included:
                self._named.setdefault(key, self._included[key])
            elif key not in self._named:
                scope = self._named[key] = Scope(file)
                self._add_file(file, scope)
        for problem in files.unread:
            self._names.append(problem.file or "")
            self._problems.append(problem)

    def _add_address(self, written: str) -> None:
        """Ask a centre for the text behind an address, each once."""
        if written in self._addresses:
            return
        self._addresses.add(written)
        if self._centres is None:
            from modelhub.centres.centres import Centres  # most programs read files alone

            self._centres = Centres()
        reading = self._centres.read(written)
        if reading.centre is not None:
            self.note(reading.centre, reading.centre.given)
        self._names.append(reading.name)
        self._problems += reading.problems
        if reading.text is not None and reading.address is not None:
            format = find_format_of(reading.address.path, reading.address.format, reading.text)
            self._add_found(read_remote(reading.text, reading.name, format, self._allowance), Scope(reading.name))

    def _note_place(self, name: str) -> None:
        place = Place(name)
        if place not in self._seen:
            self._seen[place] = place.fingerprint()

    def _add_file(self, file: str, scope: Scope) -> None:
        self._names.append(file)
        try:
            found = read_path(file, self._allowance, scope.folder, self._texts.get(file))
        except Unreadable as error:
            found = iter([Problem("MH101", str(error), error.hint, file)])
        self._add_found(found, scope)

    def _add_object(self, document: Document, value: Any, path: Path) -> None:
        """Add one Python object, whose place in ``document`` is ``path``."""
        data, findings = copy_plain(value, self._allowance)
        if path:
            document.data.append(data)
        else:
            document.data = data
        found: list[Found] = [
            document.problem(each.code, each.message, path + each.path, hint=each.hint) for each in findings
        ]
        if isinstance(data, dict):
            found += find_entries(document, data, path)
        elif not findings:
            found.append(document.problem("MH106", f"an item must be a dict or a path, not {describe(data)}", path))
        self._add_found(found, Scope())

    def _add_found(self, found: Iterable[Found], scope: Scope) -> None:
        """Add the content of one source, after the content of the files that it includes."""
        items = list(found)
        problems = [item for item in items if isinstance(item, Problem)]
        for item in items:
            if isinstance(item, OtherProgram) and (told := (item.problem.file, item.name)) not in self._programs:
                self._programs.add(told)
                problems.append(item.problem)
            elif isinstance(item, Include):
                problems += self._add_include(item, scope)
        for item in items:
            self._gathered.add(item, scope)
        self._problems += sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))

    def _add_include(self, include: Include, scope: Scope) -> Iterator[Problem]:
        if (refusal := refuse_include(include)) is not None:
            yield refusal
            return
        source = find_source(include.value, scope.folder)
        try:
            files = find_included(include.value, scope.folder)
        except Unreadable as error:
            self.note(source, source.fingerprint())
            yield include.problem("MH303", f"cannot include: {error}", error.hint)
            return
        yield from files.unread
        if source not in [Place(file) for file in files.names]:
            self.note(source, tuple(files.names))
        for file in files.names:
            self._note_place(file)
            key = identify(file)
            known = self._included.get(key) or self._named.get(key)
            route = scope.find_route(known) if known else None
            if route is not None and not is_glob(include.value):
                yield build_cycle(include, file, route)
            elif known and route is None:
                known.includers.append((scope, include))
            elif scope.depth >= MAX_DEPTH:
                yield include.problem("MH304", f"files include each other deeper than {MAX_DEPTH} levels")
            elif known is None:
                inner = self._included[key] = Scope(file)
                inner.includers.append((scope, include))
                self._add_file(file, inner)


def _spell(path: str | os.PathLike[Any]) -> str:
    spelt = os.fspath(path)
    if isinstance(spelt, str):
        return str(find_path(spelt)) if spelt.startswith("~") else spelt
    raise TypeError(f"model_configs must be {_ACCEPTED}; not a path of bytes")
