"""Converts the configs of LiteLLM into model configs."""

from modelhub.authoring.importers.litellm.convert import import_litellm
from modelhub.authoring.importers.litellm.read import read_config

__all__ = ["import_litellm", "read_config"]
