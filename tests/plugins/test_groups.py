"""A group of plugins by itself: what is found, who keeps a name, what is put aside, and what is imported for it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelhub.errors import PluginError
from modelhub.plugins import PluginGroup, subclass_of
from modelhub.plugins.hooks import InstalledHooks

HOOK = """
from modelhub.hooks import hookimpl

@hookimpl
def resolve_secret(scheme, name):
    return "{0}" if scheme == "odd" else None
"""
# Two packages that both declare what a group is about.
PACKAGES = {
    "odd-b": {"one": "odd_b:One", "two": "odd_b:Two", "mine": "odd_b:One"},
    "odd-a": {"one": "odd_a:One", "three": "odd_a:Three"},
}
CODE = "class One(dict): ...\nclass Two: ...\n"
Declare = Callable[[str, dict[str, dict[str, str]]], None]


@pytest.fixture
def declare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Declare]:
    """Lays out distributions with entry points of a group."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def declare(group: str, packages: dict[str, dict[str, str]]) -> None:
        for name, points in packages.items():
            info = tmp_path / f"{name.replace('-', '_')}-1.dist-info"
            info.mkdir(exist_ok=True)
            lines = [f"{key} = {value}\n" for key, value in points.items()]
            (info / "entry_points.txt").write_text(f"[{group}]\n{''.join(lines)}", "utf-8")
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n", "utf-8")

    yield declare
    for name in set(sys.modules) - before:
        if name.startswith("odd"):
            del sys.modules[name]


@pytest.fixture
def group(declare: Declare, tmp_path: Path) -> PluginGroup[type]:
    declare("modelhub.odd", PACKAGES)
    for name in ("odd_a.py", "odd_b.py"):
        (tmp_path / name).write_text(CODE, "utf-8")
    return build_group()


def build_group(**options: Any) -> PluginGroup[type]:
    built_in = {"mine": "modelhub.errors:Problem", "ours": "collections:OrderedDict"}
    return PluginGroup("modelhub.odd", "oddity", subclass_of("builtins.dict"), built_in=built_in, **options)


def test_names_go_to_ours_then_to_the_first_package_by_name(group: PluginGroup[type]) -> None:
    owners = {name: plugin.origin for name, plugin in group.by_name.items()}
    assert owners == {
        "mine": "modelhub-registry",
        "ours": "modelhub-registry",
        "one": "odd-a 1",
        "three": "odd-a 1",
        "two": "odd-b 1",
    }
    assert {str(plugin): plugin.reason for plugin in group.quarantined} == {
        "mine (odd-b 1, odd_b:One)": "its name is taken by modelhub-registry",
        "one (odd-b 1, odd_b:One)": "its name is taken by odd-a 1",
    }
    assert not [name for name in sys.modules if name.startswith("odd_")]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("two", "oddity two (odd-b 1, odd_b:Two) cannot be used: it is no subclass of builtins.dict"),
        ("three", "oddity three (odd-a 1, odd_a:Three) cannot be used: importing it raised AttributeError: "),
        ("mine", "oddity mine (modelhub-registry, modelhub.errors:Problem) cannot be used: it is no subclass of"),
        ("four", "no installed oddity has the name 'four'"),
    ],
)
def test_what_cannot_be_loaded_says_why_each_time(group: PluginGroup[type], name: str, said: str) -> None:
    for _ in range(2):
        with pytest.raises(PluginError) as caught:
            group.load(name)
        assert str(caught.value).startswith(said)
    assert group.load("one").__module__ == "odd_a"
    assert (name in group) is (name != "four")


def test_one_is_loaded_at_a_time(group: PluginGroup[type]) -> None:
    assert group.load("one") is group.load("one")
    assert "odd_a" in sys.modules and "odd_b" not in sys.modules
    group.load_all()
    assert {plugin.name for plugin in group.plugins if plugin.reason is None} == {"one", "ours"}


def test_for_ours_nothing_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelhub.plugins.group.find_entry_points", lambda group: pytest.fail("it searched"))
    assert "ours" in build_group()
    assert build_group().load("ours").__name__ == "OrderedDict"


@pytest.mark.parametrize(
    ("name", "origin"),
    [
        ("odd-a:one", "odd-a 1"),
        ("odd-b:one", "odd-b 1"),
        ("ODD_B:one", "odd-b 1"),
        ("odd-b:mine", "odd-b 1"),
        ("modelhub-registry:mine", "modelhub-registry"),
        ("odd-b:two", "odd-b 1"),
        ("odd-b:three", None),
        ("odd-c:one", None),
        (":one", None),
        ("one:", None),
    ],
)
def test_a_distribution_before_the_name_chooses(group: PluginGroup[type], name: str, origin: str | None) -> None:
    plugin = group.find(name)
    assert (plugin and plugin.origin) == origin
    assert (name in group) is (origin is not None)


