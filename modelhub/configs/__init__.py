"""Model configs and where every value of them stands: Python objects, YAML, JSON and TOML, files and folders."""

from modelhub.configs.layers.entry import Entry, Loaded
from modelhub.configs.readers.document import Document
from modelhub.configs.readers.positions import Span
from modelhub.configs.sources import Source, Sources, is_address, load, load_text, select_profile, show

__all__ = [
    "Document",
    "Entry",
    "Loaded",
    "Source",
    "Sources",
    "Span",
    "is_address",
    "load",
    "load_text",
    "select_profile",
    "show",
]
