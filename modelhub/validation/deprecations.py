"""Replace AgentScope's old spellings by the modern ones, each with a warning that says what to write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple

from modelhub.diagnostics import Finding
from modelhub.diagnostics.suggest import suggest
from modelhub.patterns import expression
from modelhub.validation.rules.contests import find_bare_type
from modelhub.validation.rules.identity import ALIASES, explain_old_type
from modelhub.validation.schema.view import View

# AgentScope took the name of a wrapper's class for a model_type, too.
_TYPES = ALIASES | {
    "AnthropicChatWrapper": "anthropic_chat",
    "DashScopeChatWrapper": "dashscope_chat",
    "DashScopeImageSynthesisWrapper": "dashscope_image_synthesis",
    "DashScopeMultiModalWrapper": "dashscope_multimodal",
    "DashScopeTextEmbeddingWrapper": "dashscope_text_embedding",
    "GeminiChatWrapper": "gemini_chat",
    "GeminiEmbeddingWrapper": "gemini_embedding",
    "LiteLLMChatWrapper": "litellm_chat",
    "OllamaChatWrapper": "ollama_chat",
    "OllamaEmbeddingWrapper": "ollama_embedding",
    "OllamaGenerationWrapper": "ollama_generate",
    "OpenAIChatWrapper": "openai_chat",
    "OpenAIDALLEWrapper": "openai_dall_e",
    "OpenAIEmbeddingWrapper": "openai_embedding",
    "OpenAIWrapper": "openai_chat",
    "PostAPIChatWrapper": "post_api_chat",
    "PostAPIDALLEWrapper": "post_api_dall_e",
    "PostAPIEmbeddingWrapper": "post_api_embedding",
    "PostAPIModelWrapperBase": "post_api",
    "YiChatWrapper": "yi_chat",
    "ZhipuAIChatWrapper": "zhipuai_chat",
    "ZhipuAIEmbeddingWrapper": "zhipuai_embedding",
}
_IDENTITY = {"type": "model_type", "name": "config_name"}  # before the first release
_OLLAMA = frozenset({"ollama_chat", "ollama_generate", "ollama_embedding"})
_TAKES_MODEL = _OLLAMA | {"openai_chat", "openai_dall_e", "openai_embedding"}
_MODEL = {"model": "model_name"}
_NUMBER = expression(r"[+-]?\d+(\.\d+)?")


class Modern(NamedTuple):
    """A config in its modern spelling, a warning for each change, and the keys as they stand in the file."""

    config: dict[str, Any]
    findings: list[Finding]
    written: dict[str, str]


class Spellings:
    """What the merging of layers has to know about old spellings and keys.

    ``model_types`` are the existing ones, and ``schema_of`` returns the schema of one.
    """

    def __init__(
        self, model_types: Collection[str], schema_of: Callable[[str], dict[str, Any] | None] = lambda _: None
    ) -> None:
        self._model_types = model_types
        self._schema_of = schema_of

    def modern_type(self, model_type: str) -> str:
        """The model_type that an old name or the name of a class means; any other name is returned as it is.

        A distribution before it is left out: what is said of a model_type holds for that of any distribution.
        """
        return find_bare_type(_find_modern_type(model_type, self._model_types))

    def near_type(self, model_type: str) -> str | None:
        """The model_type that a misspelt name probably means; None if the name exists, or if no name is near."""
        if self.modern_type(model_type) in self._model_types:
            return None
        return suggest(model_type, sorted(self._model_types))

    def old_keys(self, model_type: str | None) -> Mapping[str, str]:
        """The old spellings of keys in configs of a model_type, each with the spelling of today."""
        return _MODEL if model_type in _TAKES_MODEL else {}

    def identity_keys(self, config: Mapping[str, Any]) -> Mapping[str, str]:
        """The old spellings of config_name and model_type that a config uses, each with the spelling of today."""
        return {new: old for old, new in _IDENTITY.items()} if _has_old_identity(config) else {}

    def has_key(self, model_type: str, key: str) -> bool:
        """Whether configs of a model_type may say ``key``; True where nobody knows."""
        modern = self.modern_type(model_type)
        try:
            schema = self._schema_of(modern) if modern in self._model_types else None
        except Exception:  # a plugin may raise anything; validation tells of it
            return True
        return schema is None or View.of(schema).child(key) is not None


def modernize(config: dict[str, Any], model_types: Collection[str]) -> dict[str, Any]:
    """Return ``config`` in its modern spelling (itself if nothing changes); ``model_types`` are the existing ones."""
    return read_modern(config, model_types).config


def read_modern(config: dict[str, Any], model_types: Collection[str]) -> Modern:
    """Return ``config`` in its modern spelling and the changes; the paths of the findings are modern, too."""
    modern = Modern(config, [], {})
    if _has_old_identity(config):
        modern = _rename(modern, _IDENTITY)
    modern = _rename_type(modern, model_types)
    model_type = modern.config.get("model_type")
    if not isinstance(model_type, str):
        return modern
    model_type = find_bare_type(model_type)
    if model_type in _TAKES_MODEL and "model" in config and "model_name" not in config:
        modern = _rename(modern, _MODEL)
    if model_type in _OLLAMA and isinstance(config.get("options"), dict):
        modern = _read_numbers(modern)
    return modern


def _has_old_identity(config: Mapping[str, Any]) -> bool:
    return _IDENTITY.keys() <= config.keys() and not set(_IDENTITY.values()) & config.keys()


def _find_modern_type(model_type: str, model_types: Collection[str]) -> str:
    if model_type in model_types:
        return model_type
    new = _TYPES.get(model_type, model_type)
    return new if new in model_types else model_type


def _rename(modern: Modern, names: dict[str, str]) -> Modern:
    config = {names.get(key, key): value for key, value in modern.config.items()}
    findings = [
        _warn(f"the key '{old}' is the old name of '{new}'", f"write '{new}'", new, key=True)
        for old, new in names.items()
    ]
    return Modern(config, modern.findings + findings, modern.written | {new: old for old, new in names.items()})


def _rename_type(modern: Modern, model_types: Collection[str]) -> Modern:
    old = modern.config.get("model_type")
    if not isinstance(old, str):
        return modern
    new = _find_modern_type(old, model_types)
    if new == old:
        return modern
    findings = [*modern.findings, explain_old_type(old, new)]
    return modern._replace(config={**modern.config, "model_type": new}, findings=findings)


def _read_numbers(modern: Modern) -> Modern:
    """Read numbers in quotes among Ollama's options as numbers: AgentScope's own example configs have such."""
    options = modern.config["options"]
    quoted = {
        key: text
        for key, text in options.items()
        if key != "stop" and isinstance(text, str) and _NUMBER.fullmatch(text)
    }
    if not quoted:
        return modern
    numbers = {key: float(text) if "." in text else int(text) for key, text in quoted.items()}
    findings = [
        _warn(f"options.{key} is a number in quotes", f"write {text} without quotes", "options", key)
        for key, text in quoted.items()
    ]
    config = {**modern.config, "options": {**options, **numbers}}
    return modern._replace(config=config, findings=modern.findings + findings)


def _warn(message: str, hint: str, *path: str, key: bool = False) -> Finding:
    return Finding("MH109", message, path, key=key, hint=hint, severity="warning")