def test_contested_names_are_known(group: PluginGroup[type], tmp_path: Path) -> None:
    assert group.load("odd-b:one").__module__ == "odd_b"
    assert group.load("one").__module__ == "odd_a"
    rivals = {name: [plugin.origin for plugin in group.find_rivals(name)] for name in group.by_name}
    contested = {"one": ["odd-a 1", "odd-b 1"], "mine": ["modelhub-registry", "odd-b 1"]}
    assert {name: origins for name, origins in rivals.items() if origins} == contested
    assert {"one", "odd-a:one", "odd-b:one", "odd-b:mine", "two"} <= set(group.list_names())
    assert "odd-b:two" not in group.list_names()


def test_what_is_gone_has_no_claim(group: PluginGroup[type], tmp_path: Path) -> None:
    (tmp_path / "odd_a.py").unlink()
    importlib.invalidate_caches()
    fresh = build_group()
    assert fresh.by_name["one"].origin == "odd-b 1"
    assert fresh.find_rivals("one") == []
    assert fresh.load("one").__module__ == "odd_b"


@pytest.mark.parametrize("text", [b"[modelhub.odd]\nbad line\n", b"\xff\xfe\x00", b"[modelhub.odd\nx=", b""])
def test_a_garbled_package_hides_no_other(group: PluginGroup[type], tmp_path: Path, text: bytes) -> None:
    info = tmp_path / "odd_0-1.dist-info"
    info.mkdir()
    (info / "entry_points.txt").write_bytes(text)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-0\nVersion: 1\n", "utf-8")
    importlib.invalidate_caches()
    assert set(build_group().by_name) >= {"mine", "ours", "one", "two", "three"}


def test_shared_names_are_for_everybody(group: PluginGroup[type]) -> None:
    shared = build_group(shared=True)
    assert [plugin.origin for plugin in shared.plugins if plugin.name == "one"] == ["odd-a 1", "odd-b 1"]
    assert shared.quarantined == []


def test_what_is_installed_meanwhile_is_seen_once_the_group_forgets(group: PluginGroup[type], declare: Declare) -> None:
    assert "late" not in group
    with pytest.raises(PluginError):
        group.load("mine")
    declare("modelhub.odd", {"odd-c": {"late": "collections:Counter"}})
    assert "late" not in group
    group.forget()
    assert group.load("late").__name__ == "Counter"
    assert group.quarantined and all(plugin.loaded is None for plugin in group.plugins if plugin.name != "late")


def test_the_first_package_by_name_is_asked_for_a_secret(declare: Declare, tmp_path: Path) -> None:
    points = {"odd-b": {"vault": "odd_b"}, "odd-a": {"vault": "odd_a", "again": "odd_a"}}
    declare("modelhub", points)
    for name in ("odd_a", "odd_b"):
        (tmp_path / f"{name}.py").write_text(HOOK.format(name), "utf-8")
    hooks = InstalledHooks()
    assert hooks.manager.hook.resolve_secret(scheme="odd", name="x") == "odd_a"
    assert hooks.manager is hooks.manager
    assert {hooks.describe(plugin) for plugin in hooks.plugins} == {"hooks: resolve_secret"}
    assert hooks.quarantined == []
    declare("modelhub", {**points, "odd-a": {}})
    hooks.forget()
    assert hooks.manager.hook.resolve_secret(scheme="odd", name="x") == "odd_b"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (HOOK.replace("scheme, name", "scheme, colour"), "PluginValidationError: .*'colour'"),
        (HOOK.replace("resolve_secret", "resolve_secrets"), "there is no hook 'resolve_secrets'; the hooks are: "),
        ("x = 1", "it implements no hook: mark a function with "),
        ("raise SystemExit(3)", "importing it raised SystemExit: 3"),
    ],
)
def test_a_package_without_a_right_hook_is_put_aside(declare: Declare, tmp_path: Path, code: str, reason: str) -> None:
    declare("modelhub", {"odd-a": {"vault": "odd_a"}})
    (tmp_path / "odd_a.py").write_text(code, "utf-8")
    hooks = InstalledHooks()
    assert hooks.manager.hook.resolve_secret(scheme="odd", name="x") is None
    with pytest.raises(PluginError, match=rf"plugin vault \(odd-a 1, odd_a\) cannot be used: {reason}"):
        hooks.load("vault")
