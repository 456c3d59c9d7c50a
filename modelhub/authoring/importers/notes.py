"""The notes about a conversion: each note once, with the first place that it is about."""

from __future__ import annotations

from modelhub.configs import Document
from modelhub.configs.readers.positions import Path
from modelhub.errors import Problem
from modelhub.secrets import mask_keys

_SHOWN = 5  # further places that a note lists


class Notes:
    """Collects notes. An error is a note about something that should have been converted and could not be."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str | None, str], list[Problem]] = {}

    def add(self, document: Document, path: Path, message: str, *, key: bool = False, is_error: bool = False) -> None:
        """Say ``message`` about the value at ``path``, or about the key that is its last step."""
        note = document.problem("", mask_keys(message), path, key=key, severity="error" if is_error else "warning")
        notes = self._places.setdefault((note.severity, note.file, message), [])
        if note not in notes:
            notes.append(note)

    def write(self) -> list[str]:
        """One line for each note, in the order of the files and their lines."""
        files: dict[str | None, int] = {}
        for _, file, _ in self._places:
            files.setdefault(file, len(files))
        found = [sorted(notes, key=lambda note: (note.line or 0, note.column or 0)) for notes in self._places.values()]
        found.sort(key=lambda notes: (files[notes[0].file], notes[0].line or 0, notes[0].column or 0))
        return [_write(*notes) for notes in found]

    @property
    def errors(self) -> int:
        """The number of errors."""
        return sum(len(notes) for (severity, _, _), notes in self._places.items() if severity == "error")


def _write(first: Problem, *others: Problem) -> str:
    error = "error: " if first.severity == "error" else ""
    lines = list(dict.fromkeys(str(note.line) for note in others))
    more = f" and {len(lines) - _SHOWN} more" if len(lines) > _SHOWN else ""
    also = f" (also on line{'s' if len(lines) > 1 else ''} {', '.join(lines[:_SHOWN])}{more})" if lines else ""
    return f"{first.place}: {error}{first.message}{also}"
