"""How much all sources together may hold, so that reading and checking them ends within ten seconds and 500 MB."""

from __future__ import annotations

_MEGABYTE = 1024 * 1024
# What one file may have; several files share it. To read YAML takes ten times as long as to read JSON.
MAX_BYTES = {"json": 10 * _MEGABYTE, "jsonc": 10 * _MEGABYTE, "toml": 4 * _MEGABYTE, "yaml": 4 * _MEGABYTE}
MAX_VALUES = 100_000
TOO_MANY = f"the configs hold more than {MAX_VALUES:,} values"


class Allowance:
    """What may still be read."""

    def __init__(self) -> None:
        self._share = 1.0
        self._values = MAX_VALUES

    def take_text(self, size: int, format: str) -> str | None:
        """Take a text of ``size`` bytes off what may be read; say why not, if that is too much."""
        most = MAX_BYTES[format]
        if size > most:
            return f"there are more than {most // _MEGABYTE} MB of it"
        self._share -= size / most
        if self._share < 0:
            return f"the files together are larger than what is read: {most // _MEGABYTE} MB in this format"
        return TOO_MANY if self._values < 0 else None

    def take_values(self, count: int) -> bool:
        """Take values off what may be read; tell whether there were as many left."""
        self._values -= count
        return self._values >= 0
