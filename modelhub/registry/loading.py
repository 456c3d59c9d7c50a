"""How the configs of a registry are read, and how the next reading of them takes the place of the last."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelhub import configs, validation
from modelhub.configs import Entry, Loaded, Source
from modelhub.errors import ConfigError, ConfigWarning, Problem
from modelhub.late import late
from modelhub.locks import Lock
from modelhub.registry import checking, crossing
from modelhub.registry.generation import Generation
from modelhub.registry.types import KnownTypes

if TYPE_CHECKING:
    from modelhub.centres.centre import Asking
    from modelhub.centres.centres import Centres
    from modelhub.registry import telling
    from modelhub.registry.report import ReloadReport
    from modelhub.registry.telling import Callback
    from modelhub.telemetry.observers import Observer
else:
    telling = late("modelhub.registry.telling")

# What is found in a file that somebody is writing just now, and about one that is moved away and back.
_UNFINISHED = frozenset({"MH101", "MH106", "MH303"})


class HalfWrittenError(Exception):
    """The sources look as if somebody is writing them."""


class Loader:
    """The configs of a registry: ``now`` has those in use, and ``lock`` is held to replace them or to build a model.

    ``last_error`` is why the last candidate was refused, None if it was not. ``centres`` are those that its sources
    name, None where they name none. What a reload came to is told to ``callbacks`` and ``observers``.
    """

    def __init__(self, source: Any, profile: str | None, types: KnownTypes, observers: Sequence[Observer] = ()) -> None:
        self.source = source
        self.profile = configs.select_profile(profile)
        self.now = Generation()
        self.lock = Lock()
        self.last_error: ConfigError | None = None
        self.callbacks: list[Callback] = []
        self._types = types
        self._observers = observers
        self._folder = crossing.find_folder()
        self._reloading = Lock()  # from reading to replacing: who reads later has the newer files
        self._seen: dict[Source, Hashable] = {}
        self._folders: frozenset[str] | None = None
        self.centres = _build_centres(source)

    def load(self) -> None:
        """Read the sources for the first time; raises ConfigError."""
        if self.source is not None:
            self.now = self._accept(self._read("start"))
            self._keep_copies()

    def reload(self, asking: Asking = "fresh", *, patient: bool = False) -> ReloadReport:
        """Read the sources again, and tell what came of it; a failure is raised and changes nothing.

        If ``patient``, raises HalfWrittenError for what somebody may be writing, and tells nobody. ``asking`` is how
        centres are asked.
        """
        loaded = Loaded()
        refusal: ConfigError | None = None
        try:
            with self._reloading:
                try:
                    if self.source is not None:
                        loaded = self._read(asking)
                    if patient and self._is_unfinished(loaded):
                        raise HalfWrittenError
                    report = self._replace(self._accept(loaded))
                    self.last_error = None
                    self._keep_copies()
                except HalfWrittenError:
                    raise
                except Exception as error:
                    self.last_error = refusal = _explain(error, loaded.problems)
                    raise
        except Exception:
            if refusal is not None:
                self._tell(refusal)
            raise
        self._tell(report)
        return report

    def look(self) -> tuple[bool, dict[Source, Hashable]]:
        """Whether the sources have changed since they were read, and what tells their versions of now from others."""
        seen = self._seen
        now = {source: source.fingerprint() for source in seen}
        return now != seen, now

    def folders(self) -> frozenset[str]:
        """The folders of the sources, where changes happen."""
        if self._folders is None:
            self._folders = frozenset(folder for source in self._seen for folder in source.folders())
        return self._folders

    def modernize(self, entry: Entry) -> dict[str, Any]:
        """The config of ``entry`` with modern spellings, over what the package of its type ships, if it does.

        Older releases of AgentScope spelt some keys differently.
        """
        return self._types.complete(validation.modernize(entry.config, self._types))

    def find_group(self, key: str, group: str) -> dict[str, Any]:
        """What the configs of ``group`` say for ``key``, limits say: the first of those that say anything."""
        said = (self.modernize(entry).get(key) for entry in self.now.entries.values())
        members = (value for value in said if isinstance(value, dict) and value.get("group") == group)
        return next((value for value in members if value.keys() - {"group"}), {})

    def place(self, config: dict[str, Any], problem: Problem) -> Problem:
        """Add to ``problem`` the place in a file of the value that it is about, unless ``config`` has been replaced."""
        entry = self.now.entries.get(config["config_name"])
        if entry is None or self.modernize(entry) != config:
            return problem
        return validation.place_problem(entry, problem, self._types)

    def _keep_copies(self) -> None:
        if self.centres is not None:
            self.centres.keep()

    def _read(self, asking: Asking) -> Loaded:
        source = self.source
        if crossing.find_folder() != self._folder:  # the program has gone elsewhere since
            source = crossing.settle(source, self._folder)
        if self.centres is not None:
            self.centres.asking = asking
        sources = configs.Sources(self.centres)
        sources.add(source)
        loaded = checking.read(sources, self.profile, self._types)
        self._seen, self._folders = loaded.seen, None
        return loaded

    def _accept(self, loaded: Loaded) -> Generation:
        """A generation of what was read; raises ConfigError, or a warning where the program has warnings raised."""
        wrong = [problem for problem in loaded.problems if problem.severity == "error"]
        if wrong:
            raise ConfigError(wrong)
        named = ((self.modernize(entry)["config_name"], entry) for entry in loaded.entries)
        fresh = Generation(named, self._folder, loaded.problems)
        checking.warn(loaded.problems)
        return fresh

    def _replace(self, fresh: Generation) -> ReloadReport:
        """Put ``fresh`` in use; comes last, because whatever is done before may raise."""
        report = fresh.compare(self.now, self.modernize)
        with self.lock:
            fresh.follow(self.now, report)
            self.now = fresh
        return report

    def _is_unfinished(self, loaded: Loaded) -> bool:
        """Whether a file cannot be read, or one that held configs is empty or gone."""
        if any(problem.severity == "error" and problem.code in _UNFINISHED for problem in loaded.problems):
            return True
        lost = self.now.files() - {entry.document.name for entry in loaded.entries}
        return any(name in loaded.files or not Path(name).exists() for name in lost)

    def _tell(self, told: ReloadReport | ConfigError) -> None:
        telling.tell_reload(told, self.now.number, self.callbacks, self._observers)


def _build_centres(source: Any) -> Centres | None:
    """What asks for the addresses among the sources; most programs have none."""
    items = source if isinstance(source, list | tuple) else (source,)
    if not any(isinstance(item, str) and configs.is_address(item) for item in items):
        return None
    from modelhub.centres.centres import Centres

    return Centres()


def _explain(error: Exception, problems: list[Problem]) -> ConfigError:
    """The reason for a refusal: a warning may be raised, too, and a plugin may raise anything."""
    if isinstance(error, ConfigError):
        return error
    told = [problem for problem in problems if isinstance(error, ConfigWarning) and str(problem) == str(error)]
    refusal = ConfigError(told or f"the configs cannot be read: {type(error).__name__}: {error}")
    refusal.__cause__ = error
    return refusal
