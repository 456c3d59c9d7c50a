"""Entry points are read from their files as importlib.metadata reads them; what is not plain is left to it."""

from __future__ import annotations

import sys
import zipfile
from importlib.machinery import PathFinder
from importlib.metadata import EntryPoint as Slow
from importlib.metadata import MetadataPathFinder, entry_points
from pathlib import Path

import pytest

from modelhub.plugins import declared
from modelhub.plugins.declared import EntryPoint, NotPlain, read_declared
from modelhub.plugins.entry_points import find_entry_points

GROUP = "modelhub.odd"
METADATA = "Metadata-Version: 2.1\nName: Odd.Name\nVersion: 1.5\nSummary: : odd\n\nName: other\n"
POINTS = f"[console_scripts]\nx = y:z\n\n[{GROUP}]\n# a comment\none = odd:One\n two=odd.deep : Two.inner [extra]\n"
VALUES = ["odd", "odd:One", "odd.deep : One.two", "odd:One [a, b]", "odd:", ":One", "", "no module", "odd:One junk"]


def lay_out(folder: Path, name: str, **files: str) -> None:
    info = folder / name
    info.mkdir(parents=True)
    for file, text in files.items():
        (info / file.replace("__", ".")).write_text(text, "utf-8")


def ask_importlib() -> list[tuple[str, str, str, str]]:
    return sorted((each.name, each.value, each.dist.name, each.dist.version) for each in entry_points(group=GROUP))  # type: ignore[union-attr]


def ask() -> list[tuple[str, str, str, str]]:
    return sorted((each.name, each.value, *facts) for each, facts in find_entry_points(GROUP))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    own = [str(tmp_path / name) for name in ("first", "gone", "second")]
    monkeypatch.setattr(sys, "path", [*own, *(path for path in sys.path if not path.endswith("-packages"))])
    # Where importlib_metadata is loaded, it has put its own finder in the place of Python's.
    monkeypatch.setattr(PathFinder, "find_distributions", MetadataPathFinder().find_distributions, raising=False)
    others = [each for each in sys.meta_path if each is not PathFinder and hasattr(each, "find_distributions")]
    monkeypatch.setattr(sys, "meta_path", [each for each in sys.meta_path if each not in others])
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    return tmp_path


def test_plain_installs_need_no_importlib(folder: Path) -> None:
    lay_out(folder / "first", "odd_name-1.5.dist-info", METADATA=METADATA, entry_points__txt=POINTS)
    lay_out(folder / "second", "Odd.Name-0.9.dist-info", METADATA=METADATA, entry_points__txt=POINTS)
    lay_out(folder / "second", "old-2.egg-info", PKG_INFO="", entry_points__txt=f"[{GROUP}]\nthree = old:Three\n")
    (folder / "second" / "old-2.egg-info" / "PKG-INFO").write_text("Name: old\nVersion: 2\n")
    lay_out(folder / "second", "other-3.dist-info", METADATA=METADATA)
    (folder / "second" / "single-4.egg-info").write_text("Name: single\nVersion: 4\n")
    assert [point for point, _ in read_declared(GROUP)] == [
        EntryPoint("one", "odd:One", GROUP),
        EntryPoint("two", "odd.deep : Two.inner [extra]", GROUP),
        EntryPoint("three", "old:Three", GROUP),
    ]
    assert ask() == ask_importlib()


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ({"entry_points__txt": POINTS}, ["one", "two"]),
        ({"METADATA": "Name: odd-name\n", "entry_points__txt": POINTS}, ["one", "two"]),
        ({"METADATA": METADATA, "entry_points__txt": f"[{GROUP}]\none = odd:One\nbad line\n"}, []),
    ],
    ids=["no metadata", "no version", "no equals sign"],
)
def test_what_is_not_plain_is_left_to_importlib(folder: Path, files: dict[str, str], names: list[str]) -> None:
    lay_out(folder / "first", "odd_name-1.5.dist-info", **files)
    with pytest.raises(NotPlain):
        read_declared(GROUP)
    assert [point.name for point, _ in find_entry_points(GROUP)] == names


def test_packages_in_a_zip_file(folder: Path) -> None:
    path = folder / "odd.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("odd_name-1.5.dist-info/METADATA", METADATA)
        file.writestr("odd_name-1.5.dist-info/entry_points.txt", POINTS)
    sys.path.append(str(path))
    with pytest.raises(NotPlain):
        read_declared(GROUP)
    assert ask() == ask_importlib() != []


def test_other_finders_of_distributions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder:
        @staticmethod
        def find_spec(*given: object) -> None:
            return None

        @staticmethod
        def find_distributions(*given: object) -> list[object]:
            return []

    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder])
    with pytest.raises(NotPlain):
        read_declared(GROUP)


@pytest.mark.parametrize("value", VALUES)
def test_values_are_read_alike(value: str) -> None:
    ours, theirs = EntryPoint("x", value, GROUP), Slow("x", value, GROUP)
    assert declared._VALUE.pattern == Slow.pattern.pattern
    if theirs.pattern.match(value) is None:
        assert ours.match is None
        with pytest.raises(ValueError, match="no 'module:name'"):
            ours.load()
    else:
        assert (ours.module, ours.attr) == (theirs.module, theirs.attr)


def test_loading() -> None:
    assert EntryPoint("x", "collections:Counter.fromkeys", GROUP).load().__name__ == "fromkeys"
    assert EntryPoint("x", "collections.abc", GROUP).load() is sys.modules["collections.abc"]
