"""The start scripts' program: ``start.py ENGINE -m MODEL ...`` runs what ``scripts/ENGINE/engine.py`` plans."""

import importlib
import sys
from pathlib import Path

if sys.version_info < (3, 11):  # noqa: UP036, since PYTHON is the engine's interpreter, not ours
    sys.exit(f"{sys.executable} is Python {sys.version.split()[0]}; set PYTHON to one of 3.11 or newer")

SCRIPTS = str(Path(__file__).resolve().parents[1])
sys.path.insert(0, SCRIPTS)
command = importlib.import_module("serving.command")
sys.path.remove(SCRIPTS)  # where the folders are called like the engines' own packages

if __name__ == "__main__":
    sys.exit(command.main())
