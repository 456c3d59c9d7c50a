"""Which versions of other packages the tests are run with.

    python scripts/versions.py oldest    the lowest versions of what modelhub needs that pyproject.toml allows, as pins
    python scripts/versions.py record    write down what this Python has, after a run that passed
    python scripts/versions.py moved     say what has moved since, after one that failed

What is recorded is compared and pins nothing: the tests always run with the newest versions, and with the oldest.
"""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROJECT = ROOT / "pyproject.toml"
RECORD = ROOT / "tests" / "constraints.txt"
HEAD = "# What every check last passed with, written by scripts/test --record. Nothing is pinned by it.\n"
FLOOR = re.compile(r"([\w.-]+)>=([\w.]+)")
OWN = {"modelhub-registry", "pip"}  # what is tested, and what installs it


def list_oldest(project: str) -> list[str]:
    """The dependencies in the text of a pyproject.toml, each pinned to its lowest version; raises ValueError."""
    pins = []
    for requirement in tomllib.loads(project)["project"]["dependencies"]:
        floor = FLOOR.fullmatch(requirement)
        if floor is None:
            raise ValueError(f"the dependency {requirement!r} is not written as NAME>=VERSION")
        pins.append(f"{floor[1]}=={floor[2]}")
    return pins


def find_installed() -> dict[str, str]:
    """The version of each package that this Python has."""
    found = {distribution.name: distribution.version for distribution in distributions()}
    return {name: found[name] for name in sorted(found, key=str.lower) if name.lower() not in OWN}


def write_record(versions: dict[str, str]) -> str:
    """The text of the record."""
    return HEAD + "".join(f"{name}=={version}\n" for name, version in versions.items())


def read_record(text: str) -> dict[str, str]:
    """The versions in the text of a record."""
    pins = (line.partition("==") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: version for name, _, version in pins}


def compare(old: dict[str, str], new: dict[str, str]) -> str:
    """The sentence that says what has moved."""
    moved = [f"{name} {old[name]} -> {new[name]}" for name in new if name in old and old[name] != new[name]]
    moved += [f"{name} {new[name]} (new)" for name in new if name not in old]
    moved += [f"{name} {old[name]} (gone)" for name in old if name not in new]
    if not moved:
        return "no package has moved since the last passing run"
    return f"these have moved since the last passing run: {', '.join(moved)}"


def main() -> None:
    """Do what the one argument says."""
    match sys.argv[1:]:
        case ["oldest"]:
            print(*list_oldest(PROJECT.read_text("utf-8")))
        case ["record"]:
            RECORD.write_text(write_record(find_installed()), "utf-8")
        case ["moved"]:
            print(compare(read_record(RECORD.read_text("utf-8")), find_installed()))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
