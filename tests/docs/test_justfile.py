"""The recipes of the justfile: each is one line over a script that exists and runs."""

from __future__ import annotations

import os
import re

import pytest

from ..paths import ROOT

RECIPE = re.compile(r"^# (?P<comment>.+)\n(?P<name>\w+)(?: \*arguments)?:\n    (?P<line>.+)\n(?=\n|\Z)", re.M)
TEXT = (ROOT / "justfile").read_text("utf-8")
RECIPES = {found["name"]: found["line"] for found in RECIPE.finditer(TEXT)}


def test_every_recipe_is_one_line_with_a_comment() -> None:
    assert list(RECIPES) == re.findall(r"^(\w+).*:$", TEXT, re.M)
    assert {"test", "servers", "quickstart", "bench", "house", "docs"} <= set(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_the_script_of_a_recipe_exists(name: str) -> None:
    script = ROOT / RECIPES[name].split()[0]
    assert script.parent == ROOT / "scripts"
    assert script.is_file() and os.access(script, os.X_OK)
