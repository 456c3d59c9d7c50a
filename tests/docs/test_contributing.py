"""CONTRIBUTING.md names only what exists: every path, every script and every recipe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ..paths import ROOT
from .test_justfile import RECIPES

TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
TOP = {path.name for path in ROOT.iterdir()}
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def find_spans(text: str) -> list[str]:
    """The code spans of a page, less those that are examples in blocks."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))


def find_paths(text: str) -> list[str]:
    """The paths that a page names: in code spans, also with arguments behind them, and in links."""
    words = [word for span in find_spans(text) for word in span.split()]
    paths = [word for word in words if word in TOP or word.partition("/")[0] in TOP or re.search(r"\w/\w", word)]
    return paths + [target for target in LINK.findall(text) if "://" not in target]


def exists(path: str, root: Path) -> bool:
    """Whether a path is there; ``<name>`` in it stands for any name."""
    pattern = re.sub(r"<\w+>", "*", path).rstrip("/")
    return any(found.is_dir() or not path.endswith("/") for found in root.glob(pattern))


def find_missing(text: str, root: Path) -> list[str]:
    """What a page names and what does not exist."""
    recipes = [span.split()[1] for span in find_spans(text) if span.startswith("just ")]
    missing = [path for path in find_paths(text) if not exists(path, root)]
    return missing + [f"just {recipe}" for recipe in recipes if recipe not in RECIPES]


def test_everything_that_is_named_exists() -> None:
    assert len(set(find_paths(TEXT))) > 60
    assert find_missing(TEXT, ROOT) == []


@pytest.mark.parametrize(
    "named",
    [
        "`modelhub/nowhere.py`",
        "`scripts/nothing NAME`",
        "`tests/nowhere/<case>.json`",
        "`setup.cfg/`",
        "[x](docs/no.md)",
    ],
)
def test_what_does_not_exist_is_found(named: str) -> None:
    assert find_missing(f"See {named}.", ROOT) != []


def test_a_recipe_that_does_not_exist_is_found() -> None:
    assert find_missing("`just dance`, `just test -q`", ROOT) == ["just dance"]


def test_every_name_of_a_table_exists() -> None:
    rows = re.findall(r"`([A-Z_]{4,})` of `([\w/.]+)`", TEXT)
    assert len(rows) == 8
    for name, path in rows:
        assert re.search(rf"^{name}\b", (ROOT / path).read_text("utf-8"), re.M), name
