"""``agentscope.manager``: the managers of models, of usage and of the run, each made of parts of modelhub."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelhub.base import ModelWrapperBase
from modelhub.compat.agentscope.file_manager import FileManager as FileManager
from modelhub.compat.agentscope.scope import VERSION, refuse
from modelhub.errors import ConfigError, ConfigWarning
from modelhub.registry import ModelRegistry
from modelhub.registry.installed import WRAPPERS
from modelhub.secrets import redact
from modelhub.telemetry.invocations import HOOKS, ignore, observe
from modelhub.telemetry.usage import MONITOR

_LOGGER = logging.getLogger("modelhub")


class ConfigValueError(ConfigError, ValueError):
    """A ConfigError that is also a ValueError, the class that AgentScope raised."""


class ModelManager:
    """Configs, loaded in one or more calls; if two have the same config_name, the first one counts."""

    def __init__(self) -> None:
        self._hubs: dict[str, ModelRegistry] = {}
        self._registered: dict[str, type[ModelWrapperBase]] = {}

    @staticmethod
    def get_instance() -> ModelManager:
        """The one there is."""
        return _MODELS

    def initialize(self, model_configs: Any = None) -> None:
        """Load ``model_configs``, unless they are None."""
        if model_configs is not None:
            self.load_model_configs(model_configs)

    def load_model_configs(self, model_configs: Any, clear_existing: bool = False) -> None:
        """Load a dict, a list or a path; after an error, nothing has changed.

        Raises FileNotFoundError or ValueError (a ConfigError with every problem).
        """
        try:
            hub = ModelRegistry(model_configs, wrappers=self._registered.values())
        except ConfigError as error:
            if isinstance(model_configs, str) and not Path(model_configs).exists():
                raise FileNotFoundError(str(error)) from None
            raise ConfigValueError(error.problems) from None
        known = {} if clear_existing else self._hubs
        for name in hub.names():
            if name in known:
                warnings.warn(f"Config name [{name}] already exists: what was loaded first counts", ConfigWarning, 3)
        self._hubs = {**known, **{name: hub for name in hub.names() if name not in known}}

    def get_model_by_config_name(self, config_name: str) -> Any:
        """The model, the same object each time; raises ValueError if no config has that name."""
        if not self._hubs:
            raise ValueError("No model configs loaded, please call `agentscope.init(model_configs=...)` first.")
        hub = self._hubs.get(config_name)
        if hub is None:
            known = ", ".join(self._hubs)
            raise ValueError(f"Cannot find [{config_name}] in loaded configurations, which are: {known}.")
        return hub.get_model(config_name)

    def get_config_by_name(self, config_name: str) -> dict[str, Any] | None:
        """A copy of a config with its secrets; None if no config has that name."""
        hub = self._hubs.get(config_name)
        return None if hub is None else hub.build_config(config_name)

    def clear_model_configs(self) -> None:
        """Forget the configs; models that the program already has go on working."""
        self._hubs.clear()

    def register_model_wrapper_class(self, model_wrapper_class: Any, exist_ok: bool = False) -> None:
        """Replace the class of a model_type; a class with a new model_type is known without this call.

        Raises TypeError if it is not a wrapper class, ValueError if it declares no model_type, or if the type has a
        class already and ``exist_ok`` is false.
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
        return {name: self._registered.get(name) or WRAPPERS.load(name) for name in self._known()}

    def state_dict(self) -> dict[str, Any]:
        """The configs, without their secrets."""
        return {"model_configs": {name: hub.config(name) for name, hub in self._hubs.items()}}

    def load_dict(self, data: dict[str, Any]) -> None:
        """Replace the configs with those in ``data["model_configs"]``."""
        self.load_model_configs(list(data["model_configs"].values()), clear_existing=True)

    def flush(self) -> None:
        """Forget the configs."""
        self.clear_model_configs()

    def _known(self) -> dict[str, Any]:
        return {**WRAPPERS.by_name, **self._registered}


class MonitorManager:
    """The usage of all models in this process, kept in memory only."""

    path_db = None

    @staticmethod
    def get_instance() -> MonitorManager:
        """The one there is."""
        return _MONITOR

    def initialize(self, use_monitor: bool) -> None:
        """Begin to count calls, or stop it."""
        self.use_monitor = use_monitor

    @property
    def use_monitor(self) -> bool:
        """Whether calls are counted."""
        return MONITOR.observe in HOOKS

    @use_monitor.setter
    def use_monitor(self, use_monitor: bool) -> None:
        MONITOR.enabled = use_monitor
        (observe if use_monitor else ignore)(MONITOR.observe)

    def __getattr__(self, name: str) -> Any:
        return getattr(MONITOR, name)  # update_*, show_*

    def print_llm_usage(self) -> dict[str, list[dict[str, Any]]]:
        """Print how much the models have used, and return it.

        It is logged where the program's logging shows it, else a table of it goes to standard error.
        """
        usage = {"text_and_embedding": MONITOR.show_text_and_embedding_tokens(), "image": MONITOR.show_image_tokens()}
        for rows in filter(None, usage.values()):
            if _LOGGER.isEnabledFor(logging.INFO):
                for row in rows:
                    _LOGGER.info(" | ".join(f"{key} {value}" for key, value in row.items()))
            else:
                print(build_table(rows), file=sys.stderr)
        return usage

    def state_dict(self) -> dict[str, Any]:
        """The settings."""
        return {"use_monitor": self.use_monitor, "path_db": None}

    def load_dict(self, data: dict[str, Any]) -> None:
        """Set the settings to those that ``state_dict`` returned."""
        self.initialize(data["use_monitor"])

    def rm_database(self) -> None:
        """Forget all counts."""
        MONITOR.reset()

    def flush(self) -> None:
        """Stop counting, and forget all counts."""
        self.use_monitor = False
        MONITOR.enabled = True  # as it is before any `init`: wrappers may count for themselves
        MONITOR.reset()


def build_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of usage as text: a line with the names of the columns, and one for each row."""
    lines = [list(rows[0]), *([str(value) for value in row.values()] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ([cell.ljust(width) for cell, width in zip(line, widths, strict=True)] for line in lines)
    return "\n".join(" | ".join(line).rstrip() for line in padded)


_MODELS = ModelManager()
_MONITOR = MonitorManager()


class ASManager:
    """One run: its ids and names, and the other managers."""

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
        """The state of the run and of the other managers, without secrets."""
        return {
            **self.identity,
            "agentscope_version": VERSION,
            "file": self.file.state_dict(),
            "model": redact(self.model.state_dict()),
            "logger": {"level": self.logger_level},
            "monitor": self.monitor.state_dict(),
        }

    def load_dict(self, data: dict[str, Any]) -> None:
        """Set the state to that which ``state_dict`` returned."""
        self.identity = {name: data[name] for name in self.identity}
        self.logger_level = data["logger"]["level"]
        self.file.load_dict(data["file"])
        self.model.load_dict(data["model"])
        self.monitor.load_dict(data["monitor"])

    def flush(self) -> None:
        """Go back to the state before ``init``."""
        self._forget()
        for part in (self.file, self.model, self.monitor):
            part.flush()

    def _forget(self) -> None:
        empty = dict.fromkeys(("project", "name", "run_id", "timestamp"), "")
        self.identity = {**empty, "disable_saving": True, "pid": -1, "studio_url": None}
        self.logger_level = "INFO"


_RUN = ASManager()

__getattr__ = refuse("agentscope.manager")
