"""Converts the configs of other programs into model configs."""

from modelhub.authoring.importers.engine import Imported
from modelhub.authoring.importers.notes import Notes
from modelhub.authoring.importers.reading import import_text
from modelhub.authoring.importers.table import PROGRAMS, Program

__all__ = ["PROGRAMS", "Imported", "Notes", "Program", "import_text"]
