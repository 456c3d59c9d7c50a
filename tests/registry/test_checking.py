"""Configs are checked without a registry, and a registry says the same of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from modelhub import ModelRegistry
from modelhub.base import ModelWrapperBase
from modelhub.configs import Sources
from modelhub.registry import checking
from modelhub.registry.types import KnownTypes


class TalkerWrapper(ModelWrapperBase):
    model_type = "talker"

    def __init__(self, config_name: str, words: int) -> None: ...

    def __call__(self) -> str:
        return ""


CONFIGS = {
    "right": {"config_name": "a", "model_type": "openai_chat"},
    "misspelt": {"config_name": "a", "model_type": "openai_chat", "timeuot": 3},
    "not_set": {"config_name": "a", "model_type": "openai_chat", "api_key": "${NOT_SET_ANYWHERE}"},
    "overlay": {
        "models": [{"config_name": "a", "model_type": "openai_chat"}],
        "profiles": {"prod": {"a": {"timeout": "soon"}}},
    },
    "registered": {"config_name": "a", "model_type": "TalkerWrapper", "words": "many"},
}


@pytest.mark.parametrize("environment", [False, True])
@pytest.mark.parametrize("profile", [None, "prod"])
@pytest.mark.parametrize("name", CONFIGS)
def test_a_registry_says_the_same(name: str, profile: str | None, environment: bool) -> None:
    def load() -> Sources:
        sources = Sources()
        sources.add(CONFIGS[name])
        return sources

    registry = ModelRegistry(wrappers=[TalkerWrapper], profile=profile)
    types = KnownTypes({"TalkerWrapper": TalkerWrapper})
    ours = checking.read(load(), profile, types, environment=environment)
    theirs = registry.read(load(), environment=environment)
    assert [str(problem) for problem in ours.problems] == [str(problem) for problem in theirs.problems]
    assert checking.check(ours.entries, types) == registry.check(theirs.entries)


@pytest.mark.parametrize(
    ("name", "options", "codes"),
    [
        ("right", {}, []),
        ("misspelt", {}, ["MH103"]),
        ("not_set", {}, []),
        ("not_set", {"environment": True}, ["MH301"]),
        ("overlay", {}, []),
        ("overlay", {"profile": "prod"}, ["MH104"]),
    ],
)
def test_what_is_said(name: str, options: dict[str, Any], codes: list[str]) -> None:
    sources = Sources()
    sources.add(CONFIGS[name])
    assert [problem.code for problem in checking.read(sources, **options).problems] == codes


def test_checking_loads_no_registry_and_no_wrapper(tmp_path: Path) -> None:
    path = tmp_path / "models.yaml"
    path.write_text("{config_name: a, model_type: openai_chat}\n")
    program = f"""
import sys
from modelhub import configs
from modelhub.registry import checking

sources = configs.Sources()
sources.add({str(path)!r})
assert checking.read(sources).problems == []
heavy = ("modelhub.registry.registry", "modelhub.base", "modelhub.wrappers")
print([name for name in sys.modules if name.startswith(heavy)])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
