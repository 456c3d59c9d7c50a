"""Loads model configs from files, folders, text and Python objects, and collects every fault."""

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from modelhub.configs.layers import build_layers
from modelhub.configs.layers.declarations import Defaults, Include, Overlay, Profile
from modelhub.configs.layers.entry import Entry, Loaded
from modelhub.configs.layers.find_entries import Found, find_entries
from modelhub.configs.layers.programs import OtherProgram
from modelhub.configs.layers.scopes import MAX_DEPTH, Scope
from modelhub.configs.layers.vocabulary import AS_WRITTEN, Vocabulary
from modelhub.configs.readers.allowance import Allowance
from modelhub.configs.readers.document import Document
from modelhub.configs.readers.json_types import copy_plain
from modelhub.configs.readers.positions import Path
from modelhub.configs.sources.files import Unreadable, find_files
from modelhub.configs.sources.folders import SUFFIXES, Identity, identify
from modelhub.configs.sources.includes import find_included, is_glob
from modelhub.configs.sources.read import read_path, read_text
from modelhub.diagnostics.wording import describe, suggest_name
from modelhub.errors import Problem
from modelhub.secrets import find_path

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


def select_profile(profile: str | None) -> str | None:
    """The profile that is asked for, else $MODELHUB_PROFILE; an empty name means no profile.

    Blanks and line ends around the name in the variable do not count: files that set variables often leave one.
    """
    return (os.environ.get("MODELHUB_PROFILE", "").strip() if profile is None else profile) or None


class Sources:
    """What has been read from any number of sources, before the layers are merged."""

    def __init__(self) -> None:
        self._entries: list[tuple[Entry, Scope]] = []
        self._overlays: list[tuple[Overlay, Scope]] = []
        self._defaults: list[tuple[Defaults, Scope]] = []
        self._profiles: dict[str, None] = {}
        self._problems: list[Problem] = []
        self._named: dict[Identity, Scope] = {}  # files, which are read once, whatever their names
        self._included: dict[Identity, Scope] = {}
        self._programs: set[tuple[str | None, str]] = set()  # what was told of files, and of Python objects
        self._allowance = Allowance()
        self._names: list[str] = []  # of files and texts, as they were read

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
                    document.data.append(name)
                    self._add_path(name, folder_ok)
                else:
                    self._add_object(document, item, (index,))
        else:
            raise TypeError(f"model_configs must be {_ACCEPTED}; not {type(model_configs).__name__}")

    def add_text(self, text: bytes, *, name: str, format: str) -> None:
        """Read text in the format "yaml", "json", "jsonc" or "toml"; raises ValueError for another one."""
        self._names.append(name)
        self._add_found(read_text(text, name=name, format=format, allowance=self._allowance), Scope())

    def load(self, profile: str | None = None, vocabulary: Vocabulary = AS_WRITTEN) -> Loaded:
        """Merge the layers, with the overlays of ``profile`` on top; ``vocabulary`` knows the old spellings."""
        loaded = Loaded(problems=list(self._problems), files=list(self._names))
        unread = any(problem.code in ("MH101", "MH303") for problem in self._problems)  # it may be declared there
        if profile and profile not in self._profiles and not unread:
            hint = suggest_name(profile, self._profiles, "profiles")
            loaded.add(Problem("MH303", f"there is no profile '{profile}'", hint))
        loaded.extend(build_layers(self._entries, self._overlays, profile or None, vocabulary))
        if self._overlays or self._defaults or any("abstract" in entry.config for entry, _ in self._entries):
            from modelhub.configs.layers.unused import find_unused

            found = find_unused(self._entries, self._overlays, self._defaults, profile or None, vocabulary)
            loaded.add(*(problem for problem in found if problem.severity == "error" or not unread))
        return loaded

    def _add_path(self, name: str, folder_ok: bool) -> None:
        try:
            files = find_files(name, folder_ok=folder_ok)
        except Unreadable as error:
            self._names.append(name)
            self._problems.append(Problem("MH101", str(error), error.hint, None if "\n" in name else name or None))
            return
        for file in files.names:
            key = identify(file)
            if key in self._included:
                self._named.setdefault(key, self._included[key])
            elif key not in self._named:
                scope = self._named[key] = Scope(file)
                self._add_file(file, scope)
        for problem in files.unread:
            self._names.append(problem.file or "")
            self._problems.append(problem)

    def _add_file(self, file: str, scope: Scope) -> None:
        self._names.append(file)
        try:
            found = read_path(file, self._allowance, scope.folder)
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
            if isinstance(item, Entry):
                self._entries.append((item, scope))
            elif isinstance(item, Overlay):
                self._overlays.append((item, scope))
            elif isinstance(item, Defaults):
                scope.defaults.append(item)
                self._defaults.append((item, scope))
            elif isinstance(item, Profile):
                self._profiles[item.name] = None
        self._problems += sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))

    def _add_include(self, include: Include, scope: Scope) -> Iterator[Problem]:
        try:
            files = find_included(include.value, scope.folder)
        except Unreadable as error:
            yield include.problem("MH303", f"cannot include: {error}", error.hint)
            return
        yield from files.unread
        for file in files.names:
            key = identify(file)
            known = self._included.get(key) or self._named.get(key)
            route = scope.find_route(known) if known else None
            if route is not None and not is_glob(include.value):
                yield _build_cycle(include, file, route)
            elif known and route is None:
                known.includers.append((scope, include))
            elif scope.depth >= MAX_DEPTH:
                yield include.problem("MH304", f"files include each other deeper than {MAX_DEPTH} levels")
            elif known is None:
                inner = self._included[key] = Scope(file)
                inner.includers.append((scope, include))
                self._add_file(file, inner)


def _build_cycle(include: Include, file: str, route: list[Include]) -> Problem:
    steps = [each.document.name or "model_configs" for each in (*route, include)]
    names = " -> ".join([*steps, file])
    if not route:
        return include.problem("MH304", f"a file includes itself: {names}", "remove the include")
    places = ", ".join(each.problem("", "").place for each in (*route, include))
    return include.problem("MH304", f"the files include each other: {names}", f"remove one of the includes at {places}")


def _spell(path: "str | os.PathLike[Any]") -> str:
    spelt = os.fspath(path)
    if isinstance(spelt, str):
        return str(find_path(spelt)) if spelt.startswith("~") else spelt
    raise TypeError(f"model_configs must be {_ACCEPTED}; not a path of bytes")
