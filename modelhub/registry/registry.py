"""Models by name: a registry takes configs and builds wrappers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self, TypeVar

from modelhub import configs
from modelhub.configs import Entry
from modelhub.diagnostics.wording import suggest_name
from modelhub.errors import ConfigError, ModelHubError, Problem
from modelhub.overriding import override
from modelhub.registry import checking, crossing, reaching
from modelhub.registry.loading import Loader
from modelhub.registry.observing import Observing
from modelhub.registry.tasks import ByTask
from modelhub.registry.types import KnownTypes
from modelhub.registry.workshop import Workshop
from modelhub.tracebacks import shorten, shortened

if TYPE_CHECKING:
    from modelhub.base.public import ModelWrapperBase
    from modelhub.configs.sources.load import ModelConfigs
    from modelhub.registry.explain import Explained
    from modelhub.registry.report import ReloadReport
    from modelhub.registry.telling import Callback
    from modelhub.registry.tree import Branch
    from modelhub.registry.watching import Watcher
    from modelhub.telemetry.observers import Observer
    from modelhub.telemetry.stats import Stats
    from modelhub.usage.since import Since

T = TypeVar("T")


class ModelRegistry(ByTask):
    """The models that configs declare; each is built when it is first fetched, and stays the same object.

    ``model_configs`` is a dict, a list, a path (.json, .yaml, .yml, .toml, or a folder of such), an address
    (``https://host/models.yaml``, redis, etcd, consul, nacos, or a plugin's), or a list that mixes them; ``wrappers``
    are classes to know besides the installed ones. Raises ConfigError with every problem of every source; nothing is
    loaded then. ``observers``, functions and names such as "log", are told the events of every call (see
    modelhub.events), and so are those that $MODELHUB_OBSERVERS names. ``profile`` names the overlay to apply (default:
    $MODELHUB_PROFILE). With ``allow_python``, configs may name classes, whose modules are run, by ``model_type:
    python:package.module:Class``. With ``watch``, threads reload when the sources change. Use it as a context manager,
    or ``close`` it, to close its connections and end those threads. Safe to share between threads and event loops.
    """

    @shortened
    def __init__(
        self,
        model_configs: ModelConfigs | None = None,
        *,
        wrappers: Iterable[type[ModelWrapperBase]] = (),
        profile: str | None = None,
        watch: bool = False,
        observers: Iterable[Observer | str] = (),
        allow_python: bool = False,
    ) -> None:
        self._observing = Observing()
        self._registered: dict[str, type[ModelWrapperBase]] = {}
        self._types = KnownTypes(self._registered, allow_python=allow_python)
        self._allow_python = allow_python
        self._loader = Loader(model_configs, profile, self._types, self._observing.told)
        self._lock = self._loader.lock
        self._workshop = Workshop(self._loader, self._types, self._observing.told)
        self._watcher: Watcher | None = None
        for wrapper in wrappers:
            self.register(wrapper)
        self._loader.load()
        self._observing.add_all(observers)
        if watch:
            from modelhub.registry.watching import Watcher

            self._watcher = Watcher(self._loader)

    @override
    def get_model(self, config_name: str) -> ModelWrapperBase:
        """The model called ``config_name``; raises ConfigError if there is none, PluginError if it cannot be built."""
        model: ModelWrapperBase | None = self._loader.now.models.get(config_name)
        if model is not None:
            return model
        try:
            with self._lock:
                models = self._loader.now.models
                if config_name not in models:
                    models[config_name] = self._workshop.build(self, self._loader.modernize(self._entry(config_name)))
                built: ModelWrapperBase = models[config_name]
                return built
        except ModelHubError as error:
            shorten(error)
            raise

    def names(self) -> list[str]:
        """The config_names, in the order of their sources."""
        return list(self._loader.now.entries)

    @shortened
    def config(self, config_name: str) -> dict[str, Any]:
        """The effective config called ``config_name``, with its secrets masked."""
        entry = self._entry(config_name)
        return checking.mask(self._types.complete(entry.config), self._loader.modernize(entry), self._types)

    def build_config(self, config_name: str) -> dict[str, Any]:
        """The same config with modern spellings and with its secrets, for building a wrapper. Do not print it."""
        return dict(self._loader.modernize(self._entry(config_name)))

    @shortened
    def reach(self, config_name: str) -> list[str]:
        """The names of the configs that a call of ``config_name`` may ask: itself, those it names, and so on."""
        return reaching.list_reached(self._describe, config_name)

    @shortened
    def capabilities(self, config_name: str) -> dict[str, Any]:
        """What the model called ``config_name`` can do, as data; of one that asks others, what all of these can."""
        return reaching.find_capabilities(self._describe, config_name)

    @shortened
    def explain(self, config_name: str) -> list[Explained]:
        """Where each value of the config called ``config_name`` comes from and what it replaced, secrets masked."""
        from modelhub.registry.explain import explain

        _, schema = self._describe(config_name)
        return explain(self._entry(config_name), schema)

    @shortened
    def tree(self, config_name: str) -> Branch | None:
        """The models that a call of ``config_name`` may ask, with the worst it may come to; None if it asks no others.

        Nothing is built, and no secret is in it.
        """
        from modelhub.registry.tree import build_tree

        return build_tree([self._describe(name) for name in self.reach(config_name)])

    @shortened
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

    @shortened
    def reload(self) -> ReloadReport:
        """Read the sources again, and say what has changed; a failure raises ConfigError and changes nothing.

        A model whose config is unchanged stays the same object; one that is replaced or removed finishes its calls.
        Nothing changes either when a warning raises.
        """
        return self._loader.reload()

    @property
    def generation(self) -> int:
        """How many different sets of configs have been in use, the first one included."""
        return self._loader.now.number

    @property
    def last_error(self) -> ConfigError | None:
        """Why the last reload was refused; None if it was not."""
        return self._loader.last_error

    def on_reload(self, callback: Callback) -> Callback:
        """Call ``callback``, in the thread that has reloaded, with each ReloadReport and each ConfigError of a refusal.

        One that raises is logged. Returns the callback, so that this can be a decorator.
        """
        if not callable(callback):
            raise TypeError(f"a callback is a function that takes a report or an error, not {callback!r}")
        self._loader.callbacks.append(callback)
        return callback

    def read(self, sources: configs.Sources, *, environment: bool = False) -> configs.Loaded:
        """The configs of ``sources`` as they are in effect under the profile, and everything that is wrong with them.

        With ``environment``, the values of their references are checked, too.
        """
        return checking.read(sources, self._loader.profile, self._types, environment=environment)

    def check(self, entries: list[Entry]) -> list[Problem]:
        """The problems that validation finds in ``entries``."""
        return checking.check(entries, self._types)

    def observe(self, observer: T) -> T:
        """Tell ``observer`` the events of every call, and of reloads, from now on: a function, or a name.

        Returns it, so that this can be a decorator. Raises ConfigError for a name that cannot be used. The events are
        told of in modelhub.events.
        """
        self._observing.add(observer)
        return observer

    def stats(self) -> Stats:
        """What the calls of each config came to since the registry was made; ``table()`` is the same as text."""
        return self._workshop.build_stats(self.names())

    def usage(self, by: str = "model", since: Since = None) -> list[dict[str, Any]]:
        """What calls have used and cost, summed by "model", "config", "tag" or "day", a row for each of them.

        The calls are those in the store of the observer ``usage``, else in the usual store, of all programs that write
        there. ``since`` is how long ago ("7d"), or a date; see ``read_report``.
        """
        from modelhub.usage.report import read_usage

        return read_usage(self._observing.told, by, since)

    @property
    def is_closed(self) -> bool:
        """Whether its models can no longer be called."""
        return self._workshop.is_closed

    def close(self) -> None:
        """Close the connections; calling a model afterwards raises ModelHubError."""
        if self._watcher is not None:
            self._watcher.close()
        self._workshop.close()
        self._observing.close()

    async def aclose(self) -> None:
        """Close the connections, waiting for those of the running event loop."""
        await self._workshop.aclose()
        self.close()

    def __contains__(self, config_name: object) -> bool:
        return config_name in self._loader.now.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.names())

    def __len__(self) -> int:
        return len(self._loader.now.entries)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self.aclose()

    def pack(self, *, exposed: bool = False) -> crossing.Packed:
        """What this registry can be built from again, in another process.

        Raises TypeError if a key in plain text would be in it, unless it may be ``exposed``.
        """
        now = self._loader.now
        source = crossing.settle(self._loader.source, now.folder)
        if not exposed:
            crossing.refuse_keys(source, now.exposed)
        local = self._types.find_local(entry.config.get("model_type") for entry in now.entries.values())
        wrappers = tuple(dict.fromkeys([*local, *self._registered.values()]))
        profile, observers = self._loader.profile or "", self._observing.given
        return crossing.Packed(type(self), now.key, source, profile, wrappers, observers, self._allow_python)

    @override
    def __reduce__(self) -> tuple[Any, ...]:
        """How it crosses to another process: by its sources; connections, and observers without a name, stay."""
        return crossing.build, (self.pack().travelling(),)

    def __deepcopy__(self, memo: Any = None) -> Any:
        """A registry from the same sources, with connections and models of its own."""
        return crossing.build(self.pack(exposed=True))

    __copy__ = __deepcopy__

    @override
    def __repr__(self) -> str:
        return f"<ModelRegistry of {len(self)} models>"

    def _describe(self, config_name: str) -> reaching.Described:
        config = self.build_config(config_name)
        return config, self._types.find_schema(config["model_type"]) or {}

    def _entry(self, config_name: str) -> Entry:
        entries = self._loader.now.entries
        entry = entries.get(config_name)
        if entry is None:
            hint = suggest_name(str(config_name), entries, "config_names")
            raise ConfigError([Problem("MH300", f"there is no model called {config_name!r}", hint)])
        return entry
