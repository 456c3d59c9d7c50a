"""The versions that the tests are run with: the oldest ones, and what has moved since a run that passed."""

from __future__ import annotations

import re
import runpy

import pytest

from ..paths import ROOT, TESTS

VERSIONS = runpy.run_path(str(ROOT / "scripts" / "versions.py"))


def test_the_oldest_are_those_of_the_project() -> None:
    pins = VERSIONS["list_oldest"]((ROOT / "pyproject.toml").read_text("utf-8"))
    assert {pin.partition("==")[0] for pin in pins} == {
        *("aiohttp", "click", "jmespath", "jsonschema", "orjson", "pluggy", "pyyaml", "regex", "requests")
    }
    assert all(re.fullmatch(r"[a-z]+==[\d.]+", pin) for pin in pins)
    assert VERSIONS["list_oldest"]('[project]\ndependencies = ["a-b>=1.2", "c>=3"]') == ["a-b==1.2", "c==3"]


@pytest.mark.parametrize("requirement", ["a", "a<2", "a>=1,<2", "a[x]>=1", "a>=1; python_version < '3.12'"])
def test_a_dependency_without_a_plain_floor_is_refused(requirement: str) -> None:
    with pytest.raises(ValueError, match="is not written as NAME>=VERSION"):
        VERSIONS["list_oldest"](f'[project]\ndependencies = ["{requirement}"]')


def test_what_has_moved_is_named() -> None:
    old, new = {"PyYAML": "6.0.3", "a": "1", "b": "2"}, {"PyYAML": "6.0.4", "a": "1", "c": "3"}
    said = VERSIONS["compare"](old, new)
    assert said == "these have moved since the last passing run: PyYAML 6.0.3 -> 6.0.4, c 3 (new), b 2 (gone)"
    assert VERSIONS["compare"](old, old) == "no package has moved since the last passing run"


def test_what_is_recorded_is_read_back() -> None:
    installed = VERSIONS["find_installed"]()
    assert {"PyYAML", "pytest"} <= installed.keys() and "modelhub-registry" not in installed
    assert VERSIONS["read_record"](VERSIONS["write_record"](installed)) == installed
    assert VERSIONS["read_record"]((TESTS / "constraints.txt").read_text("utf-8")).keys() >= {"PyYAML"}
