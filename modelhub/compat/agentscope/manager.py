"""``agentscope.manager``: configs and models, usage, and the run, each over what modelhub has for it."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import Any

from modelhub.base import ModelWrapperBase
from modelhub.compat.agentscope.file_manager import FileManager as FileManager
from modelhub.compat.agentscope.scope import refuse
from modelhub.errors import ConfigError, ConfigWarning
from modelhub.invocations import OBSERVERS, ignore, observe
from modelhub.monitor import MONITOR
from modelhub.registry import ModelRegistry
from modelhub.secrets import redact

_LOGGER = logging.getLogger("modelhub")


class ConfigValueError(ConfigError, ValueError):
    """A ConfigError that is caught as the ValueError which AgentScope raised."""


class ModelManager:
    """Configs that can be loaded one after the other: of one config_name, the first load counts."""

    def __init__(self) -> None:
        self._hubs: dict[str, ModelRegistry] = {}
        self._registered: dict[str, type[ModelWrapperBase]] = {}

    @staticmethod
    def get_instance() -> ModelManager:
        """The one there is."""
        return _MODELS

    def initialize(self, model_configs: Any = None) -> None:
        """Load ``model_configs``, if any."""
        if model_configs is not None:
            self.load_model_configs(model_configs)

    def load_model_configs(self, model_configs: Any, clear_existing: bool = False) -> None:
        """Load a dict, a list or a path, all or nothing.

        Raises FileNotFoundError or ValueError (a ConfigError with every problem).
        """
        try:
            hub = ModelRegistry(model_configs, wrappers=self._registered.values())
        except ConfigError as error:
            if isinstance(model_configs, str) and not Path(model_configs).exists():
                raise FileNotFoundError(str(error)) from None
            raise ConfigValueError(error.problems) from None
        if clear_existing:
            self.clear_model_configs()
        for name in hub.names():
            if name in self._hubs:
                warnings.warn(f"Config name [{name}] already exists: what was loaded first counts", ConfigWarning, 3)
            else:
                self._hubs[name] = hub

    def get_model_by_config_name(self, config_name: str) -> Any:
        """The model, the same object each time; raises ValueError when there is none of that name."""
        if not self._hubs:
            raise ValueError("No model configs loaded, please call `agentscope.init(model_configs=...)` first.")
        hub = self._hubs.get(config_name)
        if hub is None:
            known = ", ".join(self._hubs)
            raise ValueError(f"Cannot find [{config_name}] in loaded configurations, which are: {known}.")
        return hub.get_model(config_name)

    def get_config_by_name(self, config_name: str) -> dict[str, Any] | None:
        """A copy of a config with its secrets, None when there is none of that name."""
        hub = self._hubs.get(config_name)
        return None if hub is None else hub.build_config(config_name)

    def clear_model_configs(self) -> None:
        """Forget the configs; models that are in use go on working."""
        self._hubs.clear()

    def register_model_wrapper_class(self, model_wrapper_class: Any, exist_ok: bool = False) -> None:
        """Put a class in place of another of its model_type; a class of a new type is known without it.

        Raises TypeError for what is no wrapper class, ValueError without a model_type of its own, or when there is one.
        """
        if not (isinstance(model_wrapper_class, type) and issubclass(model_wrapper_class, ModelWrapperBase)):
            raise TypeError(f"a model wrapper is a subclass of ModelWrapperBase, not {model_wrapper_class!r}")
        model_type = model_wrapper_class.model_type
        if not model_type:
            raise ValueError(f"The model wrapper class {model_wrapper_class.__name__} needs a `model_type`.")
        if model_type in self._known() and not exist_ok:
            raise ValueError(
                f'Model wrapper "{model_type}" already exists, please set `exist_ok=True` to overwrite it.'
            )
        self._registered[model_type] = model_wrapper_class
        for hub in set(self._hubs.values()):
            hub.register(model_wrapper_class)

    @property
    def model_wrapper_mapping(self) -> dict[str, type[ModelWrapperBase]]:
        """The wrapper classes by model_type."""
        from modelhub.plugins import installed

        return {name: self._registered.get(name) or installed().load(name) for name in self._known()}

    def state_dict(self) -> dict[str, Any]:
        """The configs, without their secrets."""
        return {"model_configs": {name: hub.config(name) for name, hub in self._hubs.items()}}

    def load_dict(self, data: dict[str, Any]) -> None:
        """Replace the configs by those of ``data["model_configs"]``."""
        self.load_model_configs(list(data["model_configs"].values()), clear_existing=True)

    def flush(self) -> None:
        """Forget the configs."""
        self.clear_model_configs()

    def _known(self) -> dict[str, Any]:
        from modelhub.plugins import installed

        return {**installed().by_type, **self._registered}


class MonitorManager:
    """The usage of all models in this process; there is no database."""

    path_db = None

    @staticmethod
    def get_instance() -> MonitorManager:
        """The one there is."""
        return _MONITOR

    def initialize(self, use_monitor: bool) -> None:
        """Begin to count calls, or stop."""
        self.use_monitor = use_monitor

    @property
    def use_monitor(self) -> bool:
        """Whether calls are counted."""
        return MONITOR.observe in OBSERVERS

    @use_monitor.setter
    def use_monitor(self, use_monitor: bool) -> None:
        MONITOR.enabled = use_monitor
        (observe if use_monitor else ignore)(MONITOR.observe)

    def __getattr__(self, name: str) -> Any:
        return getattr(MONITOR, name)  # update_*, show_*

    def print_llm_usage(self) -> dict[str, list[dict[str, Any]]]:
        """Log what the models have used, and return it."""
        usage = {
            "text_and_embedding": MONITOR.show_text_and_embedding_tokens(),
            "image": MONITOR.show_image_tokens(),
        }
        for row in [*usage["text_and_embedding"], *usage["image"]]:
            _LOGGER.info(" | ".join(f"{key} {value}" for key, value in row.items()))
        return usage

    def state_dict(self) -> dict[str, Any]:
        """The settings."""
        return {"use_monitor": self.use_monitor, "path_db": None}

    def load_dict(self, data: dict[str, Any]) -> None:
        """Take settings that ``state_dict`` gave."""
        self.initialize(data["use_monitor"])

    def rm_database(self) -> None:
        """Forget what was counted."""
        MONITOR.reset()

    def flush(self) -> None:
        """Stop counting calls and forget."""
        self.use_monitor = False
        MONITOR.enabled = True  # as it is before any `init`: wrappers may count for themselves
        MONITOR.reset()


_MODELS = ModelManager()
_MONITOR = MonitorManager()


class ASManager:
    """One run: its names, and the other managers."""

    def __init__(self) -> None:
        self.file = FileManager.get_instance()
        self.model = _MODELS
        self.monitor = _MONITOR
        self.logger_level = "INFO"
        self.identity: dict[str, Any] = {}
        self._forget()

    @staticmethod
    def get_instance() -> ASManager:
        """The one there is."""
        return _RUN

    def __getattr__(self, name: str) -> Any:
        if name in (identity := vars(self).get("identity", {})):
            return identity[name]
        raise AttributeError(name)

    def state_dict(self) -> dict[str, Any]:
        """Everything about the run, without secrets."""
        from modelhub.compat.agentscope import __version__

        return {
            **self.identity,
            "agentscope_version": __version__,
            "file": self.file.state_dict(),
            "model": redact(self.model.state_dict()),
            "logger": {"level": self.logger_level},
            "monitor": self.monitor.state_dict(),
        }

    def load_dict(self, data: dict[str, Any]) -> None:
        """Take what ``state_dict`` gave."""
        self.identity = {name: data[name] for name in self.identity}
        self.logger_level = data["logger"]["level"]
        self.file.load_dict(data["file"])
        self.model.load_dict(data["model"])
        self.monitor.load_dict(data["monitor"])

    def flush(self) -> None:
        """Back to the state before ``init``."""
        self._forget()
        for part in (self.file, self.model, self.monitor):
            part.flush()

    def _forget(self) -> None:
        empty = dict.fromkeys(("project", "name", "run_id", "timestamp"), "")
        self.identity = {**empty, "disable_saving": True, "pid": -1, "studio_url": None}
        self.logger_level = "INFO"


_RUN = ASManager()

__getattr__ = refuse("agentscope.manager")
