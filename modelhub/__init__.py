"""Declare models in a file, call them by name: ``init`` once, ``get_model`` anywhere.

Everything here is imported on first use, so that ``import modelhub`` itself costs next to nothing.
"""

TYPE_CHECKING = False  # importing it from typing would cost more than all the rest
if TYPE_CHECKING:
    from modelhub import errors as errors
    from modelhub import events as events
    from modelhub.base import HTTPModelWrapperBase as HTTPModelWrapperBase
    from modelhub.base.public import ChatWrapper as ChatWrapper
    from modelhub.base.public import EmbeddingWrapper as EmbeddingWrapper
    from modelhub.base.public import ImageWrapper as ImageWrapper
    from modelhub.base.public import ModelWrapperBase as ModelWrapperBase
    from modelhub.errors import ConfigError as ConfigError
    from modelhub.errors import ConfigWarning as ConfigWarning
    from modelhub.errors import ModelCallError as ModelCallError
    from modelhub.errors import ModelHubError as ModelHubError
    from modelhub.errors import PluginError as PluginError
    from modelhub.errors import Problem as Problem
    from modelhub.errors import ResponseParsingError as ResponseParsingError
    from modelhub.messages.msg import Msg as Msg
    from modelhub.registry import ModelRegistry as ModelRegistry
    from modelhub.registry import chat as chat
    from modelhub.registry import embedding as embedding
    from modelhub.registry import get_model as get_model
    from modelhub.registry import image as image
    from modelhub.registry import init as init
    from modelhub.registry import stats as stats
    from modelhub.registry.report import ReloadReport as ReloadReport
    from modelhub.response import ModelResponse as ModelResponse
    from modelhub.response import ToolCall as ToolCall
    from modelhub.response import ToolCallDelta as ToolCallDelta
    from modelhub.response import Usage as Usage
    from modelhub.trail import Attempt as Attempt

    __version__: str

_HOMES = {
    "HTTPModelWrapperBase": "modelhub.base",
    "ModelWrapperBase": "modelhub.base",
    "ChatWrapper": "modelhub.base",
    "EmbeddingWrapper": "modelhub.base",
    "ImageWrapper": "modelhub.base",
    "ConfigError": "modelhub.errors",
    "ConfigWarning": "modelhub.errors",
    "ModelCallError": "modelhub.errors",
    "ModelHubError": "modelhub.errors",
    "PluginError": "modelhub.errors",
    "Problem": "modelhub.errors",
    "ResponseParsingError": "modelhub.errors",
    "Msg": "modelhub.messages.msg",
    "ModelRegistry": "modelhub.registry",
    "chat": "modelhub.registry",
    "embedding": "modelhub.registry",
    "image": "modelhub.registry",
    "get_model": "modelhub.registry",
    "init": "modelhub.registry",
    "stats": "modelhub.registry",
    "ReloadReport": "modelhub.registry.report",
    "ModelResponse": "modelhub.response",
    "ToolCall": "modelhub.response",
    "ToolCallDelta": "modelhub.response",
    "Usage": "modelhub.response",
    "Attempt": "modelhub.trail",
}

__all__ = ["__version__", *_HOMES]  # pyright: ignore[reportUnsupportedDunderAll]


if not TYPE_CHECKING:  # to which a name that does not exist is an error

    def __getattr__(name):
        import importlib

        if name in _HOMES:
            value = getattr(importlib.import_module(_HOMES[name]), name)
        elif name == "__version__":
            from importlib.metadata import version

            value = version("modelhub-registry")  # the distribution; modelhub is another project's
        else:
            try:
                return importlib.import_module(f"{__name__}.{name}")  # modelhub.errors without importing it by name
            except ModuleNotFoundError:
                raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
        globals()[name] = value
        return value

    def __dir__():
        return sorted({*__all__, "errors", "events", *(name for name in globals() if name.startswith("_"))})
