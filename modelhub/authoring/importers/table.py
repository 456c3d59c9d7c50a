"""The programs whose configs can be converted, and where the importer of each is."""

from __future__ import annotations

from typing import NamedTuple


class Program(NamedTuple):
    """One program; its module has ``find_models``, a function of a document and the notes, which yields deployments."""

    title: str
    files: str  # the files that have its models
    module: str


_ROOM = "modelhub.authoring.importers"
PROGRAMS = {
    "aider": Program("aider", ".aider.model.settings.yml, .aider.conf.yml", f"{_ROOM}.aider"),
    "autogen": Program("AutoGen", "OAI_CONFIG_LIST, component configs", f"{_ROOM}.autogen"),
    "continue": Program("Continue", "config.yaml, config.json", f"{_ROOM}.continue_"),
    "graphrag": Program("GraphRAG", "settings.yaml", f"{_ROOM}.graphrag"),
    "librechat": Program("LibreChat", "librechat.yaml", f"{_ROOM}.librechat"),
    "litellm": Program("LiteLLM's proxy", "config.yaml", f"{_ROOM}.litellm"),
    "llm": Program("llm", "extra-openai-models.yaml", f"{_ROOM}.llm"),
    "metagpt": Program("MetaGPT", "config2.yaml, config.yaml", f"{_ROOM}.metagpt"),
    "opencode": Program("opencode", "opencode.json, opencode.jsonc", f"{_ROOM}.opencode"),
    "promptfoo": Program("promptfoo", "promptfooconfig.yaml", f"{_ROOM}.promptfoo"),
    "tensorzero": Program("TensorZero", "tensorzero.toml", f"{_ROOM}.tensorzero"),
}
