"""Configs of other programs as model configs."""

from modelhub.importing.litellm import Imported, import_litellm
from modelhub.importing.notes import Notes
from modelhub.importing.reading import read_config

__all__ = ["Imported", "Notes", "import_litellm", "read_config"]
