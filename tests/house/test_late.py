"""What is imported when it is first used: modules, and the names of rooms."""

from __future__ import annotations

import sys

import pytest

from modelhub import media
from modelhub.late import late


def test_a_module_is_imported_when_it_is_first_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    module = late("colorsys")
    assert "colorsys" not in sys.modules
    assert module.rgb_to_hsv(0, 0, 0) == (0, 0, 0)
    assert vars(module)["rgb_to_hsv"] is sys.modules["colorsys"].rgb_to_hsv


def test_a_module_that_does_not_exist_is_missed_when_it_is_used() -> None:
    module = late("modelhub.nowhere")
    assert repr(module) == "<module 'modelhub.nowhere', imported when it is first used>"
    with pytest.raises(ModuleNotFoundError):
        _ = module.name


def test_a_room_names_what_it_does_not_have() -> None:
    with pytest.raises(AttributeError, match=r"module 'modelhub\.media' has no attribute 'nothing'"):
        media.nothing  # type: ignore[attr-defined]  # noqa: B018  # pyright: ignore
