"""Which observers have names: ours, and those that installed packages declare; how one is made by its name."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from modelhub.diagnostics.wording import suggest_name
from modelhub.errors import ConfigError, ModelHubError, PluginError, Problem
from modelhub.plugins.group import PluginGroup
from modelhub.plugins.modules import find_module

if TYPE_CHECKING:
    from modelhub.telemetry.observers import Observer

GROUP = "modelhub.observers"
# The module without which an observer of ours cannot work, and what brings it.
_NEEDED = {"otel": "opentelemetry", "prometheus": "prometheus_client"}
_PACKAGES = {"opentelemetry": "opentelemetry-api", "prometheus_client": "prometheus-client"}


def _explain_misfit(loaded: Any) -> str | None:
    return None if callable(loaded) else "it cannot be called to make an observer"


OBSERVERS: PluginGroup[Any] = PluginGroup(GROUP, "observer", _explain_misfit)


def build_observer(named: str, where: str = "") -> Observer:
    """The observer that ``named`` asks for: a name, and perhaps a colon and a text that its maker is called with.

    Raises ConfigError, which says ``where`` it was named, for a name that nobody has, a text that means nothing, and a
    library that is missing; PluginError for a package that cannot make its observer.
    """
    name, colon, text = named.partition(":")
    who = f"the observer {name!r}{where}"
    if OBSERVERS.find(name) is None:
        hint = suggest_name(name, OBSERVERS.by_name, "observers")
        raise ConfigError([Problem("MH505", f"there is no observer {name!r}{where}", hint)])
    if name in _NEEDED and find_module(_NEEDED[name]) is None:
        raise _build_absence(name, who, _NEEDED[name])
    try:
        observer: Any = _make(OBSERVERS.load(name), text if colon else None)
    except ModelHubError:
        raise
    except ModuleNotFoundError as error:
        raise _build_absence(name, who, error.name or str(error)) from error
    except ValueError as error:
        raise ConfigError([Problem("MH505", f"{who} cannot be made: {error}")]) from error
    except Exception as error:
        raise PluginError(f"{who} cannot be made: {type(error).__name__}: {error}") from error
    if not callable(observer):
        raise PluginError(f"{who} is no function that takes an event, but {type(observer).__name__}")
    found: Observer = observer
    return found


def _make(maker: Any, text: str | None) -> Any:
    """What ``maker`` gives for the text after the colon; without one it is called with nothing, if it may be."""
    if text is not None:
        return maker(text)
    try:
        inspect.signature(maker).bind()
    except TypeError:
        return maker(None)
    except ValueError:  # written in C: its parameters are not told
        pass
    return maker()


def _build_absence(name: str, who: str, module: str) -> ConfigError:
    plugin = OBSERVERS.find(name)
    ours = plugin is None or plugin.built_in
    hint = f"pip install {_PACKAGES.get(module, module)}" if ours else f"install it; {plugin} should have asked for it"
    return ConfigError([Problem("MH506", f"{who} needs the module {module!r}, which is not installed", hint)])
