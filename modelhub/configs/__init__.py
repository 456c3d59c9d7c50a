"""Model configs and where every value of them stands: Python objects, YAML, JSON and TOML, files and folders."""

from modelhub.configs.documents import Document, Entry, Loaded
from modelhub.configs.positions import Span
from modelhub.configs.sources import load, load_text

__all__ = ["Document", "Entry", "Loaded", "Span", "load", "load_text"]
