"""Converts the configs of LiteLLM into model configs."""

from modelhub.authoring.litellm.convert import Imported, import_litellm
from modelhub.authoring.litellm.notes import Notes
from modelhub.authoring.litellm.read import read_config

__all__ = ["Imported", "Notes", "import_litellm", "read_config"]
