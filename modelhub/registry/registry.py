"""Models by name: a registry takes configs and builds wrappers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any

from modelhub import configs, validation
from modelhub.configs import Entry
from modelhub.diagnostics.wording import suggest_name
from modelhub.errors import ConfigError, ModelHubError, Problem
from modelhub.locks import Lock
from modelhub.overriding import override
from modelhub.registry import checking, crossing
from modelhub.registry.generation import Generation
from modelhub.registry.types import KnownTypes

if TYPE_CHECKING:
    from modelhub.base import ModelWrapperBase
    from modelhub.base.drivers import Drivers
    from modelhub.registry.explain import Explained
    from modelhub.telemetry.observers import Observer


class ModelRegistry:
    """The models that configs declare; each is built when it is first fetched, and stays the same object.

    ``model_configs`` is a dict, a list, a path (.json, .yaml, .yml, .toml, or a folder of such), or a list that mixes
    them; ``wrappers`` are classes to know besides the installed ones. Raises ConfigError with every problem of
    every source; nothing is loaded then. ``observers`` are told the events of every call (see modelhub.events).
    ``profile`` names the overlay to apply (default: $MODELHUB_PROFILE). Use it as
    a context manager, or ``close`` it, to close its connections. Safe to share between threads and event loops.
    """

    def __init__(
        self,
        model_configs: Any = None,
        *,
        wrappers: Iterable[type[ModelWrapperBase]] = (),
        profile: str | None = None,
        watch: bool = False,
        observers: Iterable[Observer] = (),
    ) -> None:
        if watch:
            raise ModelHubError("watch= is not supported yet")
        self._lock = Lock()
        self._drivers: Drivers | None = None  # made with the first model
        self._closed = False
        self._observers: list[Observer] = []
        for observer in observers:
            self.observe(observer)
        self._registered: dict[str, type[ModelWrapperBase]] = {}
        self._types = KnownTypes(self._registered)
        self._source = model_configs
        self._profile = configs.select_profile(profile)
        self._now = Generation()
        for wrapper in wrappers:
            self.register(wrapper)
        if model_configs is not None:
            self.reload()

    def get_model(self, config_name: str) -> Any:
        """The model called ``config_name``; raises ConfigError if there is none, PluginError if it cannot be built."""
        now = self._now
        model = now.models.get(config_name)
        if model is not None:
            return model
        with self._lock:
            model = now.models.get(config_name)
            if model is None:
                model = now.models[config_name] = self._build(self._entry(config_name, now))
            return model

    def names(self) -> list[str]:
        """The config_names, in the order of their sources."""
        return list(self._now.entries)

    def config(self, config_name: str) -> dict[str, Any]:
        """The effective config called ``config_name``, with its secrets masked."""
        entry = self._entry(config_name, self._now)
        return checking.mask(entry.config, self._modernize(entry), self._types)

    def build_config(self, config_name: str) -> dict[str, Any]:
        """The same config with modern spellings and with its secrets, for building a wrapper. Do not print it."""
        return dict(self._modernize(self._entry(config_name, self._now)))

    def explain(self, config_name: str) -> list[Explained]:
        """Where each value of the config called ``config_name`` comes from and what it replaced, secrets masked."""
        from modelhub.registry.explain import explain

        entry = self._entry(config_name, self._now)
        model_type = self._modernize(entry)["model_type"]
        return explain(entry, self._types.find_schema(model_type) or {})

    def register(self, wrapper: type[ModelWrapperBase]) -> None:
        """Make a wrapper class known under the ``model_type`` it declares itself, and under its class name.

        A ``model_type`` that it only inherits is not registered. Raises TypeError for anything but a wrapper class.
        """
        from modelhub.base import ModelWrapperBase

        if not (isinstance(wrapper, type) and issubclass(wrapper, ModelWrapperBase)):
            raise TypeError(f"register takes a subclass of ModelWrapperBase, not {wrapper!r}")
        with self._lock:
            for name in (wrapper.__name__, wrapper.__dict__.get("model_type")):
                if name:
                    self._registered[name] = wrapper

    def reload(self) -> None:
        """Read the sources again; a failure raises ConfigError and changes nothing.

        A model whose config is unchanged stays the same object. Nothing changes either when a warning raises.
        """
        folder, sources = crossing.find_folder(), configs.Sources()
        sources.add(self._source)
        loaded = self.read(sources)
        wrong = [problem for problem in loaded.problems if problem.severity == "error"]
        if wrong:
            raise ConfigError(wrong)
        named = ((self._modernize(entry)["config_name"], entry) for entry in loaded.entries)
        fresh = Generation(named, folder, loaded.problems)
        checking.warn(loaded.problems)
        with self._lock:  # last, because whatever is done before may raise
            for name, model in self._now.models.items():
                if name in fresh.entries and fresh.entries[name].config == self._now.entries[name].config:
                    fresh.models[name] = model
            self._now = fresh

    def read(self, sources: configs.Sources, *, environment: bool = False) -> configs.Loaded:
        """The configs of ``sources`` as they are in effect under the profile, and everything that is wrong with them.

        With ``environment``, the values of their references are checked, too.
        """
        return checking.read(sources, self._profile, self._types, environment=environment)

    def check(self, entries: list[Entry]) -> list[Problem]:
        """The problems that validation finds in ``entries``."""
        return checking.check(entries, self._types)

    def observe(self, observer: Observer) -> None:
        """Tell ``observer`` the events of every call from now on; see modelhub.events."""
        if not callable(observer):
            raise TypeError(f"an observer is a function that takes an event, not {observer!r}")
        self._observers.append(observer)

    @property
    def is_closed(self) -> bool:
        """Whether its models can no longer be called."""
        return self._closed

    def close(self) -> None:
        """Close the connections; calling a model afterwards raises ModelHubError."""
        self._closed = True
        if self._drivers is not None:
            self._drivers.close()

    async def aclose(self) -> None:
        """Close the connections, waiting for those of the running event loop."""
        if self._drivers is not None:
            await self._drivers.aclose()
        self.close()

    def __contains__(self, config_name: object) -> bool:
        return config_name in self._now.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self._now.entries)

    def __enter__(self) -> ModelRegistry:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> ModelRegistry:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    def pack(self, *, exposed: bool = False) -> crossing.Packed:
        """What this registry can be built from again, in another process.

        Raises TypeError if a key in plain text would be in it, unless it may be ``exposed``.
        """
        now = self._now
        source = crossing.settle(self._source, now.folder)
        if not exposed:
            crossing.refuse_keys(source, now.exposed)
        local = self._types.find_local(entry.config.get("model_type") for entry in now.entries.values())
        wrappers = tuple(dict.fromkeys([*local, *self._registered.values()]))
        return crossing.Packed(type(self), now.key, source, self._profile or "", wrappers, tuple(self._observers))

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        """How it crosses to another process: by its sources; connections, and observers that are no functions, stay."""
        return crossing.build, (self.pack().travelling(),)

    def __deepcopy__(self, memo: Any = None) -> Any:
        """A registry from the same sources, with connections and models of its own."""
        return crossing.build(self.pack(exposed=True))

    __copy__ = __deepcopy__

    @override
    def __repr__(self) -> str:
        return f"<ModelRegistry of {len(self)} models>"

    def _entry(self, config_name: str, generation: Generation) -> Entry:
        entry = generation.entries.get(config_name)
        if entry is None:
            hint = suggest_name(str(config_name), generation.entries, "config_names")
            raise ConfigError([Problem("MH300", f"there is no model called {config_name!r}", hint)])
        return entry

    def _build(self, entry: Entry) -> Any:
        from modelhub.base.drivers import Drivers
        from modelhub.registry.build import build_model

        config = self._modernize(entry)
        if self._drivers is None:
            self._drivers = Drivers()
            if self._closed:
                self._drivers.close()
        name = config["config_name"]
        place, reduce = partial(self._place, name), partial(crossing.reduce_model, self, name)
        return build_model(config, self._types, self._drivers, self._observers, place, reduce)

    def _modernize(self, entry: Entry) -> dict[str, Any]:
        """The config of ``entry`` with modern spellings; older releases of AgentScope spelt some keys differently."""
        return validation.modernize(entry.config, self._types)

    def _place(self, config_name: str, problem: Problem) -> Problem:
        """Add to ``problem`` the place in a file of the value that it is about."""
        entry = self._now.entries.get(config_name)
        return problem if entry is None else validation.place_problem(entry, problem, self._types)
