"""A folder is read with all that is below it, each file once, and what is not read there is said."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from modelhub.configs import Loaded, load


def write(path: Path) -> Path:
    """Write a config that is called as its file is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"config_name: {path.stem}\n")
    return path


def names(loaded: Loaded) -> list[str]:
    return [entry.config["config_name"] for entry in loaded.entries]


def test_files_come_before_the_folders_beside_them(tmp_path: Path) -> None:
    for name in ("z.yaml", "a/b/deep.yml", "a/c.yaml", "a.yaml", "f.yaml/inside.yaml", "x/node_modules/no.yaml"):
        write(tmp_path / name)
    for name in (".hidden.yaml", ".git/config.yaml", "a/.later/no.yaml", "a/__pycache__/no.yaml"):
        write(tmp_path / name)
    loaded = load(tmp_path)
    assert names(loaded) == ["a", "z", "c", "deep", "inside"]
    assert not loaded.problems
    assert loaded.files[3] == f"{tmp_path}/a/b/deep.yml"


def test_as_kubernetes_mounts_them(tmp_path: Path) -> None:
    write(tmp_path / "..2026_11" / "m.yaml")
    write(tmp_path / "..2026_11" / "team" / "t.yaml")
    (tmp_path / "..data").symlink_to("..2026_11")
    (tmp_path / "m.yaml").symlink_to("..data/m.yaml")
    (tmp_path / "team").symlink_to("..data/team")
    loaded = load(tmp_path)
    assert (names(loaded), loaded.problems) == (["m", "t"], [])


def make_other_names(file: Path) -> dict[str, Path]:
    """Ways to name ``file``, which is in a folder ``conf``."""
    folder = file.parent
    root = folder.parent
    (root / "link.yaml").symlink_to(file)
    (root / "link.yml").symlink_to("link.yaml")
    (root / "hard.yaml").hardlink_to(file)
    (root / "linked").symlink_to(folder)
    return {
        "itself": file,
        "dotted": root / "conf" / ".." / "conf" / file.name,
        "link": root / "link.yaml",
        "link to a link": root / "link.yml",
        "hard link": root / "hard.yaml",
        "its folder": folder,
        "a folder above": root,
        "a link to its folder": root / "linked",
        "through a link": root / "linked" / file.name,
    }


@pytest.mark.parametrize("first", [True, False])
def test_a_file_with_two_names_is_one(tmp_path: Path, first: bool) -> None:
    file = write(tmp_path / "conf" / "m.yaml")
    for name, other in make_other_names(file).items():
        loaded = load([file, other] if first else [other, file])
        assert (names(loaded), loaded.problems) == (["m"], []), name
    assert names(load([str(file), f"{tmp_path}/./conf//m.yaml"])) == ["m"]


def test_links_in_a_circle(tmp_path: Path) -> None:
    write(tmp_path / "a" / "m.yaml")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "a" / "here").symlink_to(".")
    loaded = load(tmp_path)
    assert (names(loaded), loaded.problems) == (["m"], [])


def test_very_deep(tmp_path: Path) -> None:
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(300):
            Path("d").mkdir()
            os.chdir("d")
        Path("m.yaml").write_text("config_name: m\n")
    finally:
        os.chdir(here)
    assert names(load(tmp_path)) == ["m"]


def test_what_is_not_read_is_said(tmp_path: Path) -> None:
    write(tmp_path / "m.yaml")
    for name in ("a.ndjson", "b.JSON5", "sub/c.yaml.txt", "d.jsonl"):
        write(tmp_path / name)
    for name in ("notes.txt", "m.yaml.bak", "readme.md", "m.py"):
        (tmp_path / name).touch()
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    loaded = load(tmp_path)
    assert names(loaded) == ["m"]
    assert {problem.severity for problem in loaded.problems} == {"warning"}
    said = {Path(problem.file or "").name: str(problem) for problem in loaded.problems}
    assert sorted(said) == ["a.ndjson", "b.JSON5", "c.yaml.txt", "d.jsonl", "gone"]
    assert "not read: the suffix '.ndjson' is not known; the accepted ones are .json" in said["a.ndjson"]
    assert "leads to nothing" in said["gone"]


def test_a_folder_without_configs_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write(tmp_path / "sub" / "m.json5")
    [problem] = load(tmp_path).problems
    assert problem.severity == "error"
    assert f"{tmp_path}/sub/m.json5: the file is not read" in (problem.hint or "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_below_that_may_not_be_read(tmp_path: Path) -> None:
    write(tmp_path / "m.yaml")
    closed = tmp_path / "lost+found"
    closed.mkdir(mode=0)
    try:
        loaded = load(tmp_path)
    finally:
        closed.chmod(stat.S_IRWXU)
    assert names(loaded) == ["m"]
    assert [problem.severity for problem in loaded.problems] == ["warning"]


def test_what_a_folder_includes_is_read_once(tmp_path: Path) -> None:
    write(tmp_path / "base" / "b.yaml")
    write(tmp_path / "parts" / "p.yaml")
    (tmp_path / "m.yaml").write_text("include: [base, 'parts/*.yaml']\ndefaults: {all: {timeout: 3}}\n")
    loaded = load(tmp_path)
    assert [(each.config["config_name"], each.config["timeout"]) for each in loaded.entries] == [("b", 3), ("p", 3)]
    assert not loaded.problems


def test_recorded_exchanges_beside_configs_are_none(tmp_path: Path) -> None:
    write(tmp_path / "m.yaml")
    (tmp_path / "fixtures").mkdir()
    (tmp_path / "fixtures" / "chat.json").write_text('{"config": "m", "request": {"input": "Hi"}, "replies": []}')
    (tmp_path / "n.json").write_text('{"config_name": "n", "request": {"body": {}}, "replies": []}')
    loaded = load(tmp_path)
    assert (names(loaded), loaded.problems) == (["m", "n"], [])
