"""Private protocols that are described by configuration alone hold to the contract of all wrappers."""

from __future__ import annotations

import re
from typing import Any

import pytest

from modelhub.testing import play_fixtures
from modelhub.testing.conformance import WrapperConformance
from modelhub.testing.conformance.contract import Contract
from modelhub.testing.conformance.resources import Resources

from .protocols.base import FOLDER, list_protocols
from .protocols.recording import find_folder, read_config, record, write_recording

PROTOCOLS = list_protocols()
WHOLE = {"envelope", "jobs", "oauth", "pictures", "vectors"}  # of each kind one
SHARED = {name: None for part in (Contract, Resources) for name in vars(part) if name.startswith("test_")}
SHARED |= {"test_errors_by_status": None}  # what a config says of errors is in its recordings
CANNOT = re.compile(r"^# cannot (\w+): \S.*$", re.M)


def build_suite(name: str) -> Any:
    """The suite of a protocol; what it cannot do is said, with the reason, in comments of its config.

    What the class does for all protocols alike is asked of one of each kind.
    """
    config = (FOLDER / name / "config.yaml").read_text("utf-8")
    suite = {"config": read_config(name), "recordings": find_folder(name), "cannot": set(CANNOT.findall(config))}
    shared = {} if name in WHOLE else SHARED
    return type(f"Test_{name}", (WrapperConformance,), {**shared, **suite, "__module__": __name__})


globals().update({f"Test_{name}": build_suite(name) for name in PROTOCOLS})


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_recordings_are_what_the_server_says(name: str) -> None:
    """None was written by hand; scripts/record_protocols writes them anew."""
    recorded = dict(record(name))
    written = {f"{call}.json": write_recording(recording) for call, recording in recorded.items()}
    assert {path.name: path.read_text("utf-8") for path in find_folder(name).iterdir()} == written
    for call, recording in recorded.items():
        assert ("error" in recording["expect"]) is ("error" in call), call


@pytest.mark.parametrize("name", PROTOCOLS)
def test_the_recordings_are_played_without_a_key(name: str) -> None:
    played = play_fixtures(FOLDER / name / "config.yaml", find_folder(name))
    assert played
    assert [each for each in played if each.misses] == []
