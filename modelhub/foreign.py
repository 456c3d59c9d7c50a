"""The other project that is called modelhub: whether it is installed in the same environment."""

from __future__ import annotations

import os
import sys
import warnings
from functools import cache

DISTRIBUTION = "modelhub-registry"  # ours; the index knows another project as modelhub
_STANDARD_LIBRARY = os.__file__.removesuffix(f"{os.sep}os.py")


@cache
def describe_foreign() -> str | None:
    """What to say about the other project where it is on the path, in one line; None where it is not."""
    for folder in sys.path:
        version = None if folder == _STANDARD_LIBRARY else _find_version(folder or os.curdir)
        if version is not None:
            return (
                f"the distribution modelhub {version} in {folder or os.curdir} is another project with the same import "
                "name and command, and each overwrites files of the other: run `pip uninstall modelhub`, then install "
                f"{DISTRIBUTION} again with --force-reinstall"
            )
    return None


@cache
def warn_of_foreign() -> None:
    """Warn of the other project, once in a process; the warning points at the caller of our caller."""
    text = describe_foreign()
    if text is not None:
        warnings.warn(text, UserWarning, stacklevel=3)


def _find_version(folder: str) -> str | None:
    """The version of the other project that is installed in a folder, from the name of its metadata.

    Importing and asking importlib.metadata would take a hundred times as long.
    """
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("modelhub-") and entry.name.endswith(".dist-info"):
                    return entry.name.removeprefix("modelhub-").removesuffix(".dist-info")
    except OSError:  # not there, or a zip file
        pass
    return None
